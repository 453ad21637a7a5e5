"""Next edits by the protocol's draft: off unless they are switched on, and the same edits as everywhere."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import acp.schema as schema
import pytest
from acp_editor import Connect, Editor, Failed
from hypothesis import given
from hypothesis import strategies as st
from test_stdio import agent

from halley.acp.next_edit.positions import offset_in, position_of
from halley.simulator import Simulator

Json = dict[str, Any]
CODE = (
    "def area(width, height):\n    return width * height\n\n\n"
    + "# some other code\n" * 30
    + "def show():\n    print(area(2, 3))\n    print(area(4, 5))\n"
)


def switch_on(config: Path, more: str = "") -> None:
    text = config.read_text()
    roles = '[roles]\nnext = "simulator/sim-next"\n'
    assert "[roles]\n" in text
    config.write_text(
        text.replace("[roles]\n", roles) + f"\n[next_edit]\nacp = true\ndebounce_ms = 0\n{more}\n"
    )


class Buffers:
    """The open files of an editor with one session of next edits."""

    def __init__(self, editor: Editor, session: str) -> None:
        self.editor, self.session = editor, session
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}

    def tell(self, method: str, **params: Any) -> None:
        self.editor.notify(method, {"sessionId": self.session} | params)

    def open(self, path: Path, text: str, language: str = "python") -> str:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        uri = path.as_uri()
        self.texts[uri], self.versions[uri] = text, 1
        self.tell("document/didOpen", uri=uri, languageId=language, version=1, text=text)
        return uri

    def type(self, uri: str, old: str, new: str) -> int:
        """Replaces the first `old`; where the cursor is then."""
        text = self.texts[uri]
        at = text.index(old)
        range = {"start": position_of(text, at), "end": position_of(text, at + len(old))}
        self.change(uri, text[:at] + new + text[at + len(old) :], {"range": range, "text": new})
        return at + len(new)

    def change(self, uri: str, text: str, *changes: Json) -> None:
        self.texts[uri] = text
        self.versions[uri] += 1
        self.tell("document/didChange", uri=uri, version=self.versions[uri], contentChanges=list(changes))

    async def suggest(self, uri: str, at: int, kind: str = "automatic", **more: Any) -> list[Json]:
        asked = {"sessionId": self.session, "uri": uri, "version": self.versions[uri], "triggerKind": kind}
        asked |= {"position": position_of(self.texts[uri], at)} | more
        schema.SuggestNesRequest.model_validate(asked)
        return (await self.editor.request("nes/suggest", asked))["suggestions"]

    def apply(self, found: Json) -> None:
        uri = found["uri"]
        text = self.texts[uri]
        for edit in found["edits"]:
            start, end = (offset_in(text, edit["range"][side]) for side in ("start", "end"))
            text = text[:start] + edit["newText"] + text[end:]
        self.change(uri, text, {"text": text})


async def counted(buffers: Buffers) -> list[int]:
    """How often next edits were shown, accepted, rejected and ignored, all told. Ends the session."""
    await buffers.editor.request("nes/close", {"sessionId": buffers.session})
    rows = await buffers.editor.shared.room.ledger.next_edits()
    return [sum(getattr(row, name) for row in rows) for name in ("shown", "accepted", "rejected", "ignored")]


@pytest.fixture
async def buffers(connect: Connect, config: Path, workspace: Path) -> Buffers:
    switch_on(config)
    return await started(await connect(), workspace)


async def started(editor: Editor, workspace: Path) -> Buffers:
    asked = {
        "workspaceUri": workspace.as_uri(),
        "workspaceFolders": [{"uri": workspace.as_uri(), "name": "w"}],
    }
    return Buffers(editor, (await editor.request("nes/start", asked))["sessionId"])


async def test_it_is_announced_only_where_it_is_switched_on(
    connect: Connect, config: Path, workspace: Path
) -> None:
    editor = await connect()
    assert "nes" not in (await editor.initialize())["agentCapabilities"]
    for method in ("nes/start", "nes/suggest", "nes/close"):
        with pytest.raises(Failed) as caught:
            await editor.request(method, {"sessionId": "x"})
        assert caught.value.code == -32601 and "next_edit.acp" in caught.value.message
    (workspace / ".halley.toml").write_text("[next_edit]\nacp = true\n")
    with pytest.raises(Failed):
        await editor.request("nes/start", {"workspaceUri": workspace.as_uri()})
    config.write_text(config.read_text() + "\n[next_edit]\nacp = false\n")
    assert "nes" not in (await editor.initialize())["agentCapabilities"]
    config.write_text(config.read_text().replace("\n[next_edit]\nacp = false\n", ""))
    switch_on(config)
    told = (await editor.initialize())["agentCapabilities"]["nes"]
    assert told["events"]["document"]["didChange"] == {"syncKind": "incremental"}
    assert (await editor.request("nes/start", {}))["sessionId"]
    config.write_text("this is no TOML")
    assert "nes" not in (await editor.initialize())["agentCapabilities"]


async def test_a_rename_is_followed_accepted_and_counted(
    buffers: Buffers, workspace: Path, simulator: Simulator
) -> None:
    code = "def area(w):\n    return w\n\n\na = area(1)\nb = 1\nc = 2\nd = area(2)\n"
    uri = buffers.open(workspace / "shapes.py", code)
    assert await buffers.suggest(uri, 0) == [], "nothing was changed yet"
    at = buffers.type(uri, "area", "surface")
    (found,) = await buffers.suggest(uri, at)
    assert found["uri"] == uri and found["edits"][0]["range"]["start"]["line"] == 4
    before = buffers.texts[uri]
    buffers.apply(found)
    buffers.tell("nes/accept", id=found["id"])
    assert buffers.texts[uri] == before.replace("area(1", "surface(1")
    assert position_of(buffers.texts[uri], buffers.texts[uri].index("(1")) == found["cursorPosition"]
    (rest,) = await buffers.suggest(uri, at)
    buffers.apply(rest)
    assert "area" not in buffers.texts[uri]
    assert len(simulator.requests) == 1, "one answer had both"
    await buffers.suggest(uri, at)
    assert await counted(buffers) == [2, 2, 0, 0]


@pytest.mark.parametrize(
    ("reason", "outcomes"),
    [
        ({"reason": "rejected"}, [1, 0, 1, 0]),
        ({}, [1, 0, 1, 0]),
        ({"reason": "ignored"}, [1, 0, 0, 1]),
        ({"reason": "replaced"}, [1, 0, 0, 1]),
        ({"reason": "cancelled"}, [1, 0, 0, 0]),
    ],
)
async def test_what_is_rejected_does_not_come_again(
    buffers: Buffers, workspace: Path, reason: Json, outcomes: list[int]
) -> None:
    uri = buffers.open(workspace / "shapes.py", "def area(w):\n    return w\n\n\nprint(area(1))\n")
    at = buffers.type(uri, "area", "surface")
    (found,) = await buffers.suggest(uri, at)
    buffers.tell("nes/reject", id=found["id"], **reason)
    again = await buffers.suggest(uri, at)
    assert bool(again) is (reason.get("reason") == "cancelled")
    assert await counted(buffers) == outcomes


async def test_a_file_that_is_not_open_is_offered_too(buffers: Buffers, workspace: Path) -> None:
    (workspace / "shop.py").write_text("from shapes import area\n\nprint(area(2, 3))\n")
    uri = buffers.open(workspace / "shapes.py", "def area(w, h):\n    return w * h\n")
    (found,) = await buffers.suggest(uri, buffers.type(uri, "area", "surface"))
    assert found["uri"] == (workspace / "shop.py").as_uri()


async def test_files_that_stay_here_are_neither_asked_about_nor_told_of(
    connect: Connect, config: Path, workspace: Path, simulator: Simulator
) -> None:
    switch_on(config, '\n[context]\nexclude = ["private/**"]')
    buffers = await started(await connect(), workspace)
    for name in (".env", "private/shapes.py"):
        uri = buffers.open(workspace / name, CODE)
        assert await buffers.suggest(uri, buffers.type(uri, "area", "hidden_name")) == []
    assert not simulator.requests
    uri = buffers.open(workspace / "shapes.py", CODE)
    assert await buffers.suggest(uri, buffers.type(uri, "area", "surface"))
    assert "hidden_name" not in simulator.requests[-1].body.decode()


async def test_it_waits_for_saving_where_that_is_wanted(
    connect: Connect, config: Path, workspace: Path, simulator: Simulator
) -> None:
    switch_on(config, 'when = "save"')
    buffers = await started(await connect(), workspace)
    uri = buffers.open(workspace / "shapes.py", CODE)
    at = buffers.type(uri, "area", "surface")
    assert await buffers.suggest(uri, at) == [] and not simulator.requests
    buffers.tell("document/didSave", uri=uri)
    assert await buffers.suggest(uri, at)


async def test_what_the_user_asked_for_is_refused_with_a_reason(
    connect: Connect, config: Path, workspace: Path, simulator: Simulator
) -> None:
    switch_on(config, "daily_usd = 0.0")
    buffers = await started(await connect(), workspace)
    uri = buffers.open(workspace / "shapes.py", CODE)
    at = buffers.type(uri, "area", "surface")
    assert await buffers.suggest(uri, at) == []
    with pytest.raises(Failed) as caught:
        await buffers.suggest(uri, at, "manual")
    assert "next_edit.daily_usd" in caught.value.message and not simulator.requests


async def test_text_that_may_differ_from_the_editors_is_left_alone(buffers: Buffers, workspace: Path) -> None:
    uri = buffers.open(workspace / "shapes.py", CODE)
    at = buffers.type(uri, "area", "surface")
    text = buffers.texts[uri]
    wrong = {"range": {"start": {"line": 3, "character": 0}, "end": {"line": 1, "character": 0}}, "text": ""}
    for change in (wrong, {"text": 7}, "no change", {"range": 1, "text": ""}):
        buffers.change(uri, text, change)
        assert await buffers.suggest(uri, at) == []
        assert await buffers.suggest(uri, at, version=2) == [], "the last version that was understood"
    buffers.change(uri, text, {"text": text})
    assert await buffers.suggest(uri, at)
    asked = {"sessionId": buffers.session, "uri": uri, "position": position_of(text, at)}
    old = await buffers.editor.request("nes/suggest", asked | {"version": 1, "triggerKind": "automatic"})
    assert old == {"suggestions": []}, "an older version than the one that is known"


async def test_odd_messages_are_refused_or_left_alone(buffers: Buffers, workspace: Path) -> None:
    editor, uri = buffers.editor, buffers.open(workspace / "a.py", "x = 1\n")
    whole = {"sessionId": buffers.session, "uri": uri, "version": 1, "position": {"line": 0, "character": 0}}
    for odd in (
        {"sessionId": "nes-of-another"}, {"sessionId": 7}, {"uri": "file:///nowhere.py"}, {"uri": None},
        {"position": None}, {"position": {"line": -1, "character": 0}}, {"position": {"line": True, "character": 0}},
    ):  # fmt: skip
        with pytest.raises(Failed) as caught:
            await editor.request("nes/suggest", whole | odd)
        assert caught.value.code in (-32602, -32002)
    for folder in ("file:///no/such/folder", "relative"):
        asked = {"workspaceUri": folder, "workspaceFolders": [{"uri": 1}, 2]}
        if folder == "relative":
            assert (await editor.request("nes/start", asked))["sessionId"]
        else:
            with pytest.raises(Failed):
                await editor.request("nes/start", asked)
    for method in ("document/didOpen", "document/didChange", "document/didClose", "nes/accept", "nes/reject"):
        buffers.tell(method)
        editor.notify(method, {"sessionId": [], "uri": 3})
    buffers.tell("document/didOpen", uri="http://[", languageId="python", version=1, text="")
    rows: Any = [{"uri": uri, "range": {}}, 1, {"uri": uri, "severity": 4, "range": None}]
    assert await editor.request("nes/suggest", whole | {"context": {"diagnostics": rows}}) == {
        "suggestions": []
    }
    await editor.request("nes/close", {"sessionId": buffers.session})
    with pytest.raises(Failed):
        await editor.request("nes/suggest", whole)


async def test_a_cancelled_question_ends_its_call(
    buffers: Buffers, workspace: Path, simulator: Simulator
) -> None:
    uri = buffers.open(workspace / "shapes.py", CODE)
    at = buffers.type(uri, "area", "surface")
    simulator.script("never " * 100, tokens_per_s=2)
    asking = asyncio.ensure_future(buffers.suggest(uri, at))
    await simulator.wait_for(lambda sim: sim.open_streams == 1)
    buffers.editor.notify("$/cancel_request", {"requestId": buffers.editor.last_id})
    with pytest.raises(Failed) as caught:
        await asking
    assert caught.value.code == -32800
    await simulator.wait_for(lambda sim: sim.open_streams == 0)


async def test_the_sdks_connection_and_types_agree(
    simulator: Simulator, config: Path, workspace: Path
) -> None:
    """A process, and on the other side the protocol's own client; its types write and read each message."""
    switch_on(config)
    uri = (workspace / "shapes.py").as_uri()
    async with agent(workspace) as (connection, _client, _process):
        wire = connection._conn

        async def ask(method: str, params: Any, result: Any) -> Any:
            return result.model_validate(await wire.send_request(method, dumped(params)))

        session = (
            await ask(
                "nes/start", schema.StartNesRequest(workspace_uri=workspace.as_uri()), schema.StartNesResponse
            )
        ).session_id
        opened = schema.DidOpenDocumentNotification(
            session_id=session, uri=uri, language_id="python", version=1, text=CODE
        )
        await wire.send_notification("document/didOpen", dumped(opened))
        name = schema.Range(
            start=schema.Position(line=0, character=4), end=schema.Position(line=0, character=8)
        )
        change = schema.TextDocumentContentChangeEvent(range=name, text="surface")
        changed = schema.DidChangeDocumentNotification(
            session_id=session, uri=uri, version=2, content_changes=[change]
        )
        await wire.send_notification("document/didChange", dumped(changed))
        asked = schema.SuggestNesRequest(
            session_id=session, uri=uri, version=2, trigger_kind="automatic",
            position=schema.Position(line=0, character=11),
        )  # fmt: skip
        (found,) = (await ask("nes/suggest", asked, schema.SuggestNesResponse)).suggestions
        assert isinstance(found, schema.NesEditSuggestionVariant)
        assert found.edits[0].range.start.line == 35 and "surface" in found.edits[0].new_text
        accepted = schema.AcceptNesNotification(session_id=session, id=found.id)
        await wire.send_notification("nes/accept", dumped(accepted))
        await ask("nes/close", schema.CloseNesRequest(session_id=session), schema.CloseNesResponse)


def dumped(value: Any) -> Json:
    return json.loads(value.model_dump_json(by_alias=True, exclude_none=True))


@given(st.text(alphabet="a\U0001f600é\n\r", max_size=30), st.data())
def test_positions_lead_back_to_their_offsets(text: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))
    between = text[offset - 1 : offset + 1] == "\r\n" and offset > 0
    assert offset_in(text, position_of(text, offset)) == offset - between
