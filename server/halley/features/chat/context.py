"""What was actually sent for a reply, message by message, with its tokens: `halley/chat/context`."""

from __future__ import annotations

from halley.core.calls import Message, Prompt
from halley.core.errors import InvalidInput
from halley.core.models import ModelRef
from halley.engine.guards.secrecy import redact_prompt
from halley.engine.prompting.conversation import build_conversation
from halley.engine.prompting.tool_text import with_rules
from halley.features.chat.blind import is_blind
from halley.features.chat.desk import ChatDesk, Json
from halley.features.chat.messages import to_turn, tokens_of
from halley.features.chat.pictures import sees_pictures
from halley.stores.chats.values import Chat, Reply, Turn

_EVERYTHING = 1 << 40


async def sent_context(desk: ChatDesk, chat_id: str, turn_id: str, reply_id: str | None = None) -> Json:
    """Raises InvalidInput for a turn or reply that is not there, and for one nothing is known of."""
    chat = await desk.store.get(chat_id)
    turn, reply = _find(chat, turn_id, reply_id)
    if not reply.sent:
        raise InvalidInput(
            "The messages sent for this reply were not saved.", "It was imported, or a macro made it."
        )
    messages = _messages(desk, chat, turn, reply)
    return {
        "replyId": reply.id,
        "model": "" if is_blind(turn) else reply.model,
        "tokens": sum(tokens_of(message) for message in messages),
        "window": None if is_blind(turn) else reply.sent.get("window"),
        "leftOut": reply.sent.get("leftOut", 0),
        "summary": bool(reply.sent.get("summary")),
        "messages": [
            {
                "role": message.role,
                "text": message.text,
                "tokens": tokens_of(message),
                "images": sum(not isinstance(part, str) for part in message.parts),
            }
            for message in messages
        ],
    }


def _find(chat: Chat, turn_id: str, reply_id: str | None) -> tuple[Turn, Reply]:
    for turn in chat.turns:
        for reply in reversed(turn.replies):
            if turn.id == turn_id and reply_id in (None, reply.id):
                return turn, reply
    raise InvalidInput("There is no such turn or reply in the chat.", "List the chat again.")


def _messages(desk: ChatDesk, chat: Chat, asked: Turn, reply: Reply) -> tuple[Message, ...]:
    """Built again from what it was made of, keys taken out as they were."""
    sees = sees_pictures(desk, ModelRef.parse(reply.model))
    by_position = {turn.position: turn for turn in chat.turns}
    turns = []
    for position, answered in reply.sent.get("turns", []):
        stored = by_position.get(position)
        if stored is None:
            continue
        turn = to_turn(desk, stored, with_reply=False, pictures=sees)
        text = stored.replies[answered].text if 0 <= answered < len(stored.replies) else ""
        turns.append(type(turn)(turn.prompt, text, turn.attachments, turn.images))
    said = str(reply.sent.get("system", ""))
    turns.append(to_turn(desk, asked, with_reply=False, pictures=sees))
    messages, _ = build_conversation(said, turns, _EVERYTHING)
    if rules := str(reply.sent.get("rules", "")):
        messages = with_rules(messages, rules)
    messages = (*messages, *_calls(reply))
    prompt, _ = redact_prompt(Prompt(messages))
    assert isinstance(prompt, Prompt)
    return prompt.messages


def _calls(reply: Reply) -> list[Message]:
    """The tools it called, and what went back to it."""
    found: list[Message] = []
    for use in reply.tool_uses:
        found += [
            Message("assistant", (f"{use.name} {use.arguments}",)),
            Message("tool", (use.result or f"({use.state})",)),
        ]
    return found
