"""The words of translated German that our prose avoids, wherever a reader meets them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
AVOIDED = re.compile(
    r"\b(anew|whoever|goes on|go on with|is told|are told|nobody|a yes(?!-)|the person|once more|can be had|stands in)\b",
    re.IGNORECASE,
)
PLACES = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "bench/README.md",
    "server/ARCHITECTURE.md",
    "docs",
    "server/halley",
    "clients",
]
"""Files, and folders with everything in them."""
PROSE = {".md", ".py", ".ts", ".css", ".lua", ".vim", ".txt", ".json", ".toml", ".html"}
GENERATED = {"node_modules", "dist", "__pycache__", "package-lock.json"}
ALLOWED: dict[str, str] = {}
"""A line, stripped → why the word is right there."""


@pytest.mark.parametrize("place", PLACES)
def test_prose_is_plain_english(place: str) -> None:
    hits = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in _files(ROOT / place)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if AVOIDED.search(line) and line.strip() not in ALLOWED
    ]
    assert hits == []


def test_every_exception_is_still_needed() -> None:
    lines = {
        line.strip()
        for place in PLACES
        for path in _files(ROOT / place)
        for line in path.read_text("utf-8").splitlines()
    }
    assert set(ALLOWED) <= lines


def test_the_readme_has_short_sentences() -> None:
    lengths = [len(sentence.split()) for sentence in _sentences((ROOT / "README.md").read_text("utf-8"))]
    assert sum(lengths) / len(lengths) <= 20
    assert max(lengths) <= 35


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
        return
    for path in sorted(place.rglob("*")):
        if path.suffix in PROSE and path.is_file() and not GENERATED & set(path.parts):
            yield path


def _sentences(page: str) -> Iterator[str]:
    """The sentences of a Markdown page, without code, tables, headings, pictures and targets of links."""
    text = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    lines = [line for line in text.splitlines() if not line.startswith(("|", "#", "!["))]
    text = re.sub(r"\]\([^)]*\)", "]", "\n".join(lines))
    for paragraph in re.split(r"\n\s*\n|\n(?=- )| · ", text):
        yield from (s for s in re.split(r"(?<=[.?!])[\s*]+", paragraph.strip()) if len(s.split()) > 2)
