"""The new text of each file a reply changes, while it is being read; and what could not be placed.

`Drafts` collects; `Drafts.change` is the result: minimal edits for files that exist, creations, renames and deletions
for the rest. A file's edits are all made against the text it had when the reply was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

from halley.core.errors import Problem
from halley.core.snapshot import Selection
from halley.core.text import (
    Change,
    CreateFile,
    DeleteFile,
    DocumentEdit,
    Edit,
    RenameFile,
    WorkspaceChange,
    apply_edits,
    split_lines,
)
from halley.engine.code.layout import content, fit_newlines, newline_of
from halley.engine.code.notebooks import SUFFIX, parse_notebook
from halley.engine.code.regions import line_span
from halley.engine.edits.build import refine_edits
from halley.engine.guards.invisible import name_of, new_invisible_characters
from halley.engine.replies.hunks import Hunk, Placed, join_rows, place_hunk
from halley.engine.replies.imports import hoist_imports
from halley.engine.replies.insert import insert_block
from halley.engine.replies.pieces import left_out
from halley.engine.replies.place import Change as RowChange
from halley.engine.replies.place import as_stretches, is_whole, place_block
from halley.engine.replies.rows import Rows, Spans
from halley.engine.replies.target import File, Target, find_file, target_file
from halley.engine.replies.unified_diff import FileDiff

_HELP = "It is saved and shown; put it in by hand, or ask again."
_REASONS: dict[str, str] = {
    "missing": "its old lines are not there",
    "ambiguous": "its old lines are there more than once",
    "elided": "it is unclear what its placeholders stand for",
    "empty": "it does not say where it belongs",
    "overlap": "it overlaps another part of the reply",
    "partial": "it holds only a piece of the code, and not which",
}


class Drafts:
    """What a reply comes to, for one target."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.problems: list[Problem] = []
        self.kept: list[str] = []
        self.keep_all = False
        self.reasons: list[str] = []
        self._spans: dict[str, tuple[File, Spans]] = {}
        self._rows: dict[str, Rows] = {}
        self._operations: list[Change] = []

    @property
    def confirm(self) -> str:
        """Why a user should look first; empty when there is no reason to."""
        return " ".join(self.reasons)

    # -- what is not placed

    def refuse(self, message: str, help: str) -> None:
        """Nothing of the reply is used; all of it is saved."""
        self.problems.append(Problem("bad_reply", message, help))
        self.keep_all = True

    def problem(self, message: str, text: str, code: str = "bad_reply") -> None:
        """A part of the reply is not used; it is saved, or all of the reply where the part means nothing by itself."""
        self.problems.append(Problem(code, message, _HELP))
        self.kept.append(text)
        self.keep_all = self.keep_all or not text.strip()

    # -- what is

    def add_blocks(self, blocks: Sequence[Sequence[str]]) -> None:
        """Whole blocks for the part asked about."""
        file, target = target_file(self.target), self.target
        for block in blocks:
            if file.document is None or not file.text.strip():
                self._create(file, block)
            elif target.selection.is_empty:
                self._insert(file, block)
            else:
                self._replace_part(file, block, target.selection)

    def add_file(self, path: str, block: Sequence[str]) -> None:
        """A block that names its file: all of it, or some of its definitions."""
        file = find_file(path, self.target)
        if isinstance(file, str):
            self.problem(
                f"The reply names a file that cannot be written: {file}.", _text(block), "blocked_by_policy"
            )
        elif file.document is None or not file.text.strip():
            self._create(file, block)
        else:
            self._replace_part(file, block, Selection(0, len(file.text)))

    def add_hunks(self, hunks: Sequence[Hunk]) -> None:
        for number, hunk in enumerate(hunks, 1):
            file = find_file(hunk.path, self.target) if hunk.path else target_file(self.target)
            self._add_hunk(file, hunk, f"Hunk {number} of {len(hunks)}" if len(hunks) > 1 else "The hunk")

    def add_diff(self, diff: FileDiff) -> None:
        """One file's part of a diff, which may also create, rename or delete it."""
        file = find_file(diff.path, self.target) if diff.path else target_file(self.target)
        if isinstance(file, str) or not _moves(diff):
            self.add_hunks(diff.hunks)
            return
        # Nothing undoes a deleted file in an editor's buffer, so it is never done without approval.
        if diff.new_path == "" and file.document is not None:
            self.reasons.append(f"The reply deletes {file.path}.")
            self._operations.append(DeleteFile(file.uri))
            return
        if diff.new_path and diff.old_path and diff.new_path != diff.old_path:
            self._rename(file, diff.new_path)
        self.add_hunks(diff.hunks)

    def change(self) -> WorkspaceChange:
        """Everything that was placed, as one change."""
        parts: list[Change] = []
        for file, spans in self._spans.values():
            part = self._finished(file, spans.edits)
            if part is not None:
                parts.append(part)
        creations = [part for part in self._operations if isinstance(part, CreateFile)]
        others = [part for part in self._operations if not isinstance(part, CreateFile)]
        # In the order editors apply them: a file must exist before it is edited, and be edited before it is moved
        # away.
        return WorkspaceChange((*creations, *parts, *others))

    # -- one file

    def _add_hunk(self, file: File | str, hunk: Hunk, which: str) -> None:
        if isinstance(file, str):
            self.problem(
                f"{which} names a file that cannot be written: {file}.", hunk.source, "blocked_by_policy"
            )
        elif not any(line.strip() for line in hunk.old) and not file.text.strip():
            self._create(file, hunk.new)
        else:
            rows = self._rows_of(file)
            placed = place_hunk(hunk, rows.finder, self._selected_rows(file, rows))
            reason = placed if isinstance(placed, str) else self._put_rows(file, rows, placed)
            if reason:
                name = f" in {file.path}" if file.path else ""
                self.problem(f"{which} could not be placed{name}: {_REASONS[reason]}.", hunk.source)

    def _rows_of(self, file: File) -> Rows:
        if file.uri not in self._rows:
            self._rows[file.uri] = Rows(file.text)
        return self._rows[file.uri]

    def _selected_rows(self, file: File, rows: Rows) -> tuple[int, int] | None:
        selection = self.target.selection
        if file.uri != self.target.uri or selection.is_empty:
            return None
        return rows.touched(selection)

    def _put_rows(self, file: File, rows: Rows, placed: Placed) -> str:
        return self._put(
            file, RowChange(placed.first, placed.last, join_rows(placed, rows.rows, rows.newline))
        )

    def _replace_part(self, file: File, block: Sequence[str], selection: Selection) -> None:
        rows = self._rows_of(file)
        part, free = rows.touched(selection), self.target.layout == "free"
        placed = as_stretches(block, rows.rows, part, free=free)
        if placed is None:
            text = _within_lines(block, file.text, selection)
            if text is not None and not is_whole(block, rows.bare, part):
                reason = self._put_span(file, Edit(selection.start, selection.end, text))
                return self._report(reason, block)
            hoisted = self._hoisted(file, block, rows, part)
            placed = place_block(hoisted, rows.rows, part, free=free, is_new=hoisted is not block)
            block = hoisted
        if isinstance(placed, str):
            return self._report(placed, block)
        self._ask_about_losses(
            [row for change in placed for row in rows.bare[change.first : change.last]],
            "".join(change.text for change in placed),
        )
        for change in placed:
            self._report(self._put(file, change), block)
        return None

    def _ask_about_losses(self, old: Sequence[str], text: str) -> None:
        """A definition that the reply does not speak of may be meant to go, or only have been left out."""
        if names := left_out(old, [content(row) for row in split_lines(text)]):
            said = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
            self.reasons.append(f"The reply leaves out {said}.")

    def _insert(self, file: File, block: Sequence[str]) -> None:
        target = self.target
        at = target.selection.start
        free = target.layout == "free"
        rows = self._rows_of(file)
        row = rows.touched(target.selection)[0]
        block = self._hoisted(file, block, rows, (row, row))
        made = insert_block(block, file.text, at, language_id=target.language_id, free=free)
        if isinstance(made, str):
            self._report(self._put_span(file, Edit(at, at, made)), block)
        else:
            self._report(self._put(file, made), block)

    def _hoisted(self, file: File, block: Sequence[str], rows: Rows, part: tuple[int, int]) -> Sequence[str]:
        """The block, its imports having gone to the file's own."""
        block, imports = hoist_imports(block, rows.rows, part)
        if imports is not None:
            self._put(file, imports)
        return block

    def _create(self, file: File, block: Sequence[str]) -> None:
        """A new file, or an empty one filled."""
        text = "\n".join(block).strip("\n") + "\n"
        if file.document is None and _is_no_notebook(file, text):
            self.problem(f"{file.path} would be no notebook.", _text(block))
        elif file.document is None:
            self._warn_invisible(text, "", file)
            if file.uri != self.target.uri:  # asked for was another: a reply must not add what runs by itself
                self.reasons.append(f"The reply creates {file.path}.")
            self._operations.append(CreateFile(file.uri, text))
        else:
            self._put_span(
                file, Edit(0, len(file.text), fit_newlines(text, file.text, newline_of(file.text)))
            )

    def _rename(self, file: File, path: str) -> None:
        to = find_file(path, self.target)
        if isinstance(to, str) or to.document is not None or file.document is None:
            reason = to if isinstance(to, str) else f"'{path}' already exists"
            self.problem(f"The reply renames a file to an invalid name: {reason}.", path, "blocked_by_policy")
            return
        self.reasons.append(f"The reply renames {file.path} to {to.path}.")
        self._operations.append(RenameFile(file.uri, to.uri))

    # -- spans

    def _put(self, file: File, change: RowChange) -> str:
        starts = self._rows_of(file).starts
        return self._put_span(file, Edit(starts[change.first], starts[change.last], change.text))

    def _put_span(self, file: File, edit: Edit) -> str:
        """Take an edit of the file's own text; the reason when it overlaps one taken before."""
        _, spans = self._spans.setdefault(file.uri, (file, Spans()))
        return "" if spans.take(edit) else "overlap"

    def _report(self, reason: str, block: Sequence[str]) -> None:
        if reason:
            self.problem(f"The reply could not be placed: {_REASONS[reason]}.", _text(block))

    def _finished(self, file: File, spans: Sequence[Edit]) -> Change | None:
        text = apply_edits(file.text, spans)
        if (
            "\r" in file.text
        ):  # a reply may take a line away and add it elsewhere: it is the same line, with its own end
            text = fit_newlines(text, file.text, newline_of(file.text))
            spans = [Edit(0, len(file.text), text)]
        if text == file.text:
            return None
        if parse_notebook(file.text) is not None and _is_no_notebook(file, text):
            self.problem(f"{file.path} would no longer be a notebook.", text)
            return None
        self._warn_invisible(text, file.text, file)
        document = file.document
        version = document.version if document else None
        return DocumentEdit(file.uri, version, refine_edits(file.text, spans))

    def _warn_invisible(self, new: str, old: str, file: File) -> None:
        found = new_invisible_characters(new, old)
        if not found:
            return
        names = ", ".join(dict.fromkeys(name_of(character) for _, character in found[:5]))
        line = new.count("\n", 0, found[0][0]) + 1
        where = f"line {line} of {file.path or 'the file'}"
        message = f"The reply contains invisible characters ({names}), first in {where}."
        help = "They can make code look different from what it does: review before you accept."
        self.problems.append(Problem("bad_reply", message, help))
        self.reasons.append(message)


def _is_no_notebook(file: File, text: str) -> bool:
    """Code for one of its cells, and not the JSON that such a file is made of."""
    return file.path.endswith(SUFFIX) and parse_notebook(text) is None


def _moves(diff: FileDiff) -> bool:
    return diff.new_path is not None and diff.old_path is not None and diff.new_path != diff.old_path


def _within_lines(block: Sequence[str], text: str, selection: Selection) -> str | None:
    """The new text of a part that is less than its lines; None when lines are meant."""
    start, end = line_span(text, selection.start, selection.end)
    head, tail = text[start : selection.start], content(text[selection.end : end])
    if not head.strip() and not tail.strip():
        return None
    lines = [line for line in block if line.strip()]
    if not lines:
        return None
    begins = bool(head.strip()) and lines[0].strip().startswith(head.strip())
    ends = bool(tail.strip()) and lines[-1].strip().endswith(tail.strip())
    if (begins or not head.strip()) and (ends or not tail.strip()):
        return None  # the whole lines, given back with what stands beside the part
    return newline_of(text).join(block).strip()


def _text(block: Sequence[str]) -> str:
    return "\n".join(block)
