"""Where new code belongs in a file: beside its kin, at the end of its class, at the end of the file.

`find_home` is for code that a file does not have yet and whose place was not named: a block of a chat's reply. What
replaces something there is is found by name elsewhere (`features/actions/block.py`), and code that is asked for at the
cursor stays there (`replies/insert.py`). Where nothing speaks for a place, the home says so (`doubt`) and the user
decides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from halley.core.text import split_lines
from halley.engine.code.definitions import Definition, definitions, members, top_level
from halley.engine.code.layout import content, style_of

_IMPORT = re.compile(
    r"^\s*(?:import\b|from\s+\S+\s+import\b|#\s*(?:include|pragma|define|ifndef)\b|use\s+[\w:\\{]|using\s+[\w.]+|"
    r"require(?:_relative)?\b|package\s+\w|extern\s+crate\b|(?:const|let|var|local)\s+[\w{}, ]+\s*=\s*require\b|"
    r"<\?php|declare\s*\(|namespace\s+[\w\\.]+;|[\"']use strict|export\s+.*\bfrom\b|library\s*\()"
)
_COMMENT = re.compile(r"^\s*(?:#|//|/\*|\*|--|<!--|;)")
_TAIL = re.compile(
    r"^(?:if\s+__name__\s*==|return\b|module\.exports\b|exports\.|export\s+(?:default\s+[\w$]+\s*;?$|\{)|main\s+\"?\$@|"
    r"main\(|#\s*endif|#\[cfg\(test\)\]|1;$|__END__|__DATA__|SystemExit|sys\.exit|app\.(?:run|listen)\()"
)
"""What stays last in a file."""

_LISTS = frozenset("css scss less sql".split())
"""Languages whose files are lists: what is new goes to the end."""

_JS = re.compile(
    r"^\s*(?:(?:public|private|protected|static|async|get|set|override|abstract)\s+|\*\s*)*(?!function\b)[\w$#]+\s*"
    r"(?:<[^>]*>)?\([^;]*\)\s*(?::[^{=]+)?\{\s*$"
)
_MEMBERS: dict[str, re.Pattern[str]] = {
    "python": re.compile(r"^\s*(?:async\s+)?def\s+\w+\s*\(\s*(?:self|cls)\b"),
    "javascript": _JS, "javascriptreact": _JS, "typescript": _JS, "typescriptreact": _JS,
    "php": re.compile(r"^\s*(?:(?:public|private|protected|static|final|abstract)\s+)+function\b"),
    "rust": re.compile(
        r"^\s*(?:pub(?:\([^)]*\))?\s+|async\s+|const\s+|unsafe\s+)*fn\s+\w+[^(]*"
        r"\(\s*(?:&\s*)?(?:'\w+\s+)?(?:mut\s+)?self\b"
    ),
    "java": re.compile(r".*\("), "csharp": re.compile(r".*\("),
}  # fmt: skip
"""What the head of a method looks like where it cannot be in a file by itself."""

_OWNERS = (
    re.compile(r"^\s*func\s*\(\s*(?:\w+\s+)?\*?(?P<name>\w+)"),  # Go
    re.compile(r"^\s*(?:unsafe\s+)?impl\b(?:<[^{]*?>)?\s*(?:[\w:<>, ']+\s+for\s+)?(?P<name>\w+)"),  # Rust
    re.compile(r"^[\w:<>*&\s]*?\b(?P<name>\w+)::~?\w+\s*\("),  # C++
    re.compile(r"^\s*function\s+(?P<name>\w+)[.:]\w+"),  # Lua
)
_USES = re.compile(r"(?:\bself\.|\bthis\.|\$this->|@)(\w+)")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_PLAIN_WORDS = frozenset("get set is has to from make new test on do the add create init run".split())


@dataclass(frozen=True, slots=True)
class Home:
    """A place: an offset at the start of a row, or the end of the text."""

    at: int
    indent: int | None = None
    """Columns of the code's outermost lines; None where the place itself tells."""
    gap: int = 1
    """Blank lines that set it off from what is above and below."""
    doubt: str = ""
    """Why the user should decide; empty where the place is certain."""


