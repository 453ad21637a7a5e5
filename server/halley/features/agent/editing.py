"""Tools that change files: each call becomes one change of one file, made for the text that was read for it.

Between the question and the answer the user may type: the workbench then moves the change along or refuses it, and the
model reads again. What is edited in an editor is one undo step there.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from halley.core.agent import Finding
from halley.core.editing import Applied, Refused
from halley.core.errors import BlockedByPolicy, InvalidInput
from halley.core.events import Checkpointed
from halley.core.snapshot import Document
from halley.core.text import (
    Change,
    CreateFile,
    DeleteFile,
    DocumentEdit,
    Edit,
    RenameFile,
    WorkspaceChange,
    apply_edits,
)
from halley.engine.code.languages import language_id_of
from halley.engine.code.notebooks import SUFFIX
from halley.engine.code.syntax import syntax_errors
from halley.engine.edits.hunks import hunks_of
from halley.engine.edits.rebase import rebase_edits
from halley.engine.guards.invisible import name_of, new_invisible_characters
from halley.engine.replies.exact import Replacement, replace_in
from halley.features.agent.diffs import diff_of, told_in_part
from halley.features.agent.language import new_diagnostics
from halley.features.agent.on_disk import path_of_uri
from halley.features.agent.paths import AgentPlace
from halley.features.agent.work import AgentWork, flag_of, text_of
from halley.features.tools.toolbox import Prepared
from halley.mcp.values import Outcome

MOST_TEXT = 1_000_000
"""Characters of a file that a call writes."""
MOST_ERRORS = 10
SHAPE = "any file of the workspace"
"""What a permanent approval of an editing tool is for. Protected files are never part of it."""


async def prepare_edit(work: AgentWork, arguments: Mapping[str, Any], _call: str) -> Prepared:
    place = work.place(arguments)
    document = await existing(work, place)
    wanted = Replacement(
        text_of(arguments, "old_text"), text_of(arguments, "new_text"), flag_of(arguments, "all")
    )
    edit = replace_in(document, place.name, [wanted])
    if isinstance(edit, str):
        raise InvalidInput(edit)
    return _edit(work, place, document, edit)


async def prepare_creation(work: AgentWork, arguments: Mapping[str, Any], _call: str) -> Prepared:
    place, text = work.place(arguments), text_of(arguments, "text")
    check_text(place, text)
    document = await work.bench.read(place.path)
    # An empty file was mostly made for this, and may be open: filled by an edit it stays one undo step.
    if document is not None and not document.text.strip():
        edit = DocumentEdit(document.uri, document.version, (Edit(0, len(document.text), text),))
        return _edit(work, place, document, edit)
    # A link that leads nowhere exists too, and writing would go to where it leads.
    if document is not None or await asyncio.to_thread(os.path.lexists, place.path):
        raise InvalidInput(f"{place.name} exists already.", "Change it with edit_file.")
    change = CreateFile(place.uri, text)
    return _prepared(work, place, change, {}, "", text, f"Created {place.name}.")


async def prepare_move(work: AgentWork, arguments: Mapping[str, Any], _call: str) -> Prepared:
    place, to = work.place(arguments), work.place(arguments, "to")
    document = await existing(work, place)
    if await work.bench.read(to.path) is not None or await asyncio.to_thread(os.path.lexists, to.path):
        raise InvalidInput(f"{to.name} exists already.", "Choose another name.")
    change = RenameFile(document.uri, to.uri)
    both = AgentPlace(place.path, place.name, " ".join(filter(None, (place.why, to.why))))
    said = f"Moved {place.name} to {to.name}."
    diff = f"rename {place.name}\n    to {to.name}\n"
    return _prepared(work, both, change, {document.uri: document}, diff=diff, said=said, surely=True)


async def prepare_deletion(work: AgentWork, arguments: Mapping[str, Any], _call: str) -> Prepared:
    place = work.place(arguments)
    document = await existing(work, place)
    change, base = DeleteFile(document.uri), {document.uri: document}
    return _prepared(work, place, change, base, document.text, "", f"Deleted {place.name}.", surely=True)


def _edit(work: AgentWork, place: AgentPlace, document: Document, edit: DocumentEdit) -> Prepared:
    new = apply_edits(document.text, edit.edits)
    check_text(place, new)
    base, said = {document.uri: document}, f"Edited {place.name}."
    hunks = hunks_of(document.text, edit.edits)

    def part(chosen: frozenset[int]) -> Prepared:
        edits = tuple(one for number in sorted(chosen) for one in hunks[number].edits)
        some = replace(edit, edits=edits)
        text = apply_edits(document.text, edits)
        told = told_in_part(place.name, chosen, len(hunks), document.text, text, new)
        return _prepared(work, place, some, base, document.text, text, told)

    whole = _prepared(work, place, edit, base, document.text, new, said)
    return replace(whole, hunks=hunks, part=part)


def _prepared(
    work: AgentWork,
    place: AgentPlace,
    change: Change,
    base: Mapping[str, Document],
    old: str = "",
    new: str = "",
    said: str = "",
    *,
    diff: str = "",
    surely: bool = False,
) -> Prepared:
    """`surely`: asked about even where edits are free."""
    why = " ".join(filter(None, (place.why, why_look(old, new))))

    async def run(_limit_s: float) -> Outcome:
        return await _apply(work, place, change, base, said)

    return Prepared(
        run, asks=surely or bool(why) or work.settings.approve_edits, always=not why, shape=SHAPE, why=why,
        diff=diff or diff_of(place.name, old, new),
    )  # fmt: skip


async def _apply(
    work: AgentWork, place: AgentPlace, change: Change, base: Mapping[str, Document], said: str
) -> Outcome:
    before = await work.language.diagnostics(place.path) if work.language else ()
    answer = await make_change(work, place, change, base, said.partition("\n")[0].rstrip(".:"))
    if isinstance(answer, Refused):
        return Outcome(f"{answer.problem.message} {answer.problem.help}".strip(), failed=True)
    moved = " The text had changed elsewhere meanwhile; both changes are in it." if answer.moved else ""
    return Outcome(f"{said}{moved}{await errors_after(work, place, base, before)}")


async def make_change(
    work: AgentWork, place: AgentPlace, change: Change, base: Mapping[str, Document], label: str
) -> Applied | Refused:
    """One approved change of one file, with what it replaces kept. Raises what `AgentWork.place` raises."""
    # Again, because a link may have been put there since the user looked.
    work.place({"path": place.name})
    # Before the edit, which leaves the document unsaved itself: only a file that was clean may be saved for a
    # command.
    clean = place.path not in work.bench.unsaved()
    touched = _touched(work, place, change)
    await _keep_before(work, touched, change, base)
    answer = await work.bench.apply(WorkspaceChange((change,), label), base)
    await _keep_after(work, touched, made=not isinstance(answer, Refused))
    if not isinstance(answer, Refused):
        work.edited.setdefault(place.path, clean)
    return answer


def _touched(work: AgentWork, place: AgentPlace, change: Change) -> list[AgentPlace]:
    """The files that a change touches: a move two."""
    if not isinstance(change, RenameFile):
        return [place]
    to = path_of_uri(change.new_uri)
    return [place, work.place({"path": to.relative_to(work.root).as_posix()})]


async def _keep_before(
    work: AgentWork, places: Sequence[AgentPlace], change: Change, base: Mapping[str, Document]
) -> None:
    """As the user has them now, which may be other than what the change was made for."""
    if work.keeper is None:
        return
    texts = [document.text if (document := await work.bench.read(place.path)) else None for place in places]
    will = _texts_after(change, texts, base)
    for place, now, after in zip(places, texts, will, strict=True):
        if await work.keeper.before(place.name, now, after):
            work.tell(Checkpointed(work.keeper.id))


def _texts_after(
    change: Change, texts: Sequence[str | None], base: Mapping[str, Document]
) -> list[str | None]:
    """What a change makes of the files that it touches."""
    now = texts[0]
    match change:
        case RenameFile():
            return [None, now]
        case DeleteFile():
            return [None]
        case CreateFile(_, text):
            return [text]
        case DocumentEdit(uri, _, edits):
            was = base[uri].text
            rebased = rebase_edits(was, was if now is None else now, edits)
            # Where the user typed in the same place the edit is about to be refused.
            return [now if now is None or rebased.conflicts else apply_edits(now, rebased.edits)]


async def _keep_after(work: AgentWork, places: Sequence[AgentPlace], *, made: bool) -> None:
    for place in places:
        if work.keeper is not None:
            now = await work.bench.read(place.path)
            await work.keeper.after(place.name, made=made, now=now.text if now else None)


async def errors_after(
    work: AgentWork, place: AgentPlace, base: Mapping[str, Document], before: Sequence[Finding]
) -> str:
    """What language servers find now or no longer parses, so that the model need not ask for it."""
    now = await work.bench.read(place.path)
    if now is None:
        return ""
    if found := await new_diagnostics(work.language, place.path, before):
        rows = (f"{place.name}:{one.line}: {one.severity}: {one.message}" for one in found)
        return "\nThe editor reports since then:\n" + "\n".join(rows)
    language = language_id_of(place.name)
    found = await asyncio.to_thread(syntax_errors, now.text, language)
    old = next((document.text for document in base.values()), "")
    # Errors that were there before are not the model's doing; told of them it would mend something else.
    known = {what for _, what in await asyncio.to_thread(syntax_errors, old, language)}
    new = [f"{place.name}:{line}: {what}" for line, what in found if what not in known][:MOST_ERRORS]
    return "\nIt does not parse any more:\n" + "\n".join(new) if new else ""


async def existing(work: AgentWork, place: AgentPlace) -> Document:
    if place.name.endswith(SUFFIX):
        raise BlockedByPolicy(f"{place.name} is a notebook.", "Notebooks are not changed by tools.")
    document = await work.bench.read(place.path)
    if document is None:
        raise InvalidInput(
            f"There is no text file {place.name}.", "List the files, or make it with create_file."
        )
    return document


def check_text(place: AgentPlace, text: str) -> None:
    if place.name.endswith(SUFFIX):
        raise BlockedByPolicy(f"{place.name} is a notebook.", "Notebooks are not changed by tools.")
    if len(text) > MOST_TEXT or "\0" in text:
        raise InvalidInput(f"{place.name} would be too large, or no text.", "Write less.")


def why_look(old: str, new: str) -> str:
    found = new_invisible_characters(new, old)
    if not found:
        return ""
    names = ", ".join(dict.fromkeys(name_of(character) for _, character in found[:5]))
    return f"The new text contains invisible characters ({names})."
