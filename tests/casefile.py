"""Case files: a feature's story in one Markdown file, which is its test as well.

    One sentence that says what this is about.

    ## workspace

    `src/area.py`

    ```python
    def area(r):
        return $[3.14 * r * r$]
    ```

    ## reply

    ```text
    ...
    ```

    ## result

    `src/area.py`

    ```python
    ...
    ```

The workspace is one file or several; in one of them `$0` is the cursor, or `$[` and `$]` hold the selection. What the
other sections mean is the feature's own: a test reads them (`case.text("reply")`) and checks what came of them against
the golden ones (`case.check("result", text)`), which `pytest --update` rewrites.

A path stands alone in backticks above its fence. A fence may be of backticks or tildes, as long as needed. Two words
after its language change how it is read: `escaped` (`\\r`, `\\t`, `\\\\`, `\\u202e`: for what an editor would not show) and
`open` (no newline at the end).

    @cases("replies")
    def test_replies(case: Case) -> None: ...
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "cases"

_HEADING = re.compile(r"^## +(\w[\w -]*?)\s*$")
_FENCE = re.compile(r"^(?P<mark>`{3,}|~{3,})(?P<info>[^`\n]*)$")
_PATH = re.compile(r"^`([^`]+)`$")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4,6})|([rnt\\$]))")
_PLAIN = {"r": "\r", "n": "\n", "t": "\t", "\\": "\\", "$": "$"}
_HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\udc80-\udcff\U000e0000-\U000e0fff]| (?=\n)"
)


@dataclass(frozen=True)
class Block:
    """One fenced text."""

    text: str
    path: str = ""
    info: str = ""


@dataclass(frozen=True)
class Workspace:
    """Files by path, marks taken out; `path`, `start` and `end` say where the user's cursor is (code points)."""

    files: dict[str, str]
    path: str
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.files[self.path]


@dataclass
class Case:
    """One file. `purpose` is its first paragraph, `sections` its blocks by heading, in order."""

    file: Path
    purpose: str = ""
    sections: dict[str, list[Block]] = field(default_factory=dict)
    update: bool = False

    @property
    def workspace(self) -> Workspace:
        """Fails the test when no file has a cursor or a selection, or more than one has."""
        found: list[tuple[str, int, int]] = []
        files: dict[str, str] = {}
        for block in self.blocks("workspace"):
            path = block.path or "file"
            files[path], place = read_marks(block.text)
            if place is not None:
                found.append((path, *place))
        if len(found) != 1:
            pytest.fail(f"{self.file.name}: one file of the workspace needs `$0`, or `$[` and `$]`")
        return Workspace(files, *found[0])

    def has(self, section: str) -> bool:
        return section in self.sections

    def blocks(self, section: str) -> list[Block]:
        """Fails the test when the section is not there."""
        if section not in self.sections:
            pytest.fail(f"{self.file.name} has no '## {section}'")
        return self.sections[section]

    def text(self, section: str, default: str | None = None) -> str:
        """The first block of a section."""
        if default is not None and section not in self.sections:
            return default
        blocks = self.blocks(section)
        return blocks[0].text if blocks else ""

    def texts(self, section: str) -> dict[str, str]:
        """The blocks of a section by path."""
        return {block.path: block.text for block in self.sections.get(section, [])}

    def check(self, section: str, actual: str | dict[str, str], info: str = "text") -> None:
        """Compare with a golden section, or write it with `--update`.

        `actual` is one text, or texts by path; an empty one, or none, means that the section must not be there.
        """
        wanted = {path: text for path, text in _as_texts(actual).items() if path or text}
        if wanted == self.texts(section):
            return
        if self.update:
            self.sections[section] = [Block(text, path, info) for path, text in wanted.items()]
            if not wanted:
                del self.sections[section]
            self.file.write_text(_render(self), encoding="utf-8", newline="\n")
            return
        pytest.fail(
            f"{self.file.name}: '## {section}' is not what came of it (`pytest --update` rewrites it)\n"
            f"{_difference(self.texts(section), wanted)}",
            pytrace=False,
        )


