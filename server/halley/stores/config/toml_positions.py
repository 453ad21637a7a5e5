"""Where each key and value of a TOML text stands, so that a problem can point at it.

`tomllib` keeps no positions. `find_spans` is for a text that `tomllib` has already accepted, and is called only
when there is a problem to show; on anything else it gives what it found so far. Structure follows the TOML 1.0
specification (https://toml.io/en/v1.0.0); values other than arrays and inline tables are skipped, not read.
"""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass
from itertools import accumulate

Path = tuple[str | int, ...]
"""Keys, and indices into arrays: `("macros", "ship", "steps", 1, "model")`."""


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open, lines and columns from 0 in code points. A range over several lines is cut at its first."""

    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Spans:
    key: Span
    """The name before `=`, or the header of a table."""
    value: Span


def find_spans(text: str) -> dict[Path, Spans]:
    """Every path of the document with the place of its key and of its value."""
    scanner = _Scanner(text)
    try:
        scanner.document()
    except (IndexError, RecursionError):
        pass  # not the TOML it was said to be
    return scanner.found


_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_PLAIN = re.compile(r"[^,\]}#\n]*")
_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(["\\bfnrt]))')
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.found: dict[Path, Spans] = {}
        self.lengths: dict[Path, int] = {}
        """Of the arrays of tables met so far."""
        self.line_starts = list(accumulate((len(line) + 1 for line in text.split("\n")), initial=0))

    def document(self) -> None:
        table: Path = ()
        self.skip(_BLANK)
        while self.at < len(self.text):
            table = self.header() if self.text[self.at] == "[" else self.pair(table)
            self.skip(_BLANK)

    def header(self) -> Path:
        """`[a.b]` or `[[a.b]]`; returns the path of the table it opens."""
        begin = self.at
        depth = 2 if self.text.startswith("[[", begin) else 1
        self.at += depth
        keys = self.keys()
        self.skip(_SPACE)
        self.at += depth
        path: Path = ()
        for key in keys[:-1]:
            path = self.into((*path, key))
        path += (keys[-1],)
        if depth == 2:
            self.lengths[path] = self.lengths.get(path, 0) + 1
            self.note(path, begin, begin)
        path = self.into(path)
        self.note(path, begin, begin)
        return path

    def into(self, path: Path) -> Path:
        """An array of tables stands for its last element."""
        count = self.lengths.get(path)
        return path if count is None else (*path, count - 1)

    def pair(self, table: Path) -> Path:
        """`key = value`; returns the table again."""
        begin = self.at
        path = table + tuple(self.keys())
        end = self.at
        self.skip(_SPACE)
        self.at += 1  # =
        self.skip(_SPACE)
        self.value(path, (begin, end))
        return table

    def keys(self) -> list[str]:
        names: list[str] = []
        while True:
            self.skip(_SPACE)
            names.append(self.key())
            before = self.at
            self.skip(_SPACE)
            if not self.text.startswith(".", self.at):
                self.at = before
                return names
            self.at += 1

    def key(self) -> str:
        match = _STRING.match(self.text, self.at) or _BARE.match(self.text, self.at)
        if match is None:
            raise IndexError
        self.at = match.end()
        name = match.group()
        if name[0] == "'":
            return name[1:-1]
        return _ESCAPE.sub(_unescape, name[1:-1]) if name[0] == '"' else name

    def value(self, path: Path, key: tuple[int, int] | None) -> None:
        begin = self.at
        opening = self.text[begin]
        if opening == "[":
            self.array(path)
        elif opening == "{":
            self.inline_table(path)
        else:
            match = _STRING.match(self.text, begin) or _PLAIN.match(self.text, begin)
            assert match is not None
            self.at = begin + len(match.group().rstrip())
        self.note(path, *(key or (begin, self.at)), value=(begin, self.at))

    def array(self, path: Path) -> None:
        self.at += 1
        self.skip(_BLANK)
        index = 0
        while self.text[self.at] != "]":
            if self.text[self.at] == "}":
                raise IndexError  # no value begins so, and none would be found there for ever
            self.value((*path, index), None)
            index += 1
            self.skip(_BLANK)
            if self.text[self.at] == ",":
                self.at += 1
                self.skip(_BLANK)
        self.at += 1

    def inline_table(self, path: Path) -> None:
        self.at += 1
        self.skip(_BLANK)
        while self.text[self.at] != "}":
            self.pair(path)
            self.skip(_BLANK)
            if self.text[self.at] == ",":
                self.at += 1
                self.skip(_BLANK)
        self.at += 1

    def skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        assert match is not None
        self.at = match.end()

    def note(self, path: Path, begin: int, end: int, value: tuple[int, int] | None = None) -> None:
        key = self.span(begin, self.at if end == begin else end)
        self.found.setdefault(path, Spans(key, self.span(*value) if value else key))

    def span(self, begin: int, end: int) -> Span:
        line = bisect.bisect_right(self.line_starts, begin) - 1
        start = self.line_starts[line]
        last = self.text.find("\n", begin, end)
        stop = end if last < 0 else last
        return Span(line, begin - start, stop - start)


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1) or match.group(2)
    return chr(int(code, 16)) if code else _ESCAPED[match.group(3)]
