"""Clients that can do little, each by the letter of what it said: nothing is sent that it did not offer, and anyone who
sits before it still gets every answer.

`KINDS` is the matrix: each kind leaves out something, and the same story is played to all of them. `ON_STDIO` have a
daemon of their own, since over stdio `initialize` is answered elsewhere; the others share one, at its socket.
"""

from __future__ import annotations

import asyncio
import copy
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from plain_editor import Buffer, Kind, PlainEditor
from setting import CONFIG, guarded

from halley.simulator import Simulator

pytestmark = pytest.mark.asyncio(loop_scope="module")

LITERALS = {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "quickfix", "refactor"]}}}
FULL: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-16"]},
    "window": {"workDoneProgress": True, "showDocument": {"support": True}, "showMessage": {}},
    "workspace": {
        "applyEdit": True,
        "configuration": True,
        "executeCommand": {},
        "workspaceEdit": {"documentChanges": True, "resourceOperations": ["create"]},
        "didChangeConfiguration": {"dynamicRegistration": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True},
        "workspaceFolders": True,
    },
    "textDocument": {
        "codeAction": LITERALS,
        "codeLens": {},
        "completion": {},
        "formatting": {"dynamicRegistration": True},
        "rangeFormatting": {"dynamicRegistration": True},
        "publishDiagnostics": {},
        "synchronization": {"didSave": True},
    },
}


def without(*paths: str, **given: Any) -> dict[str, Any]:
    """`FULL` without these, and with others in their place (`a__b=value`)."""
    made = copy.deepcopy(FULL)
    for path in (*paths, *(name.replace("__", ".") for name in given)):
        *way, last = path.split(".")
        at = made
        for name in way:
            at = at.setdefault(name, {})
        at.pop(last, None)
        if (key := path.replace(".", "__")) in given:
            at[last] = given[key]
    return made


KINDS = {
    "everything": Kind(FULL),
    "nothing": Kind(),
    "only applyEdit": Kind({"workspace": {"applyEdit": True}}),
    "no dynamicRegistration": Kind(
        without(
            "workspace.didChangeConfiguration",
            "workspace.didChangeWatchedFiles",
            textDocument__formatting={"dynamicRegistration": False},
            textDocument__rangeFormatting={},
        )
    ),
    "no workDoneProgress": Kind(without("window.workDoneProgress")),
    "no applyEdit": Kind(without("workspace.applyEdit")),
    "no showDocument": Kind(without("window.showDocument")),
    "showDocument refused by name": Kind(without(window__showDocument={"support": False})),
    "no window": Kind(without("window")),
    "no documentChanges": Kind(without("workspace.workspaceEdit")),
    "no files made": Kind(without(workspace__workspaceEdit={"documentChanges": True})),
    "no codeActionLiteralSupport": Kind(without("textDocument.codeAction")),
    "no configuration": Kind(without("workspace.configuration")),
    "no diagnostics": Kind(without("textDocument.publishDiagnostics")),
    "virtual documents": Kind(without(workspace__textDocumentContent={"dynamicRegistration": False})),
    "only utf-8": Kind(without(general__positionEncodings=["utf-8"]), encoding="utf-8"),
    "utf-32": Kind(without(general__positionEncodings=["utf-8", "utf-32"]), encoding="utf-32"),
    "encodings not named": Kind(without("general")),
    "encodings null": Kind(without(general=None)),
    "versions null": Kind(FULL, versions="null"),
    "versions absent": Kind(FULL, versions="absent"),
    "rootPath only": Kind(FULL, folders=lambda root: {"rootPath": str(root)}),
    "rootUri null": Kind(
        FULL, folders=lambda root: {"rootUri": None, "rootPath": None, "workspaceFolders": None}
    ),
    "folders only": Kind(
        FULL, folders=lambda root: {"workspaceFolders": [{"uri": root.as_uri(), "name": "it"}]}
    ),
    "no folder": Kind(FULL, folders=lambda root: {}),
    "capabilities null": Kind(dict.fromkeys(FULL)),
}
FOLDERLESS = ("rootUri null", "no folder")
ON_STDIO = ("everything", "nothing", "capabilities null", "rootUri null")

CODE = 'title = "𝄞 é"; total = 0\n\n\ndef add(items):\n    for item in items:\n        total += item\n'
BETTER = 'title = "𝄞 é"; total = 1\n'
FIRST_LINE = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}}


