"""An answer in OpenAI's harmony format, taken apart while it streams: the channel `final` is the answer, the others are
thinking.

    <|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…<|return|>
"""

from __future__ import annotations

import re

from halley.core.events import ReasoningDelta, Recalled, TextDelta
from halley.core.thoughts import ANSWER_CHANNEL, HARMONY_MARKS

Thought = TextDelta | ReasoningDelta | Recalled
"""What comes of a piece of text."""
_MARK = re.compile("|".join(map(re.escape, HARMONY_MARKS)), re.IGNORECASE)
_BEGUN = re.compile(r"<(?:\|[a-z]*\|?)?\Z", re.IGNORECASE)


class HarmonySplitter:
    """Feed it the pieces from the first mark on."""

    __slots__ = ("_channel", "_head", "_held", "_in_body", "_names_channel")

    def __init__(self) -> None:
        self._held = self._head = ""
        self._channel = ANSWER_CHANNEL
        self._in_body = self._names_channel = False

    def feed(self, piece: str) -> list[Thought]:
        text, self._held = self._held + piece, ""
        if begun := _BEGUN.search(text):
            text, self._held = text[: begun.start()], text[begun.start() :]
        out: list[Thought] = []
        at = 0
        for mark in _MARK.finditer(text):
            self._say(text[at : mark.start()], out)
            self._turn(mark[0].lower())
            at = mark.end()
        self._say(text[at:], out)
        return out

    def close(self) -> list[Thought]:
        out: list[Thought] = []
        held, self._held = self._held, ""
        self._say(held, out)
        return out

    def _say(self, text: str, out: list[Thought]) -> None:
        if not text:
            return
        if not self._in_body:
            self._head += text
        elif self._channel == ANSWER_CHANNEL:
            out.append(TextDelta(text))
        else:
            out.append(ReasoningDelta(text))

    def _turn(self, mark: str) -> None:
        """What follows a mark: a channel's name, its text, or the head of the next message."""
        if mark in ("<|message|>", "<|constrain|>") and self._names_channel and self._head.strip():
            self._channel = self._head.split()[0].lower()
        if mark == "<|start|>":
            self._channel = ANSWER_CHANNEL  # a message without a channel is the answer
        self._in_body = mark == "<|message|>"
        self._names_channel = mark == "<|channel|>"
        self._head = ""
