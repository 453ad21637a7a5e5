"""The words of translated German that our prose avoids, wherever a reader meets them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
AVOIDED = re.compile(
    r"\b(anew|whoever|goes on|go on with|went on|(is|are|was|were|be) told|nobody|somebody|anybody|(a|the|standing|\w+'s) yes(?!-)|(the|a) persons?"
    r"|once more|at once|(can|cannot|could) be had|stands in(?! for)|(run|runs|made|started|refreshed) behind)\b",
    re.IGNORECASE,
)
PLACES = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "Makefile",
    "bench",
    "tools",
    "server/ARCHITECTURE.md",
    "docs",
    "server/halley",
    "clients",
]
"""Files, and folders with everything in them."""
PROSE = {".md", ".py", ".sql", ".ts", ".css", ".lua", ".vim", ".txt", ".json", ".toml", ".html"}
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


@pytest.mark.parametrize("folder", sorted(p.name for p in (ROOT / "tests").iterdir() if any(p.glob("*.py"))))
def test_names_and_docstrings_of_tests_are_plain_english(folder: str) -> None:
    """Their data may say what it likes; what a reader of the tests reads may not."""
    hits = [
        f"{path.relative_to(ROOT)}: {words}"
        for path in sorted((ROOT / "tests" / folder).rglob("*.py"))
        for words in _names_and_docstrings(ast.parse(path.read_text("utf-8")))
        if AVOIDED.search(words)
    ]
    assert hits == []


def test_case_files_begin_in_plain_english() -> None:
    first = {
        path: path.read_text("utf-8").partition("\n")[0] for path in (ROOT / "tests/cases").rglob("*.md")
    }
    assert [f"{path.relative_to(ROOT)}: {line}" for path, line in first.items() if AVOIDED.search(line)] == []


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


def _names_and_docstrings(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
            yield getattr(node, "name", "").replace("_", " ")
            yield ast.get_docstring(node) or ""


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