def find_home(text: str, language_id: str, block: Sequence[str], cursor: int) -> Home:
    """The home of a block in a text that has nothing of it. `cursor` is an offset; 0 says nothing."""
    return _Search(text, language_id, block, cursor).home()


class _Search:
    def __init__(self, text: str, language_id: str, block: Sequence[str], cursor: int) -> None:
        self.text, self.language_id, self.block = text, language_id, block
        self.lines = split_lines(text)
        self.rows = [content(line) for line in self.lines]
        self.cursor = cursor
        self.row = _row_of(self.lines, cursor)
        self.head = header_end(self.rows)
        self.all = definitions(self.rows)
        self.new = top_level(definitions(block))

    def home(self) -> Home:
        if not self.new:
            return self._of_statements()
        if self._is_member():
            return self._in_container()
        return self._at_margin(self._beside(top_level(self.all)))

    def _at(self, row: int) -> int:
        return sum(map(len, self.lines[:row]))

    def _at_margin(self, row: int, doubt: str = "") -> Home:
        return Home(self._at(row), 0, 2 if self.language_id == "python" else 1, doubt)

    # -- statements

    def _of_statements(self) -> Home:
        """Where the cursor is, below the file's head; imports to the others."""
        if all(_IMPORT.match(line) for line in self.block if line.strip()) and self.block:
            return Home(self._at(self.head), 0, 0)
        if self.language_id in _LISTS and not self.cursor:
            return self._at_margin(self._end())
        if not self.cursor or self.row < self.head:
            return Home(self._at(self.head), doubt="It does not say where in the file it belongs.")
        if not self.rows[self.row].strip():
            return Home(self.cursor)
        return Home(self._at(self.row + 1))

    # -- at the margin

    def _beside(self, known: Sequence[Definition]) -> int:
        """The row below those of `known` that it belongs to, else the cursor's blank line, else the end."""
        end = self._end()
        kin = self._owned(known) or self._namesakes(known)
        if kin:
            return kin[-1].last
        around = next((one for one in known if one.first <= self.row < one.last), None)
        if around is not None and self.cursor:
            return min(around.last, end)
        if self.cursor and self.head <= self.row <= end and not self.rows[self.row].strip():
            return self.row
        return end

    def _owned(self, known: Sequence[Definition]) -> list[Definition]:
        """Methods of the same type that stand outside it (Go, C++, Lua), its `impl`s, and the type itself."""
        owner = _owner_in(self.block[self.new[0].head])
        if not owner:
            return []
        return [one for one in known if owner in (one.name, _owner_in(self.rows[one.head]))]

    def _namesakes(self, known: Sequence[Definition]) -> list[Definition]:
        """Those whose names begin with the same words."""
        mine = _words(self.new[0].name)
        counted = [(_shared(mine, _words(one.name)), one) for one in known]
        most = max((count for count, _ in counted), default=0)
        return [one for count, one in counted if count == most] if most else []

    def _end(self) -> int:
        """The row after the last code, less what has to stay last."""
        last = max((one.last for one in top_level(self.all)), default=0)
        tail = next((row for row in range(last, len(self.rows)) if _TAIL.match(self.rows[row])), None)
        end = len(self.rows) if tail is None else tail
        while end > self.head and not self.rows[end - 1].strip():
            end -= 1
        return max(end, self.head) if tail is None else tail

    # -- in a class

    def _is_member(self) -> bool:
        if self.language_id == "ruby":
            outer = top_level(self.all)
            return bool(outer) and all(one.is_container for one in outer) and not self.new[0].is_container
        pattern = _MEMBERS.get(self.language_id)
        return (
            pattern is not None
            and not self.new[0].is_container
            and bool(pattern.match(self.block[self.new[0].head]))
        )

    def _in_container(self) -> Home:
        holders = [one for one in self.all if one.is_container and self._may_hold(one)]
        around = [one for one in holders if one.first <= self.row < one.last]
        if around and self.cursor:
            return self._at_end_of(around[-1])
        if not holders:
            return self._at_margin(self._end(), "The file has no class that it could belong to.")
        best = self._best(holders)
        if len(best) == 1:
            return self._at_end_of(best[0])
        found = self._at_end_of(best[-1])
        names = ", ".join(one.name.rstrip(":") for one in best[:4]) + (" …" if len(best) > 4 else "")
        return replace(found, doubt=f"It could belong to any of {names}.")

    def _may_hold(self, holder: Definition) -> bool:
        """Not a namespace around other classes; in Rust an `impl`."""
        if self.language_id == "rust":
            return self.rows[holder.head].lstrip().startswith(("impl", "unsafe impl"))
        return not any(one.is_container for one in self._inside(holder))

    def _inside(self, holder: Definition) -> list[Definition]:
        return [one for one in self.all if holder.head < one.head < holder.last]

    def _best(self, holders: Sequence[Definition]) -> list[Definition]:
        """The classes that have most of the attributes it uses."""
        used = {name for line in self.block for name in _USES.findall(line)}
        own = {one.name for one in self.new}

        def score(holder: Definition) -> int:
            text = "\n".join(self.rows[holder.head : holder.last])
            return sum(bool(re.search(rf"\b{re.escape(name)}\b", text)) for name in used - own)

        scores = [score(one) for one in holders]
        return [one for one, count in zip(holders, scores, strict=True) if count == max(scores)]

    def _at_end_of(self, holder: Definition) -> Home:
        inside = [one for one in members(self._inside(holder)) if one.indent > holder.indent]
        end = holder.last
        while end - 1 > holder.head and not self.rows[end - 1].strip():
            end -= 1
        if end - 1 > holder.head and re.match(r"\s*(?:\}|end\b)", self.rows[end - 1]):
            end -= 1
        style = style_of(self.rows, self.language_id)
        indent = inside[0].indent if inside else holder.indent + style.unit
        kin = self._namesakes(inside)
        around = [one for one in inside if self.cursor and one.first <= self.row < one.last]
        row = kin[-1].last if kin else around[-1].last if around else end
        return Home(self._at(row), indent)


