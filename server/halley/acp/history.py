"""A chat told again, for `session/load`: what was asked, thought, called and answered, in order."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from halley.acp.calls import call_of, fenced, text_content
from halley.acp.session import Session
from halley.acp.updates import chunk, message, plan_update, source_block
from halley.stores.chats.values import Chat, Reply, StoredImage, ToolUse, Turn

Json = dict[str, Any]


def replay(session: Session, chat: Chat) -> Iterator[Json]:
    """The updates, oldest first. Turns that were taken back are left out; those before a `/clear` are shown."""
    for turn in chat.turns:
        if not turn.undone:
            yield from _turn(session, turn)
    if plan := chat.agent.get("plan"):
        yield plan_update([{"text": text, "state": state} for text, state in plan])


def _turn(session: Session, turn: Turn) -> Iterator[Json]:
    yield chunk("user_message_chunk", turn.prompt)
    for image in turn.images:
        if block := _image(session, image):
            yield {"sessionUpdate": "user_message_chunk", "content": block}
    for reply in turn.replies:
        if len(turn.replies) > 1:
            yield message(f"\n\n## {reply.model}\n\n")
        yield from _reply(session, reply)


def _reply(session: Session, reply: Reply) -> Iterator[Json]:
    if reply.reasoning:
        yield chunk("agent_thought_chunk", reply.reasoning)
    at = 0
    for use in sorted(reply.tool_uses, key=lambda use: use.at):
        if text := reply.text[at : use.at]:
            yield message(text)
        at = max(at, use.at)
        yield _call(session, use)
    if text := reply.text[at:]:
        yield message(text)
    for image in reply.images:
        if block := _image(session, image):
            yield {"sessionUpdate": "agent_message_chunk", "content": block}
    for url, title in {one.url: one.title for one in reply.citations}.items():
        yield {"sessionUpdate": "agent_message_chunk", "content": source_block(url, title)}
    if reply.problem is not None:
        yield message(f"\n\n{reply.problem.message} {reply.problem.help}".rstrip())


def _call(session: Session, use: ToolUse) -> Json:
    event: Json = {
        "callId": use.id,
        "server": use.server,
        "tool": use.name,
        "title": use.title,
        "arguments": use.arguments,
        "state": use.state,
        "diff": use.diff,
        "command": use.command,
    }
    found = call_of(event, session.root) | {"rawOutput": use.result}
    if use.result and not use.diff:
        found["content"] = [text_content(fenced(use.result))]
    return {"sessionUpdate": "tool_call", **found}


def _image(session: Session, image: StoredImage) -> Json | None:
    data = session.shared.room.chats.load_image(image)
    if data is not None:
        return {"type": "image", "data": base64.b64encode(data).decode(), "mimeType": image.mime}
    return {"type": "resource_link", "uri": image.url, "name": "Picture"} if image.url else None
