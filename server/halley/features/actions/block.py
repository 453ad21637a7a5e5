"""A block of code from a chat's reply as a change: read exactly as an action's reply would be.

Where it goes: the file that it names; else the selection; else the definitions it redefines; else its home
(`engine/code/homes.py`), tests in the file of tests. A place that is not certain is a proposal, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from halley.core.events import Finish
from halley.core.snapshot import Selection, Snapshot
from halley.core.text import CreateFile, DocumentEdit, Edit, WorkspaceChange, apply_edits, split_lines
from halley.engine.code.definitions import definitions, top_level
from halley.engine.code.homes import Home, find_home
from halley.engine.code.layout import content, fit_style, newline_of, shift, style_of, width
from halley.engine.code.notebooks import parse_notebook
from halley.engine.code.regions import Span, line_span
from halley.engine.code.symbols import definitions as symbols
from halley.engine.code.syntax import syntax_errors
from halley.engine.code.test_files import is_test, is_test_file
from halley.engine.prompting.context import display_path
from halley.engine.prompting.prompts import fence
from halley.engine.replies.choosing import is_language
from halley.engine.replies.imports import hoist_imports
from halley.engine.replies.insert import strip_blank_lines
from halley.engine.replies.target import File, find_file
from halley.features.actions.action import Edited
from halley.features.actions.rewrite import read_edit, target_of
from halley.features.actions.tests import document_of, find_test_file
from halley.features.ask import ModelReply

_LABEL = "Apply a block of a chat"


def edit_of_block(snapshot: Snapshot, text: str, language: str = "", file: str = "") -> Edited:
    """What the block's `text` makes of the snapshot's document; `language` and `file` as its fence names them."""
    if file:
        snapshot = _with_file(snapshot, file)
        found = find_file(file, target_of(snapshot, (0, 0), was_cut=False))
        if not isinstance(found, File) or found.document is None or parse_notebook(found.text) is not None:
            return _read(snapshot, text, language, file)
        if found.uri != snapshot.document.uri:
            document = snapshot.open_documents[found.uri]
            snapshot = replace(snapshot, document=document, selection=Selection(0, 0))
    snapshot = _cell_with(snapshot, text)
    if is_language(language, snapshot.document.language_id) is False:
        return _doubted(_new(snapshot, text, ""), f"The block is {language}, this file is not.")
    lines = text.split("\n")
    if not snapshot.selection.is_empty or _known(snapshot, text):
        return _read(snapshot, text, language, "")
    if is_test(lines, snapshot.document.language_id) and not is_test_file(
        PurePosixPath(display_path(snapshot))
    ):
        return _tests(snapshot, text, language)
    return _new(snapshot, text, language)


def block_span(snapshot: Snapshot, block: str) -> Span:
    """What a block stands for: the selection in whole lines, else the definitions it redefines, else the cursor."""
    text, selection = snapshot.document.text, snapshot.selection
    if not selection.is_empty:
        return line_span(text, selection.start, selection.end)
    return _known(snapshot, block) or (selection.start, selection.start)


def _known(snapshot: Snapshot, block: str) -> Span | None:
    text = snapshot.document.text
    wanted = {one.name for one in top_level(definitions(block.splitlines()))}
    known = [one for one in symbols(text, snapshot.document.language_id) if one.name in wanted]
    if not known:
        return None
    first, last = min(one.start for one in known), max(one.end for one in known)
    return line_span(text, first, last)


def _cell_with(snapshot: Snapshot, block: str) -> Snapshot:
    """In a notebook, where the user's own cell has nothing of the block: the only cell that defines what it defines."""
    if not snapshot.selection.is_empty or _known(snapshot, block):
        return snapshot
    cells = [replace(snapshot, document=cell, selection=Selection(0, 0)) for cell in snapshot.cells]
    holding = [cell for cell in cells if _known(cell, block)]
    return holding[0] if len(holding) == 1 else snapshot


def _read(snapshot: Snapshot, text: str, language: str, file: str) -> Edited:
    info = " ".join(part for part in (language, file) if part)
    block = ModelReply(fence(text, info), finish=Finish("stop"))
    return read_edit(snapshot, block_span(snapshot, text), block, _LABEL)


def _with_file(snapshot: Snapshot, file: str) -> Snapshot:
    """With the file that the block names among the known ones, where it exists."""
    root = snapshot.workspace.root if snapshot.workspace else None
    name = PurePosixPath(file)
    if root is None or name.is_absolute() or ".." in name.parts:
        return snapshot
    document = document_of(snapshot, root / name)
    if document is None or document.uri == snapshot.document.uri:
        return snapshot
    return replace(snapshot, open_documents={**snapshot.open_documents, document.uri: document})