def header_end(rows: Sequence[str]) -> int:
    """The row after a file's head: its licence, the module's own documentation, imports."""
    end = row = 0
    quote = ""
    opened = 0
    while row < len(rows):
        line = rows[row].strip()
        if quote:
            quote = "" if quote in line else quote
            end = row + 1
        elif opened > 0:
            opened += _balance(line)
            end = row + 1
        elif line[:3] in ('"""', "'''"):
            quote = "" if line[3:].count(line[:3]) else line[:3]
            end = row + 1
        elif _IMPORT.match(line):
            opened = _balance(line)
            end = row + 1
        elif not line:
            end = row if end == 0 and row and _COMMENT.match(rows[row - 1]) else end
        elif not _COMMENT.match(line):
            break
        row += 1
    return end


def _balance(line: str) -> int:
    return sum(map(line.count, "({[")) - sum(map(line.count, ")}]"))


def _row_of(lines: Sequence[str], at: int) -> int:
    start = 0
    for row, line in enumerate(lines):
        start += len(line)
        if at < start:
            return row
    return max(0, len(lines) - 1)


def _owner_in(line: str) -> str:
    return next((match["name"] for pattern in _OWNERS if (match := pattern.match(line))), "")


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(name)]


def _shared(mine: Sequence[str], others: Sequence[str]) -> int:
    """How many words two names begin with in common; none where those say nothing."""
    count = 0
    for one, other in zip(mine, others, strict=False):
        if one != other:
            break
        count += 1
    return count if any(word not in _PLAIN_WORDS for word in mine[:count]) else 0
