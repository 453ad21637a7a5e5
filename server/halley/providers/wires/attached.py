"""What a host attaches to its own turn and wants back with it: collected from a reply, put into the next request.

Gemini signs its calls, DeepSeek and OpenRouter want their thinking back, Claude its thinking blocks, OpenAI its
reasoning items; without them the next round of a tool loop is refused. It is opaque here: kept as it came, in the form
of the wire it came by, and given only to the model that wrote it (`own_notes`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from halley.core.calls import Message, Prompt
from halley.core.models import HostNotes, ModelRef
from halley.providers.hosts.learning import NOTES, Learned

ON_CALL = ("extra_content", "provider_specific_fields", "thought_signature")
THINKING = ("reasoning_content", "reasoning")
"""Plain thinking: wanted back with calls, refused by some hosts without."""


def own_notes(prompt: Prompt, model: ModelRef) -> Prompt:
    """The prompt, with notes on those messages only that this very model wrote."""
    if not any(message.notes for message in prompt.messages):
        return prompt
    kept = (m if m.notes and m.notes.model == model else replace(m, notes=None) for m in prompt.messages)
    return replace(prompt, messages=tuple(kept))


def with_notes(messages: tuple[Message, ...], learned: Learned) -> tuple[Message, ...]:
    """The messages as they are, or without notes where the host has refused them."""
    return tuple(replace(message, notes=None) for message in messages) if learned.no_notes else messages


class ChatNotes:
    """Collects from the pieces of a chat completion."""

    __slots__ = ("calls", "message")

    def __init__(self) -> None:
        self.message: dict[str, Any] = {}
        self.calls: dict[int, dict[str, Any]] = {}

    def see(self, delta: Mapping[str, Any]) -> None:
        for name in NOTES:
            if value := delta.get(name):
                self.message[name] = _joined(self.message.get(name), value)

    def see_call(self, number: int, call: Mapping[str, Any]) -> None:
        """`number`: which call of the reply it is a piece of."""
        function = call.get("function")
        for source in (call, function if isinstance(function, Mapping) else {}):
            for name in ON_CALL:
                if number >= 0 and (value := source.get(name)):
                    self.calls.setdefault(number, {})[name] = value

    def close(self) -> HostNotes | None:
        if not (self.message or self.calls):
            return None
        calls = {str(number): value for number, value in self.calls.items()}
        return HostNotes({"wire": "chat", "message": self.message, "calls": calls})


def add_chat_notes(said: dict[str, Any], message: Message) -> None:
    """Puts the notes of a message into its form for chat completions."""
    data = _data(message, "chat")
    for name, value in data.get("message", {}).items():
        if message.tool_calls or name not in THINKING:
            said[name] = value
    for number, call in enumerate(said.get("tool_calls", ())):
        call.update(data.get("calls", {}).get(str(number), {}))


class Blocks:
    """Collects the order of a reply's blocks or items, those that hold thinking whole; of a call, only its place."""

    __slots__ = ("_kind", "_wire", "parts")

    def __init__(self, wire: str, kind: str) -> None:
        self._wire, self._kind = wire, kind
        self.parts: dict[Any, dict[str, Any]] = {}

    def close(self) -> HostNotes | None:
        parts = list(self.parts.values())
        if not any(_is_thinking(part) for part in parts):
            return None
        return HostNotes({"wire": self._wire, self._kind: parts})


def in_order(message: Message, wire: str, kind: str, texts: list[Any], calls: list[Any]) -> list[Any]:
    """Texts and calls of a message among its thinking, in the order in which they came."""
    parts: list[dict[str, Any]] = _data(message, wire).get(kind, [])
    if not calls:  # the text stands for several rounds
        return [*(part for part in parts if _is_thinking(part)), *texts]
    out: list[Any] = []
    left, calls = list(texts), list(calls)
    for part in parts:
        if _is_thinking(part):
            out.append(part)
        elif part["type"] == "text":
            out, left = [*out, *left], []
        elif calls:
            out.append(calls.pop(0))
    at = next((n for n, part in enumerate(out) if not _is_thinking(part)), len(out))
    return [*out[:at], *left, *out[at:], *calls]


def _is_thinking(part: Mapping[str, Any]) -> bool:
    return part.get("type") in ("thinking", "redacted_thinking", "reasoning")


def _data(message: Message, wire: str) -> Mapping[str, Any]:
    notes = message.notes
    return notes.data if notes is not None and notes.data.get("wire") == wire else {}


def _joined(before: Any, value: Any) -> Any:
    """A field that streams: text adds up, entries of a list that belong together too."""
    if isinstance(before, str) and isinstance(value, str):
        return before + value
    if isinstance(before, dict) and isinstance(value, Mapping):
        return {**before, **value}
    if not isinstance(value, list):
        return value
    entries: list[Any] = list(before) if isinstance(before, list) else []
    for entry in value:
        last = entries[-1] if entries else None
        if isinstance(entry, Mapping) and isinstance(last, dict) and _continues(last, entry):
            entries[-1] = _with_piece(last, entry)
        else:
            entries.append(dict(entry) if isinstance(entry, Mapping) else entry)
    return entries


def _continues(last: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    return all(last.get(name) == entry.get(name) for name in ("type", "index")) and (
        not entry.get("id") or entry["id"] == last.get("id")
    )


def _with_piece(last: dict[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    joined = dict(last)
    for name, value in entry.items():
        adds = name in ("text", "summary", "data", "thinking") and isinstance(value, str)
        joined[name] = (
            (joined.get(name) or "") + value if adds else value if value is not None else last.get(name)
        )
    return joined
