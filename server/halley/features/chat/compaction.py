"""Long chats: older turns are summarised before the model's limit is reached, visibly and without losing them.

The summary is a mark in the chat (`compact`): what was before it stays in the history and is sent as the summary.
"""

from __future__ import annotations

from halley.core.calls import Priority, Prompt
from halley.core.errors import HalleyError, InvalidInput
from halley.core.models import ModelRef
from halley.engine.prompting.conversation import render_transcript, turns_to_sum_up
from halley.engine.prompting.templates import render_messages
from halley.features.ask import ask
from halley.features.chat.desk import ChatDesk, Emit
from halley.features.chat.messages import budget_of, instructions_of, to_turn, turns_through
from halley.stores.chats.values import Chat
from halley.stores.chats.values import Turn as StoredTurn


async def compact(desk: ChatDesk, chat_id: str) -> int:
    """Sums up all of a chat so far; how many turns that were. Raises InvalidInput when there is nothing to sum up."""
    chat = await desk.store.get(chat_id)
    turns = [turn for turn in chat.current_turns if turn.replies]
    if not turns:
        raise InvalidInput(
            "There is nothing to summarise.", "A chat can be summarised after its first reply."
        )
    await desk.store.mark(chat_id, "compact", await sum_up(desk, chat, turns), after=turns[-1].id)
    return len(turns)


async def compact_if_needed(
    desk: ChatDesk, chat: Chat, models: list[ModelRef], through: str, emit: Emit
) -> tuple[Chat, str]:
    """The chat as it is to be sent, and a notice if older turns were summarised for it.

    If no summary is available, nothing changes: turns that do not fit are left out, with a notice.
    """
    stored = turns_through(chat, through)
    if len(stored) == 1:  # the turn that is asked is never summarised
        return chat, ""
    turns = [to_turn(desk, turn, with_reply=turn.id != through) for turn in stored]
    budget = min(budget_of(desk, model) for model in models)
    count = turns_to_sum_up(turns, instructions_of(desk, chat), budget)
    if not count:
        return chat, ""
    emit({"type": "notice", "replyId": "", "text": f"Summarising {_turns(count)} that no longer fit …"})
    try:
        summary = await sum_up(desk, chat, stored[:count])
    except HalleyError:
        return chat, ""
    await desk.store.mark(chat.id, "compact", summary, after=stored[count - 1].id)
    return await desk.store.get(
        chat.id
    ), f"{_turns(count).capitalize()} were summarised to fit the model's context."


async def sum_up(desk: ChatDesk, chat: Chat, stored: list[StoredTurn]) -> str:
    """A summary by the model of the `fast` role. Raises the errors of `core.errors`."""
    fast = (await desk.around.line.route_of("fast"))[0]
    turns = [to_turn(desk, turn, with_reply=True, pictures=False) for turn in stored]
    transcript = render_transcript(turns, int(budget_of(desk, fast) * 0.8), chat.summary)
    messages = render_messages(desk.around.template_of("compact"), {"transcript": transcript})
    prompt = Prompt(messages, max_tokens=1500)
    reply = await ask(desk.around.line, prompt, feature="compact", role="fast", priority=Priority.CHAT)
    return reply.text.strip()


def _turns(count: int) -> str:
    return f"{count} earlier turns" if count > 1 else "one earlier turn"
