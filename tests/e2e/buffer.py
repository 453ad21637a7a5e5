"""An editor's buffer, as a reference: text, version, undo, and LSP positions counted the slow, obvious way.

It shares no code with the daemon. Lines end with LF, CRLF or CR and nothing else, as LSP says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

Json = dict[str, Any]
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_UNITS = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
_WIDTH = {"utf-8": 1, "utf-16": 2, "utf-32": 4}


@dataclass
class Buffer:
    uri: str
    language_id: str
    text: str
    encoding: str = "utf-16"
    version: int = 1
    notebook: str = ""
    """The URI of the notebook that this is a cell of."""
    undo_stack: list[str] = field(default_factory=list)
    """The texts before each step; one step is one undo."""

    def lines(self) -> list[str]:
        """With their ends; the last one has none."""
        lines = _LINE.findall(self.text)
        return lines[:-1] if lines[-2:-1] and not lines[-2].endswith(("\r", "\n")) else lines

    def units(self, text: str) -> int:
        return len(text.encode(_UNITS[self.encoding])) // _WIDTH[self.encoding]

    def position(self, offset: int) -> Json:
        """The LSP position of an index into the text."""
        for row, line in enumerate(self.lines()):
            bare = line.rstrip("\r\n")
            if offset <= len(bare):
                return {"line": row, "character": self.units(line[:offset])}
            offset -= len(line)
        raise ValueError("beyond the text")

    def offset(self, position: Json) -> int:
        """The index for an LSP position. Raises ValueError for one inside a character or outside the text."""
        lines = self.lines()
        line = lines[position["line"]]
        start = sum(len(one) for one in lines[: position["line"]])
        for index in range(len(line.rstrip("\r\n")) + 1):
            if self.units(line[:index]) == position["character"]:
                return start + index
        raise ValueError(f"no character begins at {position}")

    def range(self, needle: str, *, cursor: bool = False) -> Json:
        """The range of the only place where `needle` is; its start alone as a cursor."""
        assert self.text.count(needle) == 1, f"{needle!r} is there {self.text.count(needle)} times"
        at = self.text.index(needle)
        return {"start": self.position(at), "end": self.position(at if cursor else at + len(needle))}

    def whole(self) -> Json:
        return {"start": {"line": 0, "character": 0}, "end": self.position(len(self.text))}

    def apply(self, edits: list[Json]) -> None:
        """All together, as one undo step. Raises ValueError where edits overlap, as strict editors do."""
        spans = [
            (self.offset(e["range"]["start"]), self.offset(e["range"]["end"]), e["newText"]) for e in edits
        ]
        spans.sort(key=lambda span: span[:2])
        for (_, end, _), (start, _, _) in pairwise(spans):
            if start < end:
                raise ValueError("edits overlap")
        text = self.text
        for start, end, new in reversed(spans):
            text = text[:start] + new + text[end:]
        self.step(text)

    def step(self, text: str) -> None:
        """A new text, as one undo step and one version."""
        self.undo_stack.append(self.text)
        self.text, self.version = text, self.version + 1

    def undo(self) -> None:
        self.text, self.version = self.undo_stack.pop(), self.version + 1
