"""The cursor and what is around it, as completion needs to see it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

_WORD = re.compile(r"[^\W\d]\w*")
_STRINGS = re.compile(
    r"\"\"\".*?(?:\"\"\"|\Z)|'''.*?(?:'''|\Z)|\"(?:\\.|[^\"\\\n])*(?:\"|$)|'(?:\\.|[^'\\\n])*(?:'|$)|`[^`]*(?:`|\Z)",
    re.S | re.M,
)
_COMMENTS = {
    "python": r"#[^\n]*",
    "ruby": r"#[^\n]*",
    "shellscript": r"#[^\n]*",
    "lua": r"--[^\n]*",
    "sql": r"--[^\n]*",
}
_CLOSERS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class Place:
    """`prefix` and `suffix` are the file before and after the cursor; `others` are texts of other files."""

    prefix: str
    suffix: str
    language: str
    others: tuple[str, ...] = ()

    @cached_property
    def line(self) -> str:
        """The cursor's line, up to the cursor."""
        return self.prefix.rsplit("\n", 1)[-1]

    @cached_property
    def rest_of_line(self) -> str:
        return self.suffix.split("\n", 1)[0]

    @cached_property
    def typed(self) -> str:
        """The line up to the cursor, without its indentation."""
        return self.line.lstrip(" \t")

    @cached_property
    def indent(self) -> str:
        return self.line[: len(self.line) - len(self.typed)]

    @cached_property
    def unit(self) -> str:
        """One level of indentation, as this file has it."""
        if re.search(r"^\t", self.prefix, re.M) or self.language == "go":
            return "\t"
        steps = [len(m) for m in re.findall(r"^( +)\S", self.prefix, re.M)]
        usual = (
            2
            if self.language
            in ("javascript", "typescript", "typescriptreact", "ruby", "lua", "css", "html", "json")
            else 4
        )
        return " " * (min(steps) if steps and min(steps) in (2, 4, 8) else usual)

    @cached_property
    def lines_above(self) -> list[str]:
        return self.prefix.split("\n")[:-1]

    @cached_property
    def line_above(self) -> str:
        """The nearest line above that is not empty."""
        return next((line for line in reversed(self.lines_above) if line.strip()), "")

    @cached_property
    def partial(self) -> str:
        """The identifier being typed."""
        match = re.search(r"[^\W\d]\w*\Z", self.line)
        return match[0] if match else ""

    @cached_property
    def names(self) -> list[str]:
        """Identifiers of the file, nearest to the cursor first."""
        before = _WORD.findall(without_strings(self.prefix[-20_000:], self.language))
        after = _WORD.findall(without_strings(self.suffix[:8_000], self.language))
        if self.partial and before and before[-1] == self.partial:
            before = before[:-1]
        return list(dict.fromkeys([*reversed(before), *after]))

    @cached_property
    def in_comment(self) -> bool:
        markers = {
            "python": "#",
            "ruby": "#",
            "shellscript": "#",
            "yaml": "#",
            "toml": "#",
            "lua": "--",
            "sql": "--",
        }
        return self.typed.startswith(markers.get(self.language, "//"))

    @cached_property
    def in_string(self) -> bool:
        return "\0" in _STRINGS.sub(
            lambda m: "\0" if m.end() == len(self.prefix) and not _closed(m[0]) else "", self.prefix
        )

    @cached_property
    def header(self) -> str:
        """The line that opens the block the cursor stands in, when the cursor is at the block's first line."""
        return self.line_above if not self.typed else ""


def _closed(literal: str) -> bool:
    quote = literal[:3] if literal[:3] in ('"""', "'''") else literal[0]
    return len(literal) >= 2 * len(quote) and literal.endswith(quote) and not literal.endswith("\\" + quote)


def without_strings(text: str, language: str) -> str:
    """The text with its string literals and comments blanked, so that brackets and names in them do not count."""
    bare = _STRINGS.sub('""', text)
    return re.sub(
        _COMMENTS.get(language, r"//[^\n]*|/\*.*?\*/"),
        "",
        bare,
        flags=re.S if language not in _COMMENTS else 0,
    )


def open_brackets(text: str, language: str = "python") -> str:
    """The closers of the brackets still open at the end of `text`, innermost first."""
    waiting: list[str] = []
    for mark in re.findall(r"[()\[\]{}]", without_strings(text, language)):
        if mark in _CLOSERS:
            waiting.append(_CLOSERS[mark])
        elif waiting and waiting[-1] == mark:
            waiting.pop()
    return "".join(reversed(waiting))
