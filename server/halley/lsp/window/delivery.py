"""What becomes of an outcome: a change is applied, proposed or refused, an answer opened, media offered for saving.

Every change goes through the window's `Editor` (`editor.py`). Whether it may simply be applied is decided here, in one
place: `deliver_edit`. What cannot be applied is shown, never lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from halley.core.editing import Refused
from halley.core.errors import Problem, error_of
from halley.core.ports import Editor
from halley.core.snapshot import Document, Snapshot
from halley.core.text import DocumentEdit
from halley.features.actions.action import Edited, Made, Outcome, TextAnswer
from halley.features.proposals import accept_proposal
from halley.lsp.window.editor import editor_of
from halley.lsp.window.proposing import announce
from halley.lsp.window.showing import path_of, show_message

if TYPE_CHECKING:
    from halley.lsp.window.session import Session

Json = dict[str, Any]


async def deliver(session: Session, snapshot: Snapshot, outcome: Outcome, *, preview: bool = False) -> Json:
    """Make an outcome visible, and say what became of it."""
    if isinstance(outcome, Made):
        return await _deliver_media(session, snapshot, outcome)
    if isinstance(outcome, TextAnswer):
        return await _deliver_text(session, outcome)
    return await deliver_edit(session, outcome, {snapshot.document.uri: snapshot.document}, preview=preview)


async def _deliver_text(session: Session, outcome: TextAnswer) -> Json:
    """Shown with its problem. Plugins of ours resume a run themselves; elsewhere the text says how."""
    text, resume = outcome.text, outcome.resume
    if resume and not session.client.asks:
        from halley.features.macros.run import how_to_resume

        text = f"{text.rstrip()}\n\n{how_to_resume(*resume)}"
    problem = outcome.problem and _without_commands(session, outcome.problem)
    uri = await editor_of(session).show(outcome.title, _with_problem(text, problem))
    return {
        "answer": {"uri": uri, "text": text},
        **({"resume": {"macro": resume[0], "run": resume[1]}} if resume else {}),
    }


def _without_commands(session: Session, problem: Problem) -> Problem:
    """A problem's help without clauses about commands for a terminal, where a plugin of ours has its own."""
    if not session.client.asks:
        return problem
    clauses = re.split(r"(?<=[.?!;])\s+", problem.help)
    return replace(problem, help=" ".join(one for one in clauses if "`halley " not in one).rstrip(";"))


async def _deliver_media(session: Session, snapshot: Snapshot, made: Made) -> Json:
    from halley.features.macros.values import NOWHERE
    from halley.lsp.window.media import json_of, offer_to_save  # many windows never make media
    from halley.lsp.window.places import LinkPlace

    if snapshot.document.uri != NOWHERE:
        session.places.setdefault(made.task.id, LinkPlace(snapshot.document, snapshot.selection.end))
    if session.client.media:
        return {"media": json_of(session, made.task)}
    return await offer_to_save(session, made.task)


async def deliver_edit(
    session: Session, edited: Edited, base: dict[str, Document], *, preview: bool = False
) -> Json:
    """Apply, propose or refuse; whatever is not applied is shown, never lost."""
    editor = editor_of(session)
    for part in edited.change.changes:
        # Other files of the change: what they hold now is the base, from which a later change is noticed.
        if isinstance(part, DocumentEdit) and part.uri not in base and (document := editor.read(part.uri)):
            base[part.uri] = document
    # First of all, so that an edit that is refused below does not take the rest of the reply with it.
    if edited.kept:
        await editor.show("Changes not applied", _with_problems(edited.kept, edited.problems))
    if not edited.change.changes:
        _raise_first(edited.problems)
        await show_message(session, "Nothing to change.")
        return {"applied": True, "edits": 0}
    reason = edited.confirm or editor.needs_approval(edited.change)
    if reason or preview or session.settings_of(next(iter(base), "")).edits.apply == "preview":
        return {"proposal": await editor.propose(edited.change, base, reason)}
    return await _apply(session, editor, edited, base)


async def _apply(session: Session, editor: Editor, edited: Edited, base: dict[str, Document]) -> Json:
    answer = await editor.apply(edited.change, base)
    if isinstance(answer, Refused):
        if answer.kept:
            uri = await editor.show("Not applied", _fenced(answer.kept, base))
            raise error_of(_with_place(session, answer.problem, uri))
        raise answer.error
    return {"applied": True, "edits": answer.edits}


def _with_place(session: Session, problem: Problem, uri: str) -> Problem:
    """Says where the new text is: in an editor that shows one message at a time this one replaces it."""
    place = "" if session.client.show_document else path_of(uri)
    return replace(problem, help=f"{problem.help} It is in {place}".strip()) if place else problem


async def accept(
    session: Session, id: str, hunks: Sequence[int] | None = None, *, confirm: bool = False
) -> Json:
    """Apply the chosen hunks of a proposal; what cannot be applied stays one. `{applied, edits}`.

    `confirm` has the editor ask about each edit (VS Code: the refactor preview).
    """
    try:
        answer = await accept_proposal(session.proposals, editor_of(session), id, hunks, confirm=confirm)
    finally:
        announce(session)
    if isinstance(answer, Refused):
        raise answer.error
    return {"applied": answer.edits > 0, "edits": answer.edits}


def _raise_first(problems: tuple[Problem, ...]) -> None:
    if problems:
        raise error_of(problems[0])


def _with_problem(text: str, problem: Problem | None) -> str:
    return (
        f"{text.rstrip()}\n\n---\n\n> {problem.message} {problem.help}".rstrip() + "\n" if problem else text
    )


def _with_problems(kept: str, problems: tuple[Problem, ...]) -> str:
    listed = "\n".join(f"- {problem.message} {problem.help}".rstrip() for problem in problems)
    return f"{listed}\n\n{kept}" if listed else kept


def _fenced(kept: str, base: dict[str, Document]) -> str:
    from halley.engine.prompting.prompts import fence

    return fence(kept, next((document.language_id for document in base.values()), ""))


def warner(session: Session) -> Callable[[str], None]:
    """Says a warning in the editor."""
    return lambda text: session.notify("window/showMessage", {"type": 2, "message": text})
