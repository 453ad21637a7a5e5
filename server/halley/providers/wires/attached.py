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
from halley.providers.hosts.kept_turns import NOTES, THINKING_BLOCKS
from halley.providers.hosts.learning import Learned

ON_CALL = ("extra_content", "provider_specific_fields", "thought_signature")
THINKING = ("reasoning_content", "reasoning")
"""Plain thinking: wanted back with calls, refused by some hosts without."""
UNSIGNED = {"google": {"thought_signature": "skip_thought_signature_validator"}}
"""What Gemini takes with a call that it has not written (https://ai.google.dev/gemini-api/docs/thought-signatures)."""
UNTHOUGHT = " "
"""Thinking of a call that another model wrote, where a host wants some: empty text counts as missing there."""


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


def add_chat_notes(said: dict[str, Any], message: Message, learned: Learned) -> None:
    """Puts the notes of a message into its form for chat completions."""
    data = _data(message, "chat")
    for name, value in data.get("message", {}).items():
        if message.tool_calls or name not in THINKING:
            said[name] = value
    calls: list[dict[str, Any]] = said.get("tool_calls", [])
    for number, call in enumerate(calls):
        call.update(data.get("calls", {}).get(str(number), {}))
    if calls and learned.sign_calls and not any(_is_signed(call) for call in calls):
        calls[0]["extra_content"] = UNSIGNED
    if calls and learned.fill_thinking:
        said.setdefault("reasoning_content", UNTHOUGHT)


def _is_signed(call: Mapping[str, Any]) -> bool:
    return any(call.get(name) for name in ON_CALL)


class Blocks:
    """Collects the order of a reply's blocks or items, those that hold thinking whole; of a call, only its place."""

    __slots__ = ("_kind", "_wire", "parts")

    def __init__(self, wire: str, kind: str) -> None:
        self._wire, self._kind = wire, kind
        self.parts: dict[Any, dict[str, Any]] = {}

    def close(self) -> HostNotes | None:
        parts = list(self.parts.values())
        if not any(_is_opaque(part) or part.get("more") for part in parts):
            return None
        return HostNotes({"wire": self._wire, self._kind: parts})


def texts_of(message: Message, wire: str, kind: str) -> list[tuple[str, dict[str, Any]]]:
    """The text of a reply as the items it came in, each with what the host attached to it.

    Text that is no longer what came (several rounds, shortened) is one piece, with what belongs to the last.
    """
    text = message.text
    parts = [part for part in _data(message, wire).get(kind, ()) if part.get("type") == "text"]
    if sum(part.get("length", 0) for part in parts) != len(text):
        return [(text, parts[-1].get("more", {}) if parts else {})]
    pieces: list[tuple[str, dict[str, Any]]] = []
    at = 0
    for part in parts:
        pieces.append((text[at : at + part["length"]], part.get("more", {})))
        at += part["length"]
    return pieces


def in_order(message: Message, wire: str, kind: str, texts: list[Any], calls: list[Any]) -> list[Any]:
    """Texts and calls of a message among what only its host can read, in the order in which they came."""
    parts: list[dict[str, Any]] = _data(message, wire).get(kind, [])
    places = [part["type"] for part in parts if part["type"] in ("text", *CALLS) and part.get("length") != 0]
    if not calls and len(texts) != len(places):  # the text stands for several rounds
        return [*(part for part in parts if _is_opaque(part)), *texts]
    each = places.count("text") == len(texts)
    out: list[Any] = []
    left, calls = list(texts), list(calls)
    for part in parts:
        if _is_opaque(part):
            out.append(part)
        elif part["type"] in CALLS and calls:
            out.append(calls.pop(0) | part.get("more", {}))
        elif part["type"] == "text" and part.get("length") != 0:
            count = 1 if each else len(left)
            out, left = [*out, *left[:count]], left[count:]
    at = next((n for n, part in enumerate(out) if not _is_opaque(part)), len(out))
    return [*out[:at], *left, *out[at:], *calls]


CALLS = ("function_call", "tool_use")


def _is_opaque(part: Mapping[str, Any]) -> bool:
    """Thinking, and whatever else is encrypted."""
    return part.get("type") in (*THINKING_BLOCKS, "reasoning") or bool(part.get("encrypted_content"))


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