SPECIAL = {
    "nothing but edits": Kind({"workspace": {"applyEdit": True}}),
    "never answers": Kind(FULL, answers=False),
    "vim-lsp": Kind(
        {
            "textDocument": {
                "codeAction": {
                    "dynamicRegistration": False,
                    **LITERALS,
                    "isPreferredSupport": True,
                    "disabledSupport": True,
                },
                "completion": {"completionItem": {"documentationFormat": ["markdown", "plaintext"]}},
                "publishDiagnostics": {"relatedInformation": True},
                "synchronization": {"didSave": True, "dynamicRegistration": False},
            },
            "window": {"workDoneProgress": False},
            "workspace": {"applyEdit": True, "configuration": True, "workspaceFolders": False},
        },
        folders=lambda root: {"rootUri": root.as_uri(), "clientInfo": {"name": "vim-lsp"}},
    ),
    "says less than it can": Kind(
        {"workspace": {"applyEdit": False}},
        folders=lambda root: {
            "rootUri": root.as_uri(),
            "initializationOptions": {"capabilities": {"workspace": {"applyEdit": True}}},
        },
    ),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def the_simulator() -> AsyncIterator[Simulator]:
    async with Simulator() as running:
        yield running


@pytest.fixture
def simulator(the_simulator: Simulator) -> Simulator:
    the_simulator.clear()
    return the_simulator


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Callable[[], Awaitable[Path]]]:
    """Starts `halley serve --pipe` when it is first called; the home of that daemon, with `socket` in it."""
    home = tmp_path_factory.mktemp("shared-home")
    leaks = home / "left-the-machine.txt"
    running: list[asyncio.subprocess.Process] = []

    async def started() -> Path:
        socket = home / "socket"
        if not running:  # by now the test's environment holds nothing of this machine
            its = guarded({"HALLEY_HOME": str(home), "HALLEY_TEST_LEAKS": str(leaks)})
            command = ("-m", "halley", "serve", "--pipe", str(socket))
            running.append(
                await asyncio.create_subprocess_exec(sys.executable, *command, env=os.environ | its)
            )
        async with asyncio.timeout(60):
            while not socket.exists():
                assert running[0].returncode is None, "the daemon ended"
                await asyncio.sleep(0.01)
        return home

    yield started
    for process in running:
        process.terminate()
        async with asyncio.timeout(90):
            assert await process.wait() == 0
    assert not leaks.exists(), leaks.read_text()


@pytest_asyncio.fixture(loop_scope="module", params=KINDS)
async def editor(
    request: pytest.FixtureRequest,
    shared: Callable[[], Awaitable[Path]],
    simulator: Simulator,
    halley_home: Path,
    workspace: Path,
) -> AsyncIterator[PlainEditor]:
    (workspace / ".git").mkdir()
    own = request.param in ON_STDIO or request.param in SPECIAL or "proposal" in request.node.name
    home = halley_home if own else await shared()
    (home / "config.toml").write_text(CONFIG.format(url=simulator.base_url))
    socket = None if own else home / "socket"
    started = await PlainEditor.start((KINDS | SPECIAL)[request.param], workspace, socket)
    started.config = home / "config.toml"
    yield started
    await started.aclose()
    assert not started.unoffered, "it was sent what it never offered"


