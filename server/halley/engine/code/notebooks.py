"""Notebooks as text: their cells as one script with marks (`# %%`), and the cells of an `.ipynb` file.

    around(snapshot, most)     what stands before and after a cell, for a model that completes
    ranked_cells(snapshot)     the other cells and how much each helps, for a prompt
    script_of(cells)           a notebook's cells with their numbers, to be read
    parse_notebook(text)       an `.ipynb` file's cells, without what they put out

The marks are those of Jupytext, Spyder and VS Code, which models have seen. Where the language has no comments to the
end of the line, as Markdown, code is fenced instead. https://nbformat.readthedocs.io/en/latest/format_description.html
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from halley.core.snapshot import Cell, Document, Snapshot
from halley.core.tokens import estimate_tokens
from halley.engine.code.languages import ALIASES, are_akin, language
from halley.engine.code.regions import import_block

SUFFIX = ".ipynb"
_IMPORTS, _ABOVE, _BELOW = 1e6, 1e3, 0.0
_BARS = re.compile(r"^[ \t]*(`{3,})", re.MULTILINE)


def cell_mark(language_id: str) -> str:
    """What a line begins with that begins a cell; empty where a language has no comments to the end of the line."""
    comment = language(language_id).line_comment
    return f"{comment} %%" if comment else ""


def ranked_cells(snapshot: Snapshot) -> list[tuple[Document, float]]:
    """The other cells in order, each with how much it helps: imports, then those above, the nearest first."""
    own = _place(snapshot)
    ranked: list[tuple[Document, float]] = []
    for place, cell in enumerate(snapshot.cells):
        if place == own or not cell.text.strip():
            continue
        rank = (_ABOVE - (own - place)) if place < own else (_BELOW - (place - own))
        if place < own and import_block(cell.text, cell.language_id):
            rank += _IMPORTS
        ranked.append((cell, rank))
    return ranked


def cells_within(snapshot: Snapshot, budget: int) -> list[Document]:
    """Of the other cells those that help most and fit into `budget` tokens, in order."""
    kept: list[Document] = []
    for cell, _ in sorted(ranked_cells(snapshot), key=lambda ranked: -ranked[1]):
        tokens = estimate_tokens(cell.text)
        if tokens <= budget:
            kept.append(cell)
            budget -= tokens
    return [cell for cell in snapshot.cells if cell in kept]


def around(snapshot: Snapshot, most: int) -> tuple[str, str]:
    """The cells before and after the document as text with marks: the nearest, about `most` characters on each side."""
    own, language_id = _place(snapshot), snapshot.document.language_id
    if own < 0:
        return "", ""
    mark = cell_mark(language_id)
    before = _nearest(snapshot.cells[:own][::-1], language_id, most)[::-1]
    after = _nearest(snapshot.cells[own + 1 :], language_id, most)
    head = f"{mark}\n" if mark and before else ""
    return "".join(before) + head, "".join(f"\n\n{cell.rstrip()}" for cell in after)


def script_of(cells: Sequence[Document], current: str = "") -> str:
    """Cells as one script, with their numbers. `current` is the URI of the cell the user is in."""
    language_id = main_language(cells)
    mark = cell_mark(language_id) or "# %%"
    return "\n\n".join(
        f"{mark} cell {cell.cell.number if cell.cell else place}"
        f"{' (the current one)' if cell.uri == current else ''}{_kind(cell, language_id)}\n"
        f"{_body(cell, language_id, mark)}".rstrip()
        for place, cell in enumerate(cells, 1)
    )


def main_language(cells: Iterable[Document]) -> str:
    """What most of the code is written in; `plaintext` without code."""
    counted = Counter(cell.language_id for cell in cells if cell.cell is None or cell.cell.is_code)
    return counted.most_common(1)[0][0] if counted else "plaintext"


def parse_notebook(text: str, uri: str = "") -> tuple[Document, ...] | None:
    """The cells of an `.ipynb` file (nbformat 3 and 4); None for what is none. Outputs are left out."""
    try:
        notebook = json.loads(text)
        sheets = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
        written = _language_of(notebook)
        return tuple(_parsed(cell, number, written, uri) for number, cell in enumerate(sheets, 1))
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return None


def _language_of(notebook: Any) -> str:
    info, kernel = (_inside(notebook, "metadata", name) for name in ("language_info", "kernelspec"))
    name = str(_inside(info, "name") or _inside(kernel, "language") or "python").lower()
    return ALIASES.get(name, name)


def _inside(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return value  # pyright: ignore[reportUnknownVariableType]


def _parsed(cell: dict[str, Any], number: int, written: str, uri: str) -> Document:
    kind = cell["cell_type"]
    source = cell.get("source", cell.get("input", ""))
    text = source if isinstance(source, str) else "".join(source)
    if kind == "heading":  # nbformat 3
        text = f"{'#' * int(cell.get('level', 1))} {text}"
    own = _inside(cell, "metadata", "vscode", "languageId") or cell.get("language")
    is_code = kind == "code"
    language_id = str(own or written) if is_code else "plaintext" if kind == "raw" else "markdown"
    return Document(f"{uri}#{number}", text, language_id, cell=Cell(uri, number, is_code))


def _place(snapshot: Snapshot) -> int:
    uri = snapshot.document.uri
    return next((place for place, cell in enumerate(snapshot.cells) if cell.uri == uri), -1)


def _nearest(cells: Sequence[Document], language_id: str, most: int) -> list[str]:
    """Cells as text, the nearest first, until there are about `most` characters."""
    mark = cell_mark(language_id)
    shown: list[str] = []
    for cell in cells:
        if most <= 0:
            break
        if cell.text.strip():
            head = f"{mark}{_kind(cell, language_id)}\n" if mark else ""
            shown.append(f"{head}{_body(cell, language_id, mark).rstrip()}\n\n")
            most -= len(shown[-1])
    return shown


def _kind(cell: Document, language_id: str) -> str:
    """What follows the mark of a cell that is not written in the script's own language."""
    return "" if are_akin(cell.language_id, language_id) else f" [{cell.language_id}]"


def _body(cell: Document, language_id: str, mark: str) -> str:
    """A cell's text in a script of `language_id`: another language's lines as comments, in Markdown as a fence."""
    if are_akin(cell.language_id, language_id):
        return cell.text
    if not mark:
        is_code = cell.cell is None or cell.cell.is_code
        return _fenced(cell) if is_code else cell.text
    comment = mark.removesuffix(" %%")
    return "\n".join(f"{comment} {line}".rstrip() for line in cell.text.rstrip("\n").split("\n"))


def _fenced(cell: Document) -> str:
    bar = "`" * max(3, 1 + max((len(found) for found in _BARS.findall(cell.text)), default=0))
    return f"{bar}{cell.language_id}\n{cell.text.rstrip()}\n{bar}"
