"""Events of a reply as the protocol has them."""

from __future__ import annotations

import base64
from typing import Any

from halley.core.events import (
    Begun,
    Checkpointed,
    Citation,
    Event,
    Finish,
    Image,
    Notice,
    Planned,
    ReasoningDelta,
    Recalled,
    Sound,
    Spent,
    TerminalOutput,
    TextDelta,
    ToolCallDelta,
    ToolCalled,
    ToolEnded,
    Vectors,
)
from halley.core.models import HostNotes
from halley.features.chat.shapes import usage_json

Json = dict[str, Any]
WAS_THINKING = "The text so far was the model's thinking; the answer follows."
"""Clients show it while they stream. The settled reply has the two apart."""


def event_json(reply: str, event: Event) -> Json:
    """An event as the protocol has it."""
    match event:
        case TextDelta(text):
            return {"type": "text", "replyId": reply, "delta": text}
        case ReasoningDelta(text):
            return {"type": "reasoning", "replyId": reply, "delta": text}
        case Recalled():
            return {"type": "notice", "replyId": reply, "text": WAS_THINKING, "model": None}
        case Notice(text, model):
            return {"type": "notice", "replyId": reply, "text": text, "model": str(model) if model else None}
        case Citation():
            return {"type": "citation", "replyId": reply, "url": event.url, "title": event.title}
        case Image(mime, data, url):
            shown = {"data": base64.b64encode(data).decode()} if data else {"url": url}
            return {"type": "image", "replyId": reply, "mime": mime} | shown
        case ToolCallDelta():
            return {
                "type": "toolCall",
                "replyId": reply,
                "index": event.index,
                "name": event.name,
                "delta": event.arguments,
            }
        case ToolCalled():
            return {
                "type": "toolCall",
                "replyId": reply,
                "callId": event.id,
                "server": event.server,
                "tool": event.tool,
                "title": event.title,
                "arguments": event.arguments,
                "readOnly": event.read_only,
                "state": event.state,
            } | {name: text for name, text in (("diff", event.diff), ("command", event.command)) if text}
        case TerminalOutput(call, text):
            return {"type": "terminal", "replyId": reply, "callId": call, "delta": text}
        case Checkpointed(id):
            return {"type": "checkpoint", "replyId": reply, "checkpoint": id}
        case Planned(steps):
            rows = [{"text": step, "state": state} for step, state in steps]
            return {"type": "plan", "replyId": reply, "steps": rows}
        case Spent(usage):
            return {"type": "cost", "replyId": reply, "usage": usage_json(usage, None)}
        case ToolEnded():
            return {
                "type": "toolResult",
                "replyId": reply,
                "callId": event.id,
                "state": event.state,
                "text": event.text,
            }
        case Finish() | Vectors() | Sound() | Begun() | HostNotes():  # of the last four nothing is shown
            return {"type": "usage", "replyId": reply}
