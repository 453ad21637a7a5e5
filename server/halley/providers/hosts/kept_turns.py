"""What a refusal says of notes: of what was sent back with a host's own turns (`wires/attached.py`).

unknown    the host does not take what it sent itself: never again
invalid    they are of another account, have expired or were cut: not in this request
missing    a turn that another model wrote has none, and the host wants some
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from halley.core.errors import RequestRefused
from halley.providers.refusals.words import REFUSED_PARAMETER

NOTES = (
    "reasoning_content", "reasoning", "reasoning_details", "extra_content", "provider_specific_fields",
    "thinking_blocks", "thought_signature",
)  # fmt: skip
"""Fields by which hosts attach something to their own turns."""
THINKING_BLOCKS = ("thinking", "redacted_thinking")
PLAIN: Mapping[str, tuple[str, ...]] = {
    "message": ("type", "id", "role", "status", "content"),
    "function_call": ("type", "id", "call_id", "name", "arguments", "status"),
    "function_call_output": ("type", "id", "call_id", "output", "status"),
}
"""Fields of items of `/responses` that are ours to fill."""

Lesson = Literal["unknown", "invalid", "no signature", "no thinking", "thinking is on"]

_MISSING_SIGNATURE = re.compile(r"missing [^.]{0,20}thought_?signature|thought_?signature[^.]{0,30} missing")
_MISSING_THINKING = re.compile(
    r"missing [^.]{0,20}reasoning_content|reasoning_content[^.]{0,60}(missing|must be (passed|provided|sent)|required)"
)
_THINKING_IS_ON = re.compile(r"expected [`'\"]?(redacted_)?thinking|must start with a thinking block")
_NOTE = (
    r"(encrypted[ _]content|thought[ _]?signature|thinking[ _]signature|[`'\"]signature[`'\"]|signature (in|of|for)"
    r"|thinking[`'\"]? (or [`'\"]?redacted_thinking[`'\"]? )?blocks?"
    r"|[`'\"]rs_\w+|type [`'\"]reasoning[`'\"]|reasoning items?)"
)
_BAD = (
    r"(could not be|cannot be|can't be|unable to|invalid|not valid|not a valid|corrupt|mismatch|not match|expired"
    r"|malformed|not found|without its required|tampered)"
)
_INVALID = re.compile(rf"{_NOTE}.{{0,100}}{_BAD}|{_BAD}[^.]{{0,40}}{_NOTE}")
_TAG = re.compile(r"input tag|discriminator|invalid value|unknown (block|content|item)? ?type")


def lesson_of(error: RequestRefused, said: str, body: Mapping[str, Any]) -> Lesson | None:
    """`said` is all that the refusal tells; None where it is about something else."""
    words = said.lower()
    if _MISSING_SIGNATURE.search(words):
        return "no signature"
    if _MISSING_THINKING.search(words):
        return "no thinking"
    if _THINKING_IS_ON.search(words) and "thinking" in body:
        return "thinking is on"
    sent = set(_sent(body))
    if not sent:
        return None
    refused = REFUSED_PARAMETER.search(words) or _TAG.search(words)
    names_other = error.parameter in body and error.parameter not in ("messages", "input")
    if refused and not names_other and any(_is_named(name, said) for name in sent):
        return "unknown"
    return "invalid" if _INVALID.search(words) else None


def _is_named(name: str, said: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said) is not None


def _sent(body: Mapping[str, Any]) -> Iterator[str]:
    """Names of fields, blocks and items that only a note can have brought into the body."""
    for message in body.get("messages") or ():
        yield from (name for name in message if name in NOTES)
        for call in message.get("tool_calls") or ():
            yield from (name for name in call if name in NOTES)
        content = message.get("content")
        for block in content if isinstance(content, list) else ():
            if block.get("type") in THINKING_BLOCKS:
                yield block["type"]
    for item in body.get("input") or () if isinstance(body.get("input"), list) else ():
        kind = item.get("type", "")
        if kind not in PLAIN:
            yield kind
        yield from (name for name in item if name not in PLAIN.get(kind, ("type", "id")))
