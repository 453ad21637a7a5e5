"""`#variables`: what each brings into a conversation, obeying the same rules as every other context.

A variable that brings nothing (no such file, a secret, an empty selection) raises InvalidInput or BlockedByPolicy and
says which: a user who names a file wants to know that the model did not see it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from halley.core.errors import BlockedByPolicy, InvalidInput
from halley.core.snapshot import Document, Snapshot
from halley.engine.chat_input import Variable, without_variables
from halley.engine.code.notebooks import SUFFIX as NOTEBOOK
from halley.engine.code.notebooks import cells_within, main_language, script_of
from halley.engine.guards.secrecy import is_secret_path
from halley.engine.prompting.context import display_name, display_path
from halley.engine.prompting.conversation import Attachment
from halley.engine.prompting.prompts import render_diagnostics
from halley.features.chat.desk import ChatDesk
from halley.features.chat.turns.search import attach, search_attachments
from halley.features.context.files import open_text_of, read_shown_file
from halley.features.context.shown import check_document, permit
from halley.features.diff import load_shown_diff

MOST_FILES_OF_A_FOLDER = 40
NOTEBOOK_SHARE = 0.25
"""Of the context's tokens, for the cells around one that is asked about."""


async def load_attachments(desk: ChatDesk, variables: Iterable[Variable], text: str = "") -> list[Attachment]:
    """What the variables bring in, in order, each thing once. `#workspace` alone looks for what `text` asks."""
    found: dict[tuple[str, str], Attachment] = {}
    for variable in variables:
        if variable.name == "workspace" and not variable.argument:
            variable = replace(variable, argument=without_variables(text))
        for attachment in await LOADERS[variable.name](desk, variable.argument):
            found.setdefault((attachment.title, attachment.text), attachment)
    return list(found.values())


def selection_attachment(snapshot: Snapshot) -> Attachment:
    """The selected lines, named by their place. Raises BlockedByPolicy for a document that never leaves."""
    check_document(snapshot)
    path, text = display_path(snapshot), snapshot.document.text
    first = text.count("\n", 0, snapshot.selection.start) + 1
    last = text.count("\n", 0, max(snapshot.selection.start, snapshot.selection.end - 1)) + 1
    rows = f"{first}-{last}" if last > first else f"{first}"
    where = f"`{path}:{rows}`"
    if snapshot.document.cell is not None:
        where = f"`{display_name(snapshot)}`, {'lines' if last > first else 'line'} {rows}"
    return attach(where, snapshot.selected_text, path, snapshot.document.language_id, first)


def notebook_attachment(snapshot: Snapshot) -> Attachment | None:
    """The other cells of a cell's notebook, as many as a quarter of the context holds; None where there are none."""
    budget = int(snapshot.settings.context.max_tokens * NOTEBOOK_SHARE)
    cells = cells_within(snapshot, budget)
    if not cells:
        return None
    path = display_path(snapshot)
    return attach(f"Other cells of `{path}`", script_of(cells), path, main_language(cells))


async def _selection(desk: ChatDesk, _argument: str) -> list[Attachment]:
    snapshot = _here(desk, "#selection")
    if snapshot.selection.is_empty:
        raise InvalidInput("Nothing is selected.", "Select something, or use #buffer.")
    return [selection_attachment(snapshot)]


async def _buffer(desk: ChatDesk, _argument: str) -> list[Attachment]:
    snapshot = _here(desk, "#buffer")
    check_document(snapshot)
    path, cells = display_path(snapshot), snapshot.cells
    if cells:  # what a user calls the file is the notebook
        return [attach(f"`{path}`", script_of(cells, snapshot.document.uri), path, main_language(cells))]
    return [attach(f"`{path}`", snapshot.document.text, path, snapshot.document.language_id)]


async def _file(desk: ChatDesk, argument: str) -> list[Attachment]:
    return [await _read(desk, argument)]


async def _folder(desk: ChatDesk, argument: str) -> list[Attachment]:
    if desk.around.project is None:
        raise _no_workspace("#folder")
    await desk.around.project.refresh(desk.around.settings.context.exclude)
    folder = argument.strip("/")
    inside = sorted(p for p in desk.around.project.files if not folder or p.startswith(f"{folder}/"))
    if not inside:
        raise InvalidInput(
            f"There is no folder {argument or '.'} with files to show.", "Name one of the workspace's."
        )
    return [await _read(desk, path) for path in inside[:MOST_FILES_OF_A_FOLDER]]


async def _symbol(desk: ChatDesk, argument: str) -> list[Attachment]:
    if desk.around.project is None:
        raise _no_workspace("#symbol")
    await desk.around.project.refresh(desk.around.settings.context.exclude)
    texts = await _texts_of(desk, desk.around.project.by_name.get(argument, ()))
    found = desk.around.project.defined((argument,), texts).get(argument, [])
    if not found:
        raise InvalidInput(f"No definition of {argument} was found.", "Check the name, or use #file:path.")
    return [
        attach(f"`{d.path}:{d.first_line}` defines `{d.name}`", d.text, d.path, d.language_id, d.first_line)
        for d in found[:4]
    ]


