"""Thinking folded into the answer's text, taken out again while it streams; a mark may be cut anywhere.

An opening tag counts only at the beginning of an answer: later it is text, for instance an answer about such tags. A
closing tag without one means that all before it was thinking, whose opening tag the host took away. What of that was
given out as text already is called back (`Recalled`); a model known to do so is read as thinking from the start.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Protocol

from halley.core.events import ReasoningDelta, Recalled, TextDelta
from halley.core.thoughts import CLOSINGS, HARMONY_STARTS, LEADING, OPENINGS
from halley.providers.stream.harmony import HarmonySplitter, Thought

_CLOSING = re.compile("|".join(map(re.escape, CLOSINGS)), re.IGNORECASE)
_OPENING = re.compile("|".join(map(re.escape, OPENINGS)), re.IGNORECASE)
_STARTS = (*OPENINGS, *LEADING, *HARMONY_STARTS)
_FIRSTS = frozenset({"", *(mark[0] for mark in _STARTS)})
LONGEST_TAG = max(map(len, OPENINGS))
_BEGUN = re.compile(r"(?:<(?:/[a-z:_]*|\|[a-z_]*\|?)?|\[(?:/[a-z]*)?|\u25c1(?:/[a-z]*)?)\Z", re.IGNORECASE)
"""What may be the beginning of a closing tag, at the end of a piece."""
_QUOTES = "\"'`“‘«("


class Habits(Protocol):
    """What is known of a model's answers, and learned from them."""

    opens_thinking: bool
    """They begin inside their thinking."""


def splitter_for(habits: Habits | None) -> ThinkSplitter:
    if habits is None:
        return ThinkSplitter()

    def learn() -> None:
        habits.opens_thinking = True

    return ThinkSplitter(habits.opens_thinking, learn)


def visible_length(length: int, pieces: Iterable[Thought]) -> int:
    """How much visible text there is, in code points, after these pieces."""
    for piece in pieces:
        if isinstance(piece, TextDelta):
            length += len(piece.text)
        elif isinstance(piece, Recalled):
            length -= piece.length
    return length


