"""halley.run, the command of every code action, and halley/edit.

    params → snapshot → action → outcome → what the user sees

What becomes of the outcome is `window/delivery.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from halley.core.errors import InvalidInput, StaleDocument
from halley.core.snapshot import Snapshot
from halley.features.actions import Job, Outcome, find_action
from halley.features.chat.events import event_json
from halley.features.macro_actions import run_macro_action
from halley.lsp.protocol.editing import EditParams, RunParams
from halley.lsp.protocol.shape import command_argument, read_params
from halley.lsp.window.delivery import deliver, warner
from halley.lsp.window.media_tasks import maker
from halley.lsp.window.partial_results import PartialResults
from halley.lsp.window.progress import WorkDone
from halley.lsp.window.session import Session
from halley.lsp.window.status import working

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

Json = dict[str, Any]


async def run(session: Session, arguments: list[Any], report: Any) -> Json:
    """`halley.run [RunParams]` → `{applied, edits}`, `{proposal}` or `{answer}`.

    `report(text)` shows a line of progress. Raises the errors of `core.errors`.
    """
    asked = arguments[0] if arguments else {}
    params = read_params(RunParams, asked)
    snapshot = _snapshot(session, asked, params.diagnostics or [])
    job = Job(
        session.surroundings(snapshot.document.uri, snapshot.settings),
        snapshot,
        instruction=params.instruction.strip(),
        diagnostics=snapshot.diagnostics if params.diagnostics else (),
        model=params.model,
        report=report,
        warn=warner(session),
        on_event=Counter(report),
        make=maker(session, snapshot, report),
    )
    report("asking the model")
    return await deliver(session, snapshot, await perform(params.action, job))


async def edit(session: Session, params: Json, report: Any, emit: Any) -> Json:
    """`halley/edit`: as `halley.run` with the action `edit`, its reply streamed as it is written."""
    asked = read_params(EditParams, params)
    snapshot = _snapshot(session, params, [])
    job = Job(
        session.surroundings(snapshot.document.uri, snapshot.settings),
        snapshot,
        instruction=asked.instruction.strip(),
        model=asked.model,
        report=report,
        warn=warner(session),
        on_event=lambda event: emit(event_json("", event)),
    )
    return await deliver(session, snapshot, await perform("edit", job), preview=asked.preview)


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
        "The document changed after this action was listed.", "List the actions again and pick it again."
    )


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


def register(server: HalleyServer) -> None:
    @server.feature("halley/edit")
    async def _edit(params: Json) -> Json:
        async with WorkDone(server, "Halley: edit") as work:
            with working(server.session, "edit"), PartialResults(server) as results:
                return await edit(server.session, params, work.report, results.send)

    @server.command("halley.run")
    async def _run(arguments: list[Any]) -> Json:
        asked = command_argument(arguments)
        title = f"Halley: {asked.get('action', 'action')}"
        async with WorkDone(server, title) as work:
            with working(server.session, title):
                return await run(server.session, arguments, work.report)
