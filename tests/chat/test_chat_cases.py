"""Chats as Markdown tells them: every file of `tests/cases/chat`.

input/       `## typed`                → `## read`, `## prompt` (what the model gets), `## brought` (excerpts)
citations/   `## reply`, `## wire`     → `## rendered`: marks, sources, everything inert
export/      `## chat` (JSON)          → `## markdown`; and the JSON export comes in again as it went out

`## settings` is a config.toml; `## diagnostics` are `line: message` of the document with the cursor.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from casefile import Case, cases
from halley.core.calls import Call, Caller
from halley.core.errors import HalleyError
from halley.core.events import Citation, Finish, TextDelta
from halley.core.models import Model, ModelRef, Role, Route
from halley.core.ports import Take
from halley.core.settings import Settings
from halley.core.snapshot import Diagnostic, Document, Selection, Snapshot, Workspace
from halley.engine.chat_input import read_input
from halley.engine.code.languages import language_id_of
from halley.engine.prompting.templates import builtin_template
from halley.features.ask import Line
from halley.features.chat.desk import ChatDesk
from halley.features.chat.markdown import render_chat
from halley.features.chat.rendering import Places, rendered_reply
from halley.features.chat.send import send
from halley.features.chat.transfer import export_json, import_json
from halley.features.chat.turns.turn import ChatRequest
from halley.features.context.project import Project
from halley.features.surroundings import Surroundings
from halley.providers.stream.citations import citations_of
from halley.stores.chats.store import ChatStore
from halley.stores.chats.values import Reply
from halley.stores.sqlite.database import Database
from pouring import pour

ROUTE = (ModelRef("acme", "large"), ModelRef("acme", "small"))


@dataclass
class Listener:
    """Answers every call with a word, and remembers what was asked."""

    calls: list[Call] = field(default_factory=list)

    async def feed(self, call: Call, take: Take) -> None:
        await pour(self.stream(call), take)

    async def stream(self, call: Call) -> Any:
        self.calls.append(call)
        yield TextDelta("Noted.")
        yield Finish("stop", model=call.route[0])


@contextmanager
def opened(path: Path) -> Iterator[ChatStore]:
    database = Database(path / "halley.db")
    yield ChatStore(database)
    database.close()


def desk_of(case: Case, root: Path, store: ChatStore, listener: Listener) -> ChatDesk:
    settings = Settings.model_validate(tomllib.loads(case.text("settings", "")))
    workspace = Workspace(root)

    async def route_of(_role: Role) -> Route:
        return ROUTE

    line = Line(listener, Caller(str(root)), settings, route_of)
    around = Surroundings(line, builtin_template, workspace, Project(root))
    snapshot = _snapshot(case, root, settings, workspace) if case.has("workspace") else None
    return ChatDesk(around, store, Model, snapshot)


def _snapshot(case: Case, root: Path, settings: Settings, workspace: Workspace) -> Snapshot:
    where = case.workspace
    for path, text in where.files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    path = root / where.path
    document = Document(path.as_uri(), where.text, language_id_of(where.path), 1, path)
    found = []
    for line in case.text("diagnostics", "").splitlines():
        number, _, message = line.partition(": ")
        at = sum(len(one) + 1 for one in where.text.split("\n")[: int(number) - 1])
        found.append(Diagnostic(at, at, message))
    return Snapshot(document, Selection(where.start, where.end), tuple(found), settings, workspace)


@cases("chat/input")
async def test_what_is_typed(case: Case, tmp_path: Path) -> None:
    root = tmp_path / "work"
    root.mkdir()
    typed = case.text("typed").removesuffix("\n")
    case.check("read", _read(typed))
    listener = Listener()
    with opened(tmp_path) as store:
        desk = desk_of(case, root, store, listener)
        try:
            result = await send(desk, ChatRequest(typed), lambda _event: None)
        except HalleyError as error:
            case.check(
                "refused",
                f"{error.problem.code}: {error.problem.message} {error.problem.help}".strip() + "\n",
            )
            assert not listener.calls
            return
        chat = await store.get(result["chatId"])
    (turn,) = chat.turns
    case.check("brought", "".join(f"{e.source} ({e.tokens} tokens)\n" for e in turn.excerpts))
    asked = [f"{call.route[0]} as {call.role}\n" for call in listener.calls]
    case.check("asked", "".join(sorted(asked)))
    case.check("prompt", listener.calls[0].prompt.messages[-1].text + "\n", info="markdown")  # type: ignore[union-attr]


def _read(typed: str) -> str:
    read = read_input(typed)
    lines = [f"command {read.command}"] if read.command else []
    lines += [f"model {model}" for model in read.models]
    lines += [f"variable {variable}" for variable in read.variables]
    return "".join(f"{line}\n" for line in [*lines, f"text {read.text!r}"])


@cases("chat/citations")
def test_citations(case: Case) -> None:
    text = case.text("reply").removesuffix("\n")
    citations = [c for said in json.loads(case.text("wire", "[]")) for c in citations_of(said, text)]
    citations += [Citation(**one) for one in json.loads(case.text("citations", "[]"))]
    places = Places({path: path for path in case.text("context", "").split()})
    reply = Reply("r", "t", "acme/large", "complete", text, citations=tuple(citations))
    case.check("rendered", rendered_reply(reply, places) + "\n", info="markdown")


@cases("chat/export")
async def test_exports(case: Case, tmp_path: Path) -> None:
    value = json.loads(case.text("chat"))
    options: dict[str, Any] = json.loads(case.text("options", "{}"))
    with opened(tmp_path) as store:
        chat = await store.get(await import_json(store, value, "/project"))
        wanted = options.pop("replies", ())
        ids = [turn.replies[at].id for turn, at in zip(chat.turns, wanted, strict=False) if at is not None]
        case.check("markdown", render_chat(chat, ids, **options), info="markdown")
        out = export_json(store, chat)
        again = await store.get(await import_json(store, json.dumps(out), "/elsewhere"))
        assert export_json(store, again) | {"created": 0} == out | {"created": 0}


def test_there_are_enough_stories() -> None:
    files = list((Path(__file__).parents[1] / "cases" / "chat").glob("*/*.md"))
    assert len(files) >= 60, len(files)


@pytest.mark.parametrize("value", ["", "[]", "{", "null", '{"format": "halley-chat"}', "[" * 100_000])
async def test_what_is_no_export_is_refused(value: str, tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        with pytest.raises(HalleyError):
            await import_json(store, value, "/project")
        assert await store.list("/project") == []