async def test_it_reaches_the_user(
    editor: PlainEditor, workspace: Path, simulator: Simulator, request: pytest.FixtureRequest
) -> None:
    kind = request.node.callspec.params["editor"]
    has_folder = kind not in FOLDERLESS
    buffer = await editor.open(workspace / "sums.py", CODE)
    listed = await editor.actions(buffer, FIRST_LINE)
    assert len(listed) > 4
    for one in listed:
        bare = isinstance(one["command"], str)
        assert bare == (editor.kind.has("textDocument.codeAction.codeActionLiteralSupport") is None)
        assert not bare or one.keys() == {"title", "command", "arguments"}
        assert "tags" not in one

    # an edit: made by the editor where it takes edits, else shown
    simulator.script(f"```python\n{BETTER}```")
    assert await editor.pick(buffer, FIRST_LINE, "improve") is None, "it is answered immediately"
    if editor.kind.has("workspace.applyEdit"):
        await editor.until(lambda: buffer.text == CODE.replace("total = 0", "total = 1"), "the edit is made")
        assert buffer.undo_stack == [CODE], "in one undo step"
    else:
        assert buffer.text == CODE
        assert "total = 1" in await seen(editor, "total = 1")
        refused = await editor.told("This editor takes no edits")
        if not editor.kind.has(
            "window.showDocument.support"
        ):  # one that shows one message at a time shows this one
            assert "total = 1" in Path(refused.partition(" It is in ")[2]).read_text()

    # an answer: opened where documents can be shown, else said
    simulator.script("It adds up the **prices**.")
    await editor.pick(buffer, FIRST_LINE, "explain")
    assert await seen(editor, "adds up the **prices**")
    if editor.kind.has("window.workDoneProgress"):
        await editor.until(lambda: editor.progress[-1:] and editor.progress[-1]["value"]["kind"] == "end")

    # a new file: made where files can be made, else its text is shown
    simulator.script("```python\nfrom sums import add\n\n\ndef test_add():\n    assert add([]) == 41\n```")
    await editor.pick(buffer, FIRST_LINE, "write tests")
    makes_files = editor.kind.has("workspace.applyEdit") and editor.kind.has(
        "workspace.workspaceEdit.resourceOperations"
    )
    if makes_files and has_folder:
        await editor.until(lambda: editor.created, "a file is made")
    else:
        assert await seen(editor, "add([]) == 41")

    # what cannot be done is reported, with what to do next
    simulator.script(status=401, body={"error": {"message": "Incorrect API key provided"}}, repeat=-1)
    await editor.pick(buffer, FIRST_LINE, "explain")
    assert "halley key set" in await editor.told("did not accept the key")
    assert "Traceback" not in str(editor.messages)
    simulator.clear()

    # the model is chosen by command
    scope = "workspace" if has_folder else "session"
    choice = {"role": "chat", "route": ["simulator/sim-fast"], "scope": scope}
    command = {"command": "halley.models.select", "arguments": [choice | {"show": True}]}
    assert await editor.command(command) is None
    await editor.told("chat asks simulator/sim-fast")
    assert (await editor.command(command | {"arguments": [choice]}))["roles"]["chat"]["route"] == choice[
        "route"
    ]

    # reports are the command line's tables
    await editor.command({"command": "halley.usage", "arguments": []})
    usage = await seen(editor, "| REQUESTS | CALLS |")
    assert "simulator/" in usage and "| total " in usage
    await editor.command({"command": "halley.doctor", "arguments": []})
    assert "executable" in await seen(editor, "Environment")
    await editor.command({"command": "halley.models.list", "arguments": []})
    assert "simulator/sim-fast" in await seen(editor, "| CONTEXT |")
    await editor.command(
        {"command": "halley.providers.verify", "arguments": [{"provider": "simulator", "show": True}]}
    )
    assert "first token (simulator/" in await seen(editor, "catalogue")

    # what runs can be stopped
    simulator.script("It adds up. " * 300, tokens_per_s=5)
    await editor.pick(buffer, FIRST_LINE, "explain")
    await simulator.wait_for(lambda sim: sim.open_streams == 1)
    await editor.pick(buffer, FIRST_LINE, "stop halley")
    await simulator.wait_for(lambda sim: sim.open_streams == 0)
    await editor.told("stopped")
    assert not [one for one in await editor.actions(buffer, FIRST_LINE) if "stop" in one["title"].lower()]

    # completion, in the ordinary list: from where the word begins, which is what editors look for
    simulator.script("al + 1", repeat=-1)
    await editor.type(buffer, len(buffer.text), "\nmore = tot")
    at = {"textDocument": {"uri": buffer.uri}, "position": buffer.position(len(buffer.text))}
    async with asyncio.timeout(90):
        while not (items := (await editor.request("textDocument/completion", at))["items"]):  # noqa: ASYNC110
            await asyncio.sleep(0)  # the model's answer is on its way
    assert (items[0]["textEdit"]["newText"], items[0]["filterText"]) == ("total + 1", "total + 1")

    # a mistake in the configuration
    mistake = f"nonsense_{list(KINDS).index(kind)}"
    await editor.open(editor.config, f"{editor.config.read_text()}\n[completion.{mistake}]\nx = 1\n")
    await editor.told(mistake)
    assert await editor.close() == 0


