"""Every action, told in case files: what the model is asked, and what comes of its answer.

`## action` says `name = value`, one a line: `action`, `instruction`, `cut` (the reply breaks off), `rules`,
`guidance`. `## diagnostics` has one `needle: message` a line. The files of the workspace lie on a real disk; open in the
editor are the one with the cursor and those named by `open = path, path`. `## prompt`, `## result`, `## answer`,
`## problems`, `## kept`, `## confirm` and `## order` (what a painter gets) are golden.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from casefile import Case, cases
from halley.core.calls import Call, Caller, Prompt
from halley.core.errors import HalleyError, Interrupted
from halley.core.events import Event, Finish, TextDelta
from halley.core.models import ModelRef
from halley.core.ports import Take
from halley.core.settings import Settings
from halley.core.snapshot import Diagnostic, Document, Selection, Snapshot, Workspace
from halley.core.text import CreateFile, DeleteFile, DocumentEdit, RenameFile, WorkspaceChange, apply_edits
from halley.engine.code.languages import language_id_of
from halley.engine.prompting.templates import builtin_template
from halley.features.actions import Job, find_action
from halley.features.actions.action import Edited, Made, TextAnswer
from halley.features.ask import Line
from halley.features.media.orders import Order
from halley.features.surroundings import Surroundings
from halley.stores.media import Task
from pouring import pour

LANGUAGES = 12


@dataclass
class Model:
    """Answers by script, and remembers what it was asked."""

    reply: str
    cut: bool = False
    asked: list[Call] = field(default_factory=list)

    async def feed(self, call: Call, take: Take) -> None:
        await pour(self.stream(call), take)

    async def stream(self, call: Call) -> AsyncGenerator[Event, None]:
        self.asked.append(call)
        yield TextDelta(self.reply)
        if self.cut:
            raise Interrupted("The connection broke off.", "Ask again.")
        yield Finish("stop")


@cases("actions")
async def test_action(case: Case, tmp_path: Path) -> None:
    said = dict(line.partition(" = ")[::2] for line in case.text("action").splitlines())
    model = Model(case.text("reply", ""), "cut" in said)
    snapshot = snapshot_of(case, said, tmp_path / "work")
    warned: list[str] = []
    orders: list[Order] = []

    async def make(order: Order) -> Task:
        orders.append(order)
        return Task("v-1", None, order.kind, "complete", 0, 0, order.to_json())

    job = Job(
        Surroundings(line_to(model, snapshot.settings), builtin_template),
        snapshot,
        instruction=said.get("instruction", ""),
        diagnostics=snapshot.diagnostics,
        warn=warned.append,
        make=make,
    )
    try:
        outcome = await find_action(said["action"]).run(job)
    except HalleyError as error:
        case.check("problems", f"{error.problem.message} {error.problem.help}\n")
        assert not model.asked and not orders, "a model was asked in vain"
        return
    if isinstance(outcome, Made):
        case.check("order", f"{orders[0].kind}: {orders[0].title}\n\n{orders[0].text}\n", info="markdown")
        assert not model.asked and outcome.task.asked == orders[0].to_json()
        return
    case.check("prompt", prompt_text(model), info="markdown")
    case.check("warnings", "".join(f"{text}\n" for text in warned))
    if isinstance(outcome, TextAnswer):
        case.check("answer", f"{outcome.title}\n\n{outcome.text}", info="markdown")
        return
    assert isinstance(outcome, Edited)
    case.check("result", texts_after(outcome.change, snapshot, tmp_path / "work"))
    case.check("problems", "".join(f"{problem.message}\n" for problem in outcome.problems))
    case.check("kept", outcome.kept)
    case.check("confirm", f"{outcome.confirm}\n" if outcome.confirm else "")


def line_to(model: Model, settings: Settings) -> Line:
    async def route_of(role: str) -> tuple[ModelRef, ...]:
        return (ModelRef("scripted", role),)

    return Line(model, Caller(), settings, route_of)


def snapshot_of(case: Case, said: dict[str, str], root: Path) -> Snapshot:
    workspace = case.workspace
    for name, text in workspace.files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8", newline="")
    documents = {
        name: Document((root / name).as_uri(), text, language_id_of(name), 7, root / name)
        for name, text in workspace.files.items()
    }
    opened = [name for name in said.get("open", "").split(", ") if name]
    return Snapshot(
        documents[workspace.path],
        Selection(workspace.start, workspace.end),
        diagnostics=tuple(diagnostics_of(case, workspace.text)),
        settings=Settings.model_validate({"format": {"rules": said.get("rules", "")}}),
        workspace=Workspace(root, trusted=True, guidance=said.get("guidance", "")),
        open_documents={documents[name].uri: documents[name] for name in opened},
    )


def diagnostics_of(case: Case, text: str) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    for line in case.text("diagnostics", "").splitlines():
        needle, _, message = line.partition(": ")
        at = text.index(needle)
        found.append(Diagnostic(at, at + len(needle), message, source="checker"))
    return found


def prompt_text(model: Model) -> str:
    assert len(model.asked) == 1
    prompt = model.asked[0].prompt
    assert isinstance(prompt, Prompt)
    return "\n\n".join(f"=== {message.role} ===\n{message.text}" for message in prompt.messages) + "\n"


def texts_after(change: WorkspaceChange, snapshot: Snapshot, root: Path) -> dict[str, str]:
    """The files a change touches, as they are then."""
    known = {document.uri: document.text for document in snapshot.open_documents.values()}
    known[snapshot.document.uri] = snapshot.document.text

    def name(uri: str) -> str:
        return uri.removeprefix(f"{root.as_uri()}/")

    texts: dict[str, str] = {}
    for part in change.changes:
        match part:
            case DocumentEdit(uri, _, edits):
                before = known[uri] if uri in known else (root / name(uri)).read_bytes().decode()
                texts[name(uri)] = apply_edits(before, edits)
            case CreateFile(uri, text):
                texts[name(uri)] = text
            case RenameFile(old_uri, new_uri):
                texts[f"{name(old_uri)} → {name(new_uri)}"] = ""
            case DeleteFile(uri):
                texts[f"{name(uri)} ✕"] = ""
    return texts


@pytest.mark.parametrize(
    "action", "explain generate fix improve document tests edit translate format".split()
)
def test_every_action_has_cases_in_many_languages(action: str) -> None:
    from casefile import FOLDER, read_case

    suffixes = {
        Path(case.workspace.path).suffix
        for file in (FOLDER / "actions" / action).glob("*.md")
        if (case := read_case(file))
    }
    assert len(suffixes) >= (LANGUAGES if action not in ("translate", "tests") else 6)