class ThinkSplitter:
    """Feed it the pieces of an answer. `opened`: this model's answers begin inside their thinking. `on_bare` is called
    when a closing tag comes without its opening one."""

    __slots__ = (
        "_end", "_harmony", "_held", "_in_code", "_line", "_on_bare", "_opened", "_openings", "_said", "_state",
        "_tail", "_thought",
    )  # fmt: skip

    def __init__(self, opened: bool = False, on_bare: Callable[[], None] | None = None) -> None:
        self._state = "start"  # start → thinking → after → text, or harmony
        self._held = ""
        self._end: re.Pattern[str] = _CLOSING
        self._opened = opened
        self._thought: list[str] = []  # while it is not sure that it is thinking
        self._on_bare = on_bare
        self._said = 0  # characters given out as text
        self._line = ""  # the line so far, of the text
        self._in_code = False
        self._tail = ""  # the end of the text
        self._openings: set[str] = set()  # that the text has talked about
        self._harmony: HarmonySplitter | None = None

    def feed(self, piece: str) -> list[Thought]:
        if self._harmony is not None:
            return self._harmony.feed(piece)
        # Nearly all pieces: they hold no mark, nor the end of one.
        if self._state == "text" and not self._held and "<" not in piece and "[" not in piece:
            recent = self._tail + piece
            if "<" not in recent and "[" not in recent and "\n" not in piece and piece:
                self._said += len(piece)
                self._line += piece
                self._tail = recent[-LONGEST_TAG:]
                return [TextDelta(piece)]
            return self._give(piece)
        text, self._held = self._held + piece, ""
        match self._state:
            case "start":
                return self._start(text)
            case "thinking":
                return self._thinking(text)
            case "after":
                return self._after(text)
            case _:
                return self._text(text)

    def thinks_elsewhere(self) -> None:
        """The host keeps thinking apart, so what comes as text is the answer."""
        if self._state == "start":
            self._opened = False

    def close(self, whole: bool = True) -> list[Thought]:
        """What was held back because it might have been a mark. `whole`: the answer was not cut."""
        if self._harmony is not None:
            return self._harmony.close()
        held, self._held = self._held, ""
        if self._state != "thinking":
            return self._give(held)
        out: list[Thought] = [ReasoningDelta(held)] if held else []
        if self._thought and whole:  # no closing tag came: it was the answer after all
            out.append(TextDelta("".join(self._thought) + held))
        return out

    def _start(self, text: str) -> list[Thought]:
        bare = text.lstrip()
        lower = bare.lower()
        for opening, closing in (OPENINGS | LEADING).items():
            if lower.startswith(opening):
                return self._think(bare[len(opening) :].removeprefix("\n"), closing)
        if lower.startswith(HARMONY_STARTS):
            self._harmony = HarmonySplitter()
            return self._harmony.feed(bare)
        if lower[:1] in _FIRSTS and any(mark.startswith(lower) for mark in _STARTS):
            self._held = text
            return []
        if self._opened:
            return self._think(text, "")
        self._state = "text"
        return self._text(text)

    def _think(self, text: str, closing: str) -> list[Thought]:
        self._state = "thinking"
        if closing:
            self._opened = False
            self._end = re.compile(re.escape(closing), re.IGNORECASE)
        return self._thinking(text)

    def _thinking(self, text: str) -> list[Thought]:
        end = self._end.search(text)
        thought = text[: end.start()] if end else text
        if end is None and (begun := _BEGUN.search(text)):
            thought, self._held = text[: begun.start()], text[begun.start() :]
        if self._opened and thought:
            self._thought.append(thought)
        out: list[Thought] = [ReasoningDelta(thought)] if thought else []
        if end is None:
            return out
        self._state, self._thought = "after", []
        return out + self._after(text[end.end() :])

    def _after(self, text: str) -> list[Thought]:
        """The blank lines between thinking and answer belong to neither."""
        bare = text.lstrip("\r\n")
        if not bare:
            return []
        self._state = "text"
        self._end = re.compile(r"(?!)")  # what comes now is the answer, closing tags and all
        return self._text(bare)

    def _text(self, text: str) -> list[Thought]:
        for end in self._end.finditer(text):
            if self._is_talked_about(text[: end.start()], end[0].lower()):
                continue
            before = text[: end.start()]
            out: list[Thought] = [Recalled(self._said)] if self._said else []
            if before:
                out.append(ReasoningDelta(before))
            if self._on_bare is not None:
                self._on_bare()
            self._said, self._state = 0, "after"
            return out + self._after(text[end.end() :])
        if begun := _BEGUN.search(text):
            text, self._held = text[: begun.start()], text[begun.start() :]
        return self._give(text)

    def _give(self, text: str) -> list[Thought]:
        if not text:
            return []
        self._said += len(text)
        if "\n" in text:
            self._line, self._in_code = _read_on(self._line, self._in_code, text)
        else:
            self._line += text
        recent = self._tail + text
        if "<" in recent or "[" in recent:
            self._openings.update(mark[0].lower() for mark in _OPENING.finditer(recent))
        self._tail = recent[-LONGEST_TAG:]
        return [TextDelta(text)]

    def _is_talked_about(self, before: str, closing: str) -> bool:
        """Whether a closing tag after this text is text: its opening one is there, or it is in code or in quotes."""
        opening = closing.replace("/", "", 1)
        if opening in self._openings or opening in (self._tail + before).lower():
            return True
        line, in_code = _read_on(self._line, self._in_code, before)
        return in_code or line.count("`") % 2 == 1 or line[-1:] in tuple(_QUOTES)


def _read_on(line: str, in_code: bool, text: str) -> tuple[str, bool]:
    """The line so far and whether it is in a fenced block, after some more text."""
    if "\n" not in text:
        return line + text, in_code
    first, *others = text.split("\n")
    for row in (line + first, *others[:-1]):
        if row.lstrip().startswith(("```", "~~~")):
            in_code = not in_code
    return others[-1], in_code
