"""The command behind every code action: `halley.run`.

    params → snapshot → action → outcome → what the person sees

Edits go through `lsp/window/applying.py`; answers open as documents; what must not simply be applied becomes a
proposal.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from halley.core.errors import BlockedByPolicy, InvalidInput, Problem, StaleDocument
from halley.core.snapshot import Document, Snapshot
from halley.core.text import DocumentEdit
from halley.features.actions import Job, Outcome, find_action
from halley.features.actions.action import Answer, Edited, Made
from halley.features.chat.events import event_json
from halley.features.macro_actions import run_macro_action
from halley.lsp.protocol.editing import EditParams, RunParams
from halley.lsp.protocol.shape import read_params
from halley.lsp.window.applying import apply_change
from halley.lsp.window.proposing import needs_yes, propose
from halley.lsp.window.session import Session
from halley.lsp.window.showing import show_answer, show_message

if TYPE_CHECKING:
    from halley.features.media.orders import Order
    from halley.stores.media import Task

Json = dict[str, Any]


async def run(session: Session, arguments: list[Any], report: Any) -> Json:
    """`halley.run [RunParams]` → `{applied, edits}`, `{proposal}` or `{answer}`.

    `report(text)` shows a line of progress. Raises the errors of `core.errors`.
    """
    asked = arguments[0] if arguments else {}
    params = read_params(RunParams, asked)
    snapshot = _snapshot(session, asked, params.diagnostics or [])
    job = Job(
        session.line(snapshot.document.uri, snapshot.settings),
        snapshot,
        session.template_of,
        instruction=params.instruction.strip(),
        diagnostics=snapshot.diagnostics if params.diagnostics else (),
        model=params.model,
        report=report,
        warn=warner(session),
        on_event=Counter(report),
        project=session.project(snapshot.document.uri),
        index=session.index(snapshot.document.uri),
        runs=session.room.macro_runs,
        works=session.works,
        make=maker(session, snapshot, report),
    )
    report("asking the model")
    return await deliver(session, snapshot, await perform(params.action, job))


async def edit(session: Session, params: Json, report: Any, emit: Any) -> Json:
    """`halley/edit`: as `halley.run` with the action `edit`, its reply streamed as it is written."""
    asked = read_params(EditParams, params)
    snapshot = _snapshot(session, params, [])
    job = Job(
        session.line(snapshot.document.uri, snapshot.settings),
        snapshot,
        session.template_of,
        instruction=asked.instruction.strip(),
        model=asked.model,
        report=report,
        warn=warner(session),
        on_event=lambda event: emit(event_json("", event)),
        project=session.project(snapshot.document.uri),
        index=session.index(snapshot.document.uri),
    )
    return await deliver(session, snapshot, await perform("edit", job), preview=asked.preview)


def maker(session: Session, snapshot: Snapshot, report: Any) -> Callable[[Order], Awaitable[Task]]:
    """Makes media for a place in a document, which is where the link will go."""

    async def make(order: Order) -> Task:
        from halley.lsp.handlers.media import make_for

        return await make_for(session, order, snapshot, report)

    return make


def warner(session: Session) -> Callable[[str], None]:
    """Says a warning in the editor."""
    return lambda text: session.notify("window/showMessage", {"type": 2, "message": text})


def _snapshot(session: Session, asked: Json, diagnostics: list[Json]) -> Snapshot:
    document = asked["textDocument"]
    snapshot = session.snapshot(document, asked["range"], diagnostics)
    if snapshot is None:
        raise InvalidInput(f"There is no document {document['uri']}.", "Open it in the editor first.")
    return _as_listed(snapshot, document.get("version"))


async def perform(action: str, job: Job) -> Outcome:
    """Run an action of the table, or a macro (`macro.<name>`)."""
    if action.startswith("macro."):
        return await run_macro_action(action.removeprefix("macro."), job)
    return await find_action(action).run(job)


def _as_listed(snapshot: Snapshot, version: int | None) -> Snapshot:
    """Refuses a range that was made for another version: it may point anywhere by now."""
    now = snapshot.document.version
    if version is None or now is None or version == now:
        return snapshot
    raise StaleDocument(
        "The document changed after this action was listed.", "List the actions again and pick it once more."
    )


async def deliver(session: Session, snapshot: Snapshot, outcome: Outcome, *, preview: bool = False) -> Json:
    """Make an outcome visible, and say what became of it."""
    if isinstance(outcome, Made):
        from halley.features.macros.values import NOWHERE
        from halley.lsp.window.media import Place, json_of, offer_to_save

        if snapshot.document.uri != NOWHERE:
            session.places.setdefault(outcome.task.id, Place(snapshot.document, snapshot.selection.end))
        if session.client.media:
            return {"media": json_of(session, outcome.task)}
        return await offer_to_save(session, outcome.task)
    if isinstance(outcome, Answer):
        uri = await show_answer(session, outcome.title, _with_problem(outcome.text, outcome.problem))
        return {"answer": {"uri": uri, "text": outcome.text}}
    return await deliver_edit(session, outcome, {snapshot.document.uri: snapshot.document}, preview=preview)


async def deliver_edit(
    session: Session, edited: Edited, base: dict[str, Document], *, preview: bool = False
) -> Json:
    """Apply, propose or refuse; whatever is not applied is shown, never lost."""
    for part in edited.change.changes:
        if (
            isinstance(part, DocumentEdit)
            and part.uri not in base
            and (document := session.document(part.uri))
        ):
            base[part.uri] = document
    if edited.kept:
        await show_answer(session, "What could not be applied", _with_problems(edited.kept, edited.problems))
    if not edited.change.changes:
        _raise_first(edited.problems)
        await show_message(session, "Nothing to change.")
        return {"applied": True, "edits": 0}
    reason = edited.confirm or needs_yes(session, edited.change)
    if reason or preview or session.settings_of(next(iter(base), "")).edits.apply == "preview":
        return await propose(session, edited.change, base, reason)
    return await _apply(session, edited, base)


async def _apply(session: Session, edited: Edited, base: dict[str, Document]) -> Json:
    try:
        count = await apply_change(session, edited.change, base)
    except (StaleDocument, BlockedByPolicy) as error:
        if error.kept:
            await show_answer(session, "Not applied", _fenced(error.kept, base))
        raise
    return {"applied": True, "edits": count}


def _raise_first(problems: tuple[Problem, ...]) -> None:
    from halley.core.errors import error_of

    if problems:
        raise error_of(problems[0])


def _with_problem(text: str, problem: Problem | None) -> str:
    return f"{text.rstrip()}\n\n---\n\n> {problem.message} {problem.help}\n" if problem else text


def _with_problems(kept: str, problems: tuple[Problem, ...]) -> str:
    listed = "\n".join(f"- {problem.message} {problem.help}".rstrip() for problem in problems)
    return f"{listed}\n\n{kept}" if listed else kept


def _fenced(kept: str, base: dict[str, Document]) -> str:
    from halley.engine.prompting.prompts import fence

    return fence(kept, next((document.language_id for document in base.values()), ""))


@dataclass(slots=True)
class Counter:
    """Reports how much of a reply has come, now and then."""

    report: Any
    characters: int = 0
    told: int = 0

    def __call__(self, event: Any) -> None:
        self.characters += len(getattr(event, "text", ""))
        if self.characters - self.told >= 200:
            self.told = self.characters
            self.report(f"{self.characters} characters so far")
