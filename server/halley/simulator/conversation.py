"""What was asked, whichever wire it came by: one conversation; and what comes back: one answer.

The wires (`wires/`) read their own bodies into a `Conversation` and
write an `Answer` in their own words; `answers/` knows only these two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from halley.core.tokens import estimate_tokens

SIGNATURE = "*Simulated: this answer was computed by Halley's simulator, not by a model.*"
"""The line every answer meant for reading carries."""

FINGERPRINT = "halley-simulator"
"""`system_fingerprint`, where a visible line would land in the user's code."""

_PIECE = re.compile(r"\s*[^\W\d_]{1,8}|\s*\d{1,3}|\s*[\W_]|\s+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `images` are the pictures' own bytes or addresses."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    images: tuple[bytes | str, ...] = ()
    tool_call_id: str = ""


@dataclass(frozen=True, slots=True)
class OfferedTool:
    name: str
    description: str
    schema: str
    """Its parameters' JSON Schema, as JSON text."""


@dataclass(frozen=True, slots=True)
class Conversation:
    messages: tuple[Message, ...]
    tools: tuple[OfferedTool, ...] = ()
    tool_choice: str = "auto"
    """`auto`, `none`, `required`, or the name of one tool."""
    response_schema: str | None = None
    """JSON Schema the answer must follow (`{}` for "any JSON object")."""
    wants_picture: bool = False
    """The tool `image_generation` was offered."""

    @property
    def system(self) -> str:
        return "\n\n".join(m.text for m in self.messages if m.role == "system")

    @property
    def users(self) -> tuple[str, ...]:
        return tuple(m.text for m in self.messages if m.role == "user")

    @property
    def last(self) -> str:
        """What the user said last."""
        return self.users[-1] if self.users else ""

    @property
    def tokens(self) -> int:
        return sum(estimate_tokens(m.text) + 4 + 85 * len(m.images) for m in self.messages) + 3


@dataclass(frozen=True, slots=True)
class SaidToolCall:
    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `pieces` overrides how `text` is cut for streaming."""

    text: str
    reasoning: str = ""
    tool_calls: tuple[SaidToolCall, ...] = ()
    finish: str = "stop"
    """In the words of chat completions: `stop`, `length`, `tool_calls`, `content_filter`."""
    pieces: tuple[str, ...] | None = None
    images: tuple[bytes, ...] = ()
    """PNG files, from a model that paints while it talks."""

    @property
    def tokens(self) -> int:
        called = sum(len(split_pieces(call.arguments)) + 6 for call in self.tool_calls)
        return len(split_pieces(self.text)) + called + self.reasoning_tokens

    @property
    def reasoning_tokens(self) -> int:
        return len(split_pieces(self.reasoning))

    def cut(self, pieces_at_once: int) -> tuple[str, ...]:
        """The text as the pieces it streams in."""
        if self.pieces is not None:
            return self.pieces
        small, step = split_pieces(self.text), max(1, pieces_at_once)
        return tuple("".join(small[at : at + step]) for at in range(0, len(small), step))


@lru_cache(maxsize=1024)
def split_pieces(text: str) -> tuple[str, ...]:
    """The text in pieces about the size of a token; joined they are the text."""
    return tuple(_PIECE.findall(text))


def limit_answer(answer: Answer, max_tokens: int | None, stop: Iterable[str]) -> Answer:
    """The answer as a model's own limits leave it: up to a stop sequence, within `max_tokens`."""
    text, found = answer.text, [at for mark in stop if mark and (at := answer.text.find(mark)) >= 0]
    if found:
        text = text[: min(found)]
    if max_tokens is not None and answer.tokens > max_tokens and not answer.tool_calls:
        thought, said = split_pieces(answer.reasoning)[:max_tokens], split_pieces(text)
        room = max_tokens - len(thought)
        if len(said) > room:
            cut = "".join(said[:room])
            return replace(answer, text=cut, reasoning="".join(thought), finish="length", pieces=None)
    return answer if text == answer.text else replace(answer, text=text, pieces=None)