def _tests(snapshot: Snapshot, text: str, language: str) -> Edited:
    """Into the file of tests, which is created only with approval."""
    home, existing = find_test_file(snapshot)
    if existing is not None:
        end = len(existing.text)
        return edit_of_block(
            replace(snapshot, document=existing, selection=Selection(end, end)), text, language
        )
    if snapshot.workspace is None or not home:
        return _new(snapshot, text, language)
    uri = (snapshot.workspace.root / home).as_uri()
    created = CreateFile(uri, text.strip("\n") + "\n")
    return Edited(WorkspaceChange((created,), f"Create {home}"), confirm=f"This creates {home}.")


def _new(snapshot: Snapshot, text: str, language: str) -> Edited:
    """A block that the document has nothing of yet, at its home."""
    document = snapshot.document
    lines = strip_blank_lines(text.split("\n"))
    if not lines or not document.text.strip():
        return _read(snapshot, text, language, "")
    home = find_home(document.text, document.language_id, lines, snapshot.selection.start)
    lines = _without_known_imports(lines, document.text) if home.gap == 0 else lines
    if home.indent is None:
        edited = _read(replace(snapshot, selection=Selection(home.at, home.at)), text, language, "")
    else:
        edited = _put(snapshot, lines, home, home.indent)
    return _doubted(edited, home.doubt or _broken(snapshot, edited))


def _without_known_imports(lines: Sequence[str], text: str) -> list[str]:
    known = {line.strip() for line in text.split("\n")}
    return [line for line in lines if line.strip() not in known]


def _put(snapshot: Snapshot, block: Sequence[str], home: Home, indent: int) -> Edited:
    """At a row's start, set off by blank lines; its imports to the file's own."""
    document = snapshot.document
    rows = split_lines(document.text)
    bare = [content(row) for row in rows]
    row = (
        document.text.count("\n", 0, home.at) if home.at < len(document.text) else len(rows) - (not rows[-1])
    )
    if not block:
        return Edited(WorkspaceChange((), _LABEL))
    block, imports = hoist_imports(block, rows, (row, row))
    style = style_of(bare, document.language_id)
    fitted = fit_style(strip_blank_lines(block), style)
    fitted = shift(fitted, indent - width(fitted[0]), style)
    newline = newline_of(document.text)
    joined = newline.join(_set_off(fitted, bare, row, home.gap))
    is_open = home.at == len(document.text) and not document.text.endswith(("\n", "\r"))
    edits = [Edit(home.at, home.at, newline + joined if is_open else joined + newline)]
    if imports is not None:
        at = sum(map(len, rows[: imports.first]))
        edits.insert(0, Edit(at, at, imports.text))
    change = DocumentEdit(document.uri, document.version, tuple(edits))
    return Edited(WorkspaceChange((change,), _LABEL))


def _set_off(block: Sequence[str], rows: Sequence[str], row: int, gap: int) -> list[str]:
    """With the blank lines that are missing above and below it; none after what leads to it, or before an end."""
    above = next((n for n, line in enumerate(reversed(rows[:row])) if line.strip()), None)
    below = next((n for n, line in enumerate(rows[row:]) if line.strip()), None)
    head = tail = 0
    if above is not None and not (above == 0 and _leads_in(rows[row - 1])):
        head = max(0, gap - above)
    if below is not None and not rows[row + below].lstrip().startswith(("}", "end", ")", "]")):
        tail = max(0, gap - below)
    return [""] * head + list(block) + [""] * tail


def _leads_in(line: str) -> bool:
    return line.rstrip().endswith(("{", ":", "(")) or line.lstrip().startswith(("#", "//", "--", "@"))


def _broken(snapshot: Snapshot, edited: Edited) -> str:
    """Whether a file that parses would no longer do so."""
    document = snapshot.document
    for part in edited.change.changes:
        if isinstance(part, DocumentEdit) and part.uri == document.uri:
            after = apply_edits(document.text, part.edits)
            if syntax_errors(after, document.language_id) and not syntax_errors(
                document.text, document.language_id
            ):
                return "With the block there the file would not parse."
    return ""


def _doubted(edited: Edited, reason: str) -> Edited:
    return replace(edited, confirm=f"{edited.confirm} {reason}".strip()) if reason else edited