@pytest.mark.parametrize(
    "editor", ["everything", "nothing but edits", "no codeActionLiteralSupport"], indirect=True
)
async def test_a_proposal_is_accepted_or_discarded_by_code_actions(
    editor: PlainEditor, workspace: Path, simulator: Simulator
) -> None:
    editor.config.write_text(editor.config.read_text() + '\n[edits]\napply = "preview"\n')
    buffer = await editor.open(workspace / "sums.py", CODE)
    simulator.script(f"```python\n{BETTER}```", repeat=2)
    await editor.pick(buffer, FIRST_LINE, "improve")
    assert '+title = "𝄞 é"; total = 1' in await seen(editor, "+title"), "it is shown as a diff"
    assert buffer.text == CODE
    await editor.pick(buffer, FIRST_LINE, "discard: ")
    listed = await editor.actions(buffer, FIRST_LINE)
    while any(one["title"].startswith("Accept") for one in listed):  # the command runs behind its answer
        listed = await editor.actions(buffer, FIRST_LINE)
    editor.shown.clear()
    editor.messages.clear()
    await editor.pick(buffer, FIRST_LINE, "improve")
    await seen(editor, "A proposal waits for your approval")
    await editor.pick(buffer, FIRST_LINE, "accept: ")
    await editor.until(lambda: buffer.text.startswith(BETTER), "the edit is made")


@pytest.mark.parametrize("editor", ["never answers"], indirect=True)
async def test_a_client_that_never_answers_is_believed_by_its_text(
    editor: PlainEditor, workspace: Path, simulator: Simulator
) -> None:
    buffer = await editor.open(workspace / "sums.py", CODE)
    await improve(editor, buffer, simulator)
    simulator.script("It adds up the **prices**.")
    await editor.pick(buffer, FIRST_LINE, "explain")
    assert await editor.told("adds up the **prices**"), (
        "it is shown as a message, since the client does not say whether it was opened"
    )
    assert not [one for one in await editor.actions(buffer, FIRST_LINE) if one["title"].startswith("Stop")]
    assert await editor.close() == 0


@pytest.mark.parametrize("editor", ["vim-lsp"], indirect=True)
async def test_an_answer_is_seen_where_messages_are_one_line_and_only_warnings_are_shown(
    editor: PlainEditor, workspace: Path, simulator: Simulator
) -> None:
    buffer = await editor.open(workspace / "sums.py", CODE)
    simulator.script("It adds up the **prices**.\n\nAnd more.")
    await editor.pick(buffer, FIRST_LINE, "explain")
    said = await editor.told("Explanation of sums.py: see /")
    assert [one["type"] for one in editor.messages if one["message"] == said] == [2] and "\n" not in said
    text = Path(said.partition(": see ")[2]).read_text()
    assert "It adds up the **prices**.\n\nAnd more." in text
    simulator.script(f"```python\n{BETTER}```")
    await editor.pick(buffer, FIRST_LINE, "improve")
    await editor.until(lambda: buffer.text == CODE.replace("total = 0", "total = 1"), "the edit is made")


@pytest.mark.parametrize("editor", ["says less than it can"], indirect=True)
async def test_what_a_client_does_not_say_is_added_by_its_user(
    editor: PlainEditor, workspace: Path, simulator: Simulator
) -> None:
    buffer = await editor.open(workspace / "sums.py", CODE)
    await improve(editor, buffer, simulator)
    assert editor.unoffered == ["workspace/applyEdit: no workspace.applyEdit"]
    editor.unoffered.clear()


async def improve(editor: PlainEditor, buffer: Buffer, simulator: Simulator) -> None:
    """By the command that a client waits for, not by one in the background."""
    simulator.script(f"```python\n{BETTER}```")
    asked = {"action": "improve", "textDocument": {"uri": buffer.uri}, "range": FIRST_LINE}
    result = await editor.command({"command": "halley.run", "arguments": [asked]})
    assert result == {"applied": True, "edits": 1} and buffer.text.startswith(BETTER)


async def seen(editor: PlainEditor, part: str) -> str:
    """The text with `part` in it that was opened for the user, or shown as a message."""

    def found() -> str:
        texts = [
            path.read_text()
            for one in editor.shown
            if "file:" in one["uri"] and (path := Path(one["uri"].removeprefix("file://"))).exists()
        ]
        texts += [message["message"] for message in editor.messages]
        return next((text for text in texts if part in text), "")

    if editor.kind.has("workspace.textDocumentContent") is None:
        return await editor.until(found, f"{part!r} is shown")
    seen_before = 0
    while True:
        await editor.until(lambda before=seen_before: len(editor.shown) > before, f"{part!r} is shown")
        content = {"uri": editor.shown[seen_before]["uri"]}
        if content["uri"].startswith("file:"):  # a file that was made, opened like any other
            seen_before += 1
            continue
        if part in (text := (await editor.request("workspace/textDocumentContent", content))["text"]):
            return text
        seen_before += 1