def cases(*features: str) -> Callable[[Any], Any]:
    """Runs a test once for each case file of the features' folders, given as `case`."""
    files = sorted(file for feature in features for file in (FOLDER / feature).glob("**/*.md"))
    ids = [file.relative_to(FOLDER).with_suffix("").as_posix() for file in files]
    return pytest.mark.parametrize("case", files, ids=ids, indirect=True)


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    loaded = read_case(request.param)
    loaded.update = bool(request.config.getoption("--update"))
    return loaded


def read_case(file: Path) -> Case:
    """Raises AssertionError for a file that is none: no purpose, or a fence never closed."""
    case = Case(file)
    lines = iter(file.read_text(encoding="utf-8").split("\n"))
    section = path = ""
    said: list[str] = []
    for line in lines:
        if heading := _HEADING.match(line):
            section, path = heading[1].lower(), ""
            case.sections.setdefault(section, [])
        elif (fence := _FENCE.match(line)) and section:
            case.sections[section].append(_block(lines, fence, path, file))
            path = ""
        elif section:
            path = named[1] if (named := _PATH.match(line.strip())) else path
        else:
            said.append(line)
    case.purpose = "\n".join(said).strip()
    assert case.purpose, f"{file.name} does not say what it is about"
    return case


def read_marks(text: str) -> tuple[str, tuple[int, int] | None]:
    """A text without its marks, and the place they marked."""
    if "$0" in text:
        at = text.index("$0")
        return text.replace("$0", "", 1), (at, at)
    if "$[" in text and "$]" in text:
        start = text.index("$[")
        text = text.replace("$[", "", 1)
        end = text.index("$]")
        return text.replace("$]", "", 1), (start, end)
    return text, None


def _block(lines: Iterator[str], fence: re.Match[str], path: str, file: Path) -> Block:
    inside: list[str] = []
    for line in lines:
        if line.rstrip() == fence["mark"]:
            words = fence["info"].split()
            text = "".join(f"{one}\n" for one in inside)
            text = text[:-1] if "open" in words[1:] else text
            return Block(_unescaped(text) if "escaped" in words[1:] else text, path, fence["info"].strip())
        inside.append(line)
    raise AssertionError(f"{file.name}: a fence is never closed")


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _PLAIN[m[2]], text)


def _as_texts(actual: str | dict[str, str]) -> dict[str, str]:
    return {"": actual} if isinstance(actual, str) else actual


def _render(case: Case) -> str:
    parts = [case.purpose]
    for section, blocks in case.sections.items():
        parts.append(f"## {section}")
        for block in blocks:
            if block.path:
                parts.append(f"`{block.path}`")
            parts.append(_fenced(block))
    return "\n\n".join(parts) + "\n"


def _fenced(block: Block) -> str:
    language = block.info.split()[0] if block.info.split() else "text"
    text, words = block.text, [language]
    if _HIDDEN.search(text) or "escaped" in block.info.split()[1:]:
        words.append("escaped")
        text = _HIDDEN.sub(_escape, text.replace("\\", "\\\\"))
    if not text.endswith("\n"):
        words.append("open")
        text += "\n"
    longest = max((len(m[1]) for m in re.finditer(r"^\s*(`{3,})", text, re.MULTILINE)), default=2)
    mark = "`" * (longest + 1)
    return f"{mark}{' '.join(words)}\n{text}{mark}"


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    return "\\r" if character == "\r" else f"\\u{ord(character):06x}"


def _difference(golden: dict[str, str], actual: dict[str, str]) -> str:
    lines: list[str] = []
    for path in dict.fromkeys((*golden, *actual)):
        before, after = (_visible(texts.get(path, "")) for texts in (golden, actual))
        lines += difflib.unified_diff(before, after, f"golden {path}", f"actual {path}", lineterm="")
    return "\n".join(lines)


def _visible(text: str) -> list[str]:
    return [_HIDDEN.sub(_escape, line) for line in text.split("\n")]
