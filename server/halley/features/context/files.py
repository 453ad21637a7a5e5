"""Reading a file of the workspace for a model: one set of rules for every caller (`#file`, a tool, another program)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from halley.core.errors import BlockedByPolicy, InvalidInput
from halley.core.snapshot import Snapshot
from halley.engine.code.notebooks import SUFFIX, parse_notebook, script_of
from halley.engine.guards.secrecy import is_secret_path
from halley.stores.workspace.project_files import MOST_BYTES, is_excluded, read_text_file

MOST_NOTEBOOK_BYTES = 16_000_000
"""Notebooks are mostly pictures that their cells have put out, which are left out."""


def read_shown_file(
    root: Path, path: str, exclude: Iterable[str], open_text: Callable[[str], str | None] = lambda _uri: None
) -> tuple[str, str]:
    """(its path within the workspace, its text; the editor's where `open_text(uri)` has it).

    A notebook's text is its cells, without what they put out.
    Raises BlockedByPolicy for what lies outside, holds secrets or is left out, InvalidInput for what is no text.
    """
    plain = PurePosixPath(path.replace("\\", "/"))
    target = root / plain
    if plain.is_absolute() or ".." in plain.parts or not target.resolve().is_relative_to(root.resolve()):
        raise BlockedByPolicy(f"{path} is outside the workspace.", "Name a file of the workspace.")
    if is_secret_path(plain) or is_secret_path(target.resolve().relative_to(root.resolve())):
        raise BlockedByPolicy(f"{path} is a kind of file that holds secrets.", "It is never sent to a model.")
    if is_excluded(root, target, exclude):
        raise BlockedByPolicy(
            f"{path} is ignored or excluded.", "See .gitignore and the setting `context.exclude`."
        )
    text = shown_text(root, str(plain), open_text)
    if text is None:
        raise InvalidInput(
            f"{path} could not be read as text.", "Name a text file of the workspace, up to 1 MB."
        )
    return str(plain), text


def shown_text(root: Path, path: str, open_text: Callable[[str], str | None]) -> str | None:
    """A listed file's text as a model sees it; None where it has none that can be read."""
    is_notebook = path.endswith(SUFFIX)
    text = open_text((root / path).as_uri())
    if text is None:  # an open file may be empty
        text = read_text_file(root, path, MOST_NOTEBOOK_BYTES if is_notebook else MOST_BYTES)
    if text is not None and is_notebook and (cells := parse_notebook(text)) is not None:
        return script_of(cells)
    return text


def open_text_of(snapshot: Snapshot | None, uri: str) -> str | None:
    """A file's text as the editor has it; a notebook's is that of its cells. None for one that is not open."""
    if snapshot is None:
        return None
    documents = (snapshot.document, *snapshot.open_documents.values())
    for document in documents:
        if document.uri == uri:
            return document.text
    cells = [
        document
        for document in (*snapshot.cells, *documents)
        if document.cell and document.cell.number and document.path and document.path.as_uri() == uri
    ]
    numbered = {document.cell.number: document for document in cells if document.cell}
    return script_of([numbered[number] for number in sorted(numbered)]) if numbered else None