async def _diagnostics(desk: ChatDesk, _argument: str) -> list[Attachment]:
    snapshot = _here(desk, "#diagnostics")
    check_document(snapshot)
    listed = render_diagnostics(snapshot.diagnostics, snapshot.document.text)
    return [attach(f"Diagnostics of `{display_name(snapshot)}`", listed or "None.", language_id="plaintext")]


async def _diff(desk: ChatDesk, _argument: str) -> list[Attachment]:
    if desk.around.workspace is None:
        raise _no_workspace("#diff")
    diff = await load_shown_diff(
        desk.around.workspace.root, staged=False, exclude=desk.around.settings.context.exclude
    )
    if not diff.strip():
        raise InvalidInput("There are no changes.", "#diff shows uncommitted changes.")
    return [attach("Uncommitted changes", diff, language_id="diff")]


async def _staged(desk: ChatDesk, _argument: str) -> list[Attachment]:
    """For `/commit`: what is staged, and with nothing staged all changes."""
    if desk.around.workspace is None:
        raise _no_workspace("/commit")
    diff = await load_shown_diff(
        desk.around.workspace.root, staged=True, exclude=desk.around.settings.context.exclude
    )
    if not diff.strip():
        raise InvalidInput("There is nothing to commit.", "Change or stage something first (`git add`).")
    return [attach("Changes to commit", diff, language_id="diff")]


async def _open(desk: ChatDesk, _argument: str) -> list[Attachment]:
    return [_of_document(desk, document) for document in _open_documents(desk)]


async def _recent(desk: ChatDesk, _argument: str) -> list[Attachment]:
    return [_of_document(desk, document) for document in _open_documents(desk)[:3]]


async def _resource(desk: ChatDesk, argument: str) -> list[Attachment]:
    """`server:address`, read through the user's tool server. What it says is data, and cut to size."""
    from halley.features.chat.tool_offers import read_resource

    title, text = await read_resource(desk, argument)
    return [attach(title, text, language_id="text")]


LOADERS: dict[str, Callable[[ChatDesk, str], Awaitable[list[Attachment]]]] = {
    "selection": _selection,
    "buffer": _buffer,
    "file": _file,
    "folder": _folder,
    "symbol": _symbol,
    "diagnostics": _diagnostics,
    "diff": _diff,
    "staged": _staged,
    "open": _open,
    "recent": _recent,
    "workspace": search_attachments,
    "resource": _resource,
}


async def _read(desk: ChatDesk, path: str) -> Attachment:
    """A file of the workspace by its relative path; the editor's text where it is open there."""
    if desk.around.workspace is None:
        raise _no_workspace("#file")
    plain, text = await asyncio.to_thread(
        read_shown_file,
        desk.around.workspace.root,
        path,
        desk.around.settings.context.exclude,
        lambda uri: open_text_of(desk.snapshot, uri),
    )
    # Only now that the file may be shown is the editor asked for it, where it does not tell of its own accord.
    return attach(f"`{plain}`", (await _texts_of(desk, (plain,))).get(plain, text), plain)


async def _texts_of(desk: ChatDesk, paths: Iterable[str]) -> dict[str, str]:
    """Path within the workspace → its text in an editor that has to be asked; notebooks are read from the disk."""
    if desk.read_text is None or desk.around.root is None:
        return {}
    wanted = [path for path in paths if not path.endswith(NOTEBOOK)]
    texts = [await desk.read_text(desk.around.root / path) for path in wanted]
    return {path: text for path, text in zip(wanted, texts, strict=True) if text is not None}


def _open_documents(desk: ChatDesk) -> list[Document]:
    snapshot = _here(desk, "#open")
    return permit(desk.around.project, snapshot).documents


def _of_document(desk: ChatDesk, document: Document) -> Attachment:
    path = document.uri.rsplit("/", 1)[-1]
    if document.cell is not None:
        path = f"{document.cell.notebook.rsplit('/', 1)[-1]}, cell {document.cell.number or '?'}"
    elif document.path and desk.around.workspace and document.path.is_relative_to(desk.around.workspace.root):
        path = document.path.relative_to(desk.around.workspace.root).as_posix()
    if document.path and is_secret_path(document.path):
        raise BlockedByPolicy(f"{path} is a kind of file that holds secrets.", "It is never sent to a model.")
    return attach(f"`{path}`", document.text, path, document.language_id)


def _here(desk: ChatDesk, variable: str) -> Snapshot:
    if desk.snapshot is None:
        raise InvalidInput(f"{variable} needs a document.", "Ask from a document, or use #file:path.")
    return desk.snapshot


def _no_workspace(variable: str) -> InvalidInput:
    return InvalidInput(f"{variable} needs a workspace.", "Open a folder in the editor.")
