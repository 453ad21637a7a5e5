"""The findings of a reply: a JSON array, read forgivingly; nothing in it is believed.

Models put fences and words around JSON, end objects with a comma, break off in the middle, and call things by other
names. What cannot be read at all is None, which is not the same as a review without findings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from halley.engine.markdown.inert import visible
from halley.engine.markdown.thoughts import without_thoughts
from halley.engine.review.values import Finding, Severity

MOST_CHARACTERS = 400_000
MOST_FINDINGS = 100
MOST_TITLE, MOST_TEXT, MOST_QUOTE, MOST_REPLACEMENT = 200, 4_000, 8_000, 40_000
_MOST_TRIES = 300

_NAMES: Mapping[str, tuple[str, ...]] = {
    "path": ("file", "path", "filename", "file_path", "filepath"),
    "line": ("line", "start_line", "startline", "line_start", "first_line", "lines", "line_number"),
    "severity": ("severity", "level", "priority", "type"),
    "title": ("title", "summary", "issue", "name", "headline"),
    "text": ("text", "message", "description", "body", "explanation", "comment", "details", "detail"),
    "quote": ("quote", "code", "snippet", "quoted", "original", "existing_code"),
    "replacement": (
        "replacement",
        "suggestion",
        "suggested_code",
        "suggested_replacement",
        "fix",
        "new_code",
    ),
}
_LISTS = ("findings", "issues", "comments", "results", "problems", "review")
_SEVERITY: Mapping[str, Severity] = {
    **dict.fromkeys(("error", "critical", "high", "blocker", "bug", "major", "severe", "fatal"), "error"),
    **dict.fromkeys(("warning", "warn", "medium", "moderate", "minor"), "warning"),
    **dict.fromkeys(("info", "information", "note", "low", "nit", "suggestion", "hint", "trivial", "style"), "info"),
}  # fmt: skip
_COMMA = re.compile(r'("(?:[^"\\]|\\.)*+")|,(?=\s*[}\]])', re.DOTALL)
_NONE = re.compile(
    r"\W*(?:there (?:are|were) )?no (?:findings|issues|problems)\b[^\n]{0,100}\W*", re.IGNORECASE
)
_FENCE_LINES = re.compile(r"\A[ \t]*(?:`{3,}|~{3,})[^\n]*\n|\n[ \t]*(?:`{3,}|~{3,})[ \t]*\Z")

_NUMBERED = re.compile(r"[ \d]{6} [ +] ")
_NUMBERS = 9
"""Characters before the line itself, in `parts.py`."""


def read_findings(reply: str) -> list[Finding] | None:
    """The findings, none of them placed; None for a reply that holds no list of them."""
    text = without_thoughts(reply)[:MOST_CHARACTERS].strip()
    if _NONE.fullmatch(text):
        return []
    found = _objects(text)
    if found is None:
        return None
    findings = filter(None, map(_finding, found))
    return list(_first(findings, MOST_FINDINGS))


def _first(findings: Iterable[Finding], most: int) -> Iterator[Finding]:
    for _, finding in zip(range(most), findings, strict=False):
        yield finding


def _objects(text: str) -> list[dict[str, Any]] | None:
    start = min((at for at in (text.find("["), text.find("{")) if at >= 0), default=-1)
    if start < 0:
        return None
    tidied = _COMMA.sub(lambda match: match[1] or "", text)
    for at in _beginnings(tidied):
        value = _decoded(tidied, at)
        if value is not None and (listed := _listed(value)) is not None:
            return listed
    return _pieces(tidied)


def _beginnings(text: str) -> list[int]:
    """Where a whole value may begin: at the first brackets."""
    return sorted(
        {
            at
            for mark in ("[", "{")
            for at in (text.find(mark), text.find(f"\n{mark}") + 1)
            if text[at : at + 1] == mark
        }
    )


def _decoded(text: str, at: int) -> Any:
    try:
        return json.JSONDecoder(strict=False).raw_decode(text, at)[0]
    except (ValueError, RecursionError):
        return None


def _listed(value: Any) -> list[dict[str, Any]] | None:
    """The objects of a value that is a list of findings, holds one, or is one."""
    if isinstance(value, list):
        items = cast("list[Any]", value)
        objects = [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]
        return objects if objects or not items else None
    if not isinstance(value, dict):
        return None
    holder = {str(name).lower(): inner for name, inner in cast("dict[Any, Any]", value).items()}
    for name in _LISTS:
        if isinstance(holder.get(name), list):
            return _listed(holder[name])
    return None  # a finding by itself: others may follow, each on its line


def _pieces(text: str) -> list[dict[str, Any]] | None:
    """The objects that are whole, of a list that is not: broken off, or one object a line."""
    found: list[dict[str, Any]] = []
    at = tries = 0
    while tries < _MOST_TRIES and (at := text.find("{", at)) >= 0:
        try:
            value, at = json.JSONDecoder(strict=False).raw_decode(text, at)
        except (ValueError, RecursionError):
            at, tries = at + 1, tries + 1
            continue
        if isinstance(value, dict) and _finding(cast("dict[str, Any]", value)):
            found.append(cast("dict[str, Any]", value))
    return found or None


def _finding(value: Mapping[str, Any]) -> Finding | None:
    """None where it says nothing."""
    given = {str(name).lower(): inner for name, inner in value.items()}

    def one(name: str) -> Any:
        return next((given[its] for its in _NAMES[name] if given.get(its) is not None), None)

    title, text = _line(one("title"), MOST_TITLE), _text(one("text"), MOST_TEXT)
    title = title or _line(text.split("\n")[0], MOST_TITLE)
    if not title:
        return None
    return Finding(
        path=_path(one("path")),
        severity=_SEVERITY.get(str(one("severity")).strip().lower(), "warning"),
        title=title,
        text="" if text == title else text,
        quote=_code(one("quote"), MOST_QUOTE) or "",
        replacement=_code(one("replacement"), MOST_REPLACEMENT),
        claimed=_number(one("line")),
    )


def _path(value: Any) -> str:
    path = _line(value, 500).replace("\\", "/").removeprefix("./")
    return path[2:] if path[:2] in ("a/", "b/") else path


def _line(value: Any, most: int) -> str:
    """One line of plain text, with nothing that moves a cursor or is not seen."""
    return _shortened(visible(" ".join(str(value).split())), most) if isinstance(value, str) else ""


def _text(value: Any, most: int) -> str:
    plain = value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else ""
    return _shortened(visible(plain).strip(), most)


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _code(value: Any, most: int) -> str | None:
    """Code as it is, out of its fence; None where there is none, or more of it than is believed."""
    if isinstance(value, list) and all(isinstance(row, str) for row in cast("list[Any]", value)):
        value = "\n".join(cast("list[str]", value))
    if not isinstance(value, str) or len(value) > most:
        return None
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    rows = text.split("\n")
    if any(rows) and all(_NUMBERED.match(row) for row in rows if row):  # as the model was shown them
        text = "\n".join(row[_NUMBERS:] for row in rows)
    return (
        _FENCE_LINES.sub("", text).removesuffix("\n")
        if text.lstrip().startswith(("```", "~~~"))
        else text.removesuffix("\n")
    )


def _number(value: Any) -> int:
    """The first whole number of `12`, `"12-14"` or `[12, 14]`; 0 where there is none."""
    found = re.search(r"\d{1,7}", str(value)) if value is not None else None
    return int(found[0]) if found else 0
