"""Reading TOML that may be wrong, or hostile: data or problems, never an exception.

`parse_toml` refuses what would take the parser too long, what nests too deep, and (for files of a repository) text
that does not look like what it says. `Reporter` gives a problem its line and columns, looked up only when needed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from halley.core.json_text import MOST_PARTS, depth_of, find_long_key
from halley.core.settings import ConfigProblem
from halley.stores.config.toml_positions import Span, Spans, find_spans

MOST_DEPTH = 16
HIDDEN = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Characters that are not seen or that turn the order of others around (https://trojansource.codes)."""


@dataclass(frozen=True)
class Reporter:
    """Makes problems of one file, or of the editor's settings (`path` None)."""

    path: Path | None = None
    text: str = ""

    def __call__(
        self, keys: tuple[Any, ...], message: str, allowed: tuple[str, ...] = (), is_key: bool = False
    ) -> ConfigProblem:
        return self.at(self._span(keys, is_key), message, keys, allowed)

    def at(
        self, span: Span, message: str, keys: tuple[Any, ...] = (), allowed: tuple[str, ...] = ()
    ) -> ConfigProblem:
        setting = ".".join(str(key) for key in keys)
        return ConfigProblem(self.path, span.line, span.start, span.end, message, setting, allowed=allowed)

    def whole(self, message: str) -> ConfigProblem:
        """About the file itself."""
        return self.at(Span(0, 0, 0), message)

    def _span(self, keys: tuple[Any, ...], is_key: bool) -> Span:
        for length in range(len(keys), 0, -1):
            found = self._nearest(keys[:length])
            if found is not None:
                return found.key if is_key or length < len(keys) else found.value
        return Span(0, 0, 0)

    def _nearest(self, keys: tuple[Any, ...]) -> Spans | None:
        """What stands at the path, or for a table without a header of its own, the first that is in it."""
        if (exact := self._spans.get(keys)) is not None:
            return exact
        inside = (spans for path, spans in self._spans.items() if path[: len(keys)] == keys)
        return min(inside, key=lambda spans: (spans.key.line, spans.key.start), default=None)

    @cached_property
    def _spans(self) -> Mapping[tuple[str | int, ...], Spans]:
        return find_spans(self.text)


def parse_toml(
    raw: bytes, path: Path, *, hostile: bool = False
) -> tuple[dict[str, Any] | None, Reporter, list[ConfigProblem]]:
    """(data, reporter, problems); the data are None when the file as a whole is of no use."""
    try:
        text = raw.decode().removeprefix("\ufeff").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start)
        message = "The file is not UTF-8, which TOML requires."
        return None, Reporter(path), [Reporter(path).at(Span(line, 0, 0), message)]
    report = Reporter(path, text)
    found = _refuse_text(text, report, hostile)
    if found is not None:
        return None, report, [found]
    try:
        data = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, and what int() says of a number with thousands of digits
        return None, report, [_syntax_problem(error, report)]
    except RecursionError:
        return None, report, [report.whole("The file nests too deep.")]
    if depth_of(data, MOST_DEPTH) > MOST_DEPTH:
        return None, report, [report.whole(f"The file nests deeper than {MOST_DEPTH} levels.")]
    return data, report, []


def in_file_order(problems: Iterable[ConfigProblem]) -> tuple[ConfigProblem, ...]:
    return tuple(sorted(problems, key=lambda problem: (str(problem.path), problem.line, problem.start)))


def _refuse_text(text: str, report: Reporter, hostile: bool) -> ConfigProblem | None:
    if (long_key := find_long_key(text)) is not None:
        line = text.count("\n", 0, long_key)
        return report.at(Span(line, 0, 0), f"A key here has more than {MOST_PARTS} parts: shorten it.")
    for number, line in enumerate(text.split("\n")):
        if hostile and (match := HIDDEN.search(line)):
            name = f"U+{ord(match.group()):04X}"
            span = Span(number, match.start(), match.end())
            return report.at(span, f"There is an invisible character ({name}) here: the file is not read.")
    return None


_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def _syntax_problem(error: ValueError, report: Reporter) -> ConfigProblem:
    """tomllib says the place in its message (as attributes only from Python 3.14)."""
    what = str(error)
    match = _PLACE.search(what)
    lines = report.text.split("\n")
    line, column = len(lines) - 1, len(lines[-1])
    if match and match.group(1):
        line, column = int(match.group(1)) - 1, int(match.group(2)) - 1
    if not isinstance(error, tomllib.TOMLDecodeError):
        return report.whole("A number in this file is too long.")
    end = max(column, len(lines[line])) if line < len(lines) else column
    said = _PLACE.sub("", what)
    # The parser may quote what it met, which may be a key; a single character, such as a missing bracket, is none.
    said = re.sub(r"['\"](.*)['\"]", lambda quoted: quoted[0] if len(quoted[1]) == 1 else "…", said)
    return report.at(Span(line, column, end), f"This is not TOML: {said[:1].lower()}{said[1:]}.")


def strings_of(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Every text in the data, names included, with its path."""
    if isinstance(data, str):
        yield path, data
    elif isinstance(data, Mapping):
        for key, value in data.items():
            yield (*path, key), str(key)
            yield from strings_of(value, (*path, key))
    elif isinstance(data, list | tuple):
        for index, value in enumerate(data):
            yield from strings_of(value, (*path, index))
