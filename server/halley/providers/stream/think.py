"""Thinking folded into the answer as `<think>…</think>`, taken out again while it streams.

Only at the beginning of an answer: a tag later in the text is text, for instance an answer about such tags.
"""

from __future__ import annotations

from halley.core.events import ReasoningDelta, TextDelta

PAIRS = (("<think>", "</think>"), ("<thinking>", "</thinking>"), ("<thought>", "</thought>"))


class ThinkSplitter:
    """Feed it the pieces of an answer; a tag may be cut anywhere between them."""

    __slots__ = ("_end", "_held", "_state")

    def __init__(self) -> None:
        self._state = "start"  # start → thinking → after → text
        self._held = ""
        self._end = ""

    def feed(self, piece: str) -> list[TextDelta | ReasoningDelta]:
        if self._state == "text":
            return [TextDelta(piece)] if piece else []
        text = self._held + piece
        self._held = ""
        match self._state:
            case "start":
                return self._start(text)
            case "thinking":
                return self._thinking(text)
            case _:
                return self._after(text)

    def close(self) -> list[TextDelta | ReasoningDelta]:
        """What was held back because it might have been a tag."""
        held, self._held = self._held, ""
        if not held:
            return []
        return [ReasoningDelta(held) if self._state == "thinking" else TextDelta(held)]

    def _start(self, text: str) -> list[TextDelta | ReasoningDelta]:
        bare = text.lstrip()
        for opening, closing in PAIRS:
            if bare.startswith(opening):
                self._state, self._end = "thinking", closing
                return self._thinking(bare[len(opening) :].removeprefix("\n"))
        if any(opening.startswith(bare) for opening, _ in PAIRS):
            self._held = text
            return []
        self._state = "text"
        return [TextDelta(text)] if text else []

    def _thinking(self, text: str) -> list[TextDelta | ReasoningDelta]:
        thought, found, rest = text.partition(self._end)
        if found:
            self._state = "after"
            return ([ReasoningDelta(thought)] if thought else []) + self._after(rest)
        keep = _overlap(text, self._end)
        thought, self._held = (text[:-keep], text[-keep:]) if keep else (text, "")
        return [ReasoningDelta(thought)] if thought else []

    def _after(self, text: str) -> list[TextDelta | ReasoningDelta]:
        """The blank lines between thinking and answer belong to neither."""
        bare = text.lstrip("\r\n")
        if not bare:
            return []
        self._state = "text"
        return [TextDelta(bare)]


def _overlap(text: str, tag: str) -> int:
    """How many characters at the end of `text` may be the beginning of `tag`."""
    for size in range(min(len(text), len(tag) - 1), 0, -1):
        if tag.startswith(text[-size:]):
            return size
    return 0
