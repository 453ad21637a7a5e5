"""Agents in a client: approvals, diffs, the client's unsaved texts and its terminals.

Zed has files and permission options, CodeCompanion files but neither terminals nor plans, others nothing at all.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from acp_editor import Connect, Editor
from demo_tools import call, script

from halley.simulator import Simulator

Json = dict[str, Any]
FILES = {"fs": {"readTextFile": True, "writeTextFile": True}}


class Buffers:
    """Open files of a client, by path; what is written is saved, as Zed does."""

    def __init__(self, editor: Editor) -> None:
        self.texts: dict[str, str] = {}
        self.written: list[str] = []
        editor.answers |= {"fs/read_text_file": self._read, "fs/write_text_file": self._write}

    def _read(self, params: Json) -> Json:
        path = params["path"]
        return {"content": self.texts[path] if path in self.texts else Path(path).read_text()}

    def _write(self, params: Json) -> None:
        self.written.append(params["path"])
        self.texts[params["path"]] = params["content"]
        Path(params["path"]).write_text(params["content"])


async def in_mode(editor: Editor, mode: str) -> None:
    await editor.new()
    await editor.request("session/set_mode", {"sessionId": editor.session, "modeId": mode})


def edit(old: str, new: str, path: str = "a.py") -> Json:
    return call("edit_file", path=path, old_text=old, new_text=new)


@pytest.mark.parametrize(
    "capabilities", [{}, FILES, FILES | {"terminal": False}], ids=["nothing", "zed", "codecompanion"]
)
async def test_an_edit_is_shown_approved_and_made(
    connect: Connect, simulator: Simulator, workspace: Path, capabilities: Json
) -> None:
    (workspace / "a.py").write_text("one = 1\ntwo = 2\n")
    editor = await connect(capabilities)
    buffers = Buffers(editor)
    await in_mode(editor, "edit")
    script(simulator, "I will.", tool_calls=[edit("two = 2", "two = 3")])
    script(simulator, "Done.")
    assert await editor.prompt("Change it") == {"stopReason": "end_turn"}
    assert (workspace / "a.py").read_text() == "one = 1\ntwo = 3\n"
    assert buffers.written == ([str(workspace / "a.py")] if capabilities else [])
    (asked,) = [a["params"] for a in editor.asked if a["method"] == "session/request_permission"]
    assert [option["kind"] for option in asked["options"]] == [
        "allow_once",
        "allow_always",
        "allow_always",
        "reject_once",
    ]
    (diff,) = [c for c in asked["toolCall"]["content"] if c["type"] == "diff"]
    assert diff["path"] == str(workspace / "a.py")
    assert (diff["oldText"], diff["newText"]) == ("one = 1\ntwo = 2\n", "one = 1\ntwo = 3\n")
    assert asked["toolCall"]["kind"] == "edit" and asked["toolCall"]["locations"][0]["path"] == diff["path"]
    (begun,) = editor.of("tool_call")
    assert begun["status"] == "pending"
    states = [update.get("status") for update in editor.of("tool_call_update")]
    assert states == ["in_progress", "completed"]


async def test_a_denied_call_changes_nothing(connect: Connect, simulator: Simulator, workspace: Path) -> None:
    (workspace / "a.py").write_text("one = 1\n")
    editor = await connect(FILES)
    buffers = Buffers(editor)
    for answer in ("deny", None, "no such option"):
        editor.decide = lambda _asked, answer=answer: answer
        await in_mode(editor, "edit")
        script(simulator, tool_calls=[edit("one = 1", "one = 2")])
        script(simulator, "Pity.")
        assert await editor.prompt("Change it") == {"stopReason": "end_turn"}
        assert editor.of("tool_call_update")[-1]["status"] == "failed"
    assert not buffers.written and (workspace / "a.py").read_text() == "one = 1\n"


async def test_unsaved_text_of_the_client_is_read_and_edited(
    connect: Connect, simulator: Simulator, workspace: Path
) -> None:
    file = workspace / "a.py"
    file.write_text("one = 1\n")
    editor = await connect(FILES)
    buffers = Buffers(editor)
    buffers.texts[str(file)] = "one = 1\nunsaved = True\n"
    await in_mode(editor, "edit")
    script(simulator, tool_calls=[call("read_file", path="a.py")])
    script(simulator, tool_calls=[edit("unsaved = True", "unsaved = False")])
    script(simulator, "Done.")
    await editor.prompt("Change it")
    assert buffers.texts[str(file)] == "one = 1\nunsaved = False\n"
    reads = [u for u in editor.of("tool_call_update") if "unsaved = True" in str(u.get("rawOutput"))]
    assert reads


async def test_what_the_user_types_while_asked_is_kept(
    connect: Connect, simulator: Simulator, workspace: Path
) -> None:
    file = workspace / "a.py"
    file.write_text("one = 1\ntwo = 2\nthree = 3\n")
    editor = await connect(FILES)
    buffers = Buffers(editor)
    buffers.texts[str(file)] = file.read_text()

    def typing(text: str) -> Any:
        def decide(_asked: Json) -> str:
            buffers.texts[str(file)] = text
            return "once"

        return decide

    await in_mode(editor, "edit")
    editor.decide = typing("zero = 0\none = 1\ntwo = 2\nthree = 3\n")
    script(simulator, tool_calls=[edit("two = 2", "two = 22")])
    script(simulator, "Done.")
    await editor.prompt("Elsewhere")
    assert buffers.texts[str(file)] == "zero = 0\none = 1\ntwo = 22\nthree = 3\n"
    editor.decide = typing("zero = 0\none = 1\ntwo = mine\nthree = 3\n")
    script(simulator, tool_calls=[edit("two = 22", "two = 222")])
    script(simulator, "Pity.")
    await editor.prompt("In the same place")
    assert "two = mine" in buffers.texts[str(file)]
    assert editor.of("tool_call_update")[-1]["status"] == "failed"


async def test_a_client_that_has_not_noticed_a_change_on_disk_does_not_undo_it(
    connect: Connect, simulator: Simulator, workspace: Path
) -> None:
    file = workspace / "a.py"
    file.write_text("one = 1\n")
    editor = await connect(FILES)
    buffers = Buffers(editor)
    buffers.texts[str(file)] = "one = 1\n"
    await in_mode(editor, "edit")
    script(simulator, tool_calls=[edit("one = 1", "one = 2")])
    script(simulator, "Done.")
    await editor.prompt("First")
    file.write_text("one = 2\nformatted = True\n")  # and the client still has its own text
    script(simulator, tool_calls=[edit("one = 2", "one = 3")])
    script(simulator, "Done.")
    await editor.prompt("Second")
    assert file.read_text() == "one = 3\nformatted = True\n"
    buffers.texts[str(file)] = "one = 3\nformatted = True\nunsaved = True\n"
    script(simulator, tool_calls=[edit("one = 3", "one = 4")])
    script(simulator, "Done.")
    await editor.prompt("Third")
    assert "unsaved = True" in buffers.texts[str(file)] and "one = 4" in buffers.texts[str(file)]
    buffers.texts[str(file)] += "typed = True\n"
    file.write_text("from elsewhere\n")
    script(simulator, tool_calls=[edit("one = 4", "one = 5")])
    script(simulator, "Pity.")
    await editor.prompt("Fourth")
    assert file.read_text() == "from elsewhere\n" and "one = 4" in buffers.texts[str(file)]


class Shell:
    """Terminals of a client, as real processes."""

    def __init__(self, editor: Editor) -> None:
        self.created: list[Json] = []
        self.running: dict[str, tuple[asyncio.subprocess.Process, asyncio.Task[bytes]]] = {}
        self.released: list[str] = []
        for name in ("create", "output", "wait_for_exit", "kill", "release"):
            editor.answers[f"terminal/{name}"] = getattr(self, f"_{name}")

    async def _create(self, params: Json) -> Json:
        self.created.append(params)
        process = await asyncio.create_subprocess_exec(
            params["command"], *params["args"], cwd=params["cwd"],
            env={row["name"]: row["value"] for row in params["env"]},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, stdin=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdout is not None
        id = f"term-{len(self.created)}"
        self.running[id] = process, asyncio.ensure_future(process.stdout.read())
        return {"terminalId": id}

    async def _output(self, params: Json) -> Json:
        process, output = self.running[params["terminalId"]]
        if process.returncode is None:
            return {"output": "", "truncated": False}
        return {
            "output": (await output).decode(),
            "truncated": False,
            "exitStatus": {"exitCode": process.returncode},
        }

    async def _wait_for_exit(self, params: Json) -> Json:
        code = await self.running[params["terminalId"]][0].wait()
        return {"exitCode": code} if code >= 0 else {"exitCode": None, "signal": "KILL"}

    def _kill(self, params: Json) -> None:
        self.running[params["terminalId"]][0].kill()

    def _release(self, params: Json) -> None:
        self.released.append(params["terminalId"])


async def test_commands_run_in_the_clients_terminal_without_keys(
    connect: Connect, simulator: Simulator, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with config.open("a") as file:
        file.write('\n[agent]\nsandbox = "off"\n')
    monkeypatch.setenv("OTHER_API_KEY", "sk-very-secret-indeed")
    editor = await connect({"terminal": True})
    shell = Shell(editor)
    await in_mode(editor, "agent")
    script(simulator, tool_calls=[call("run_command", shell_line="echo it ran $OTHER_API_KEY; exit 3")])
    script(simulator, "Done.")
    assert await editor.prompt("Run it") == {"stopReason": "end_turn"}
    (shown,) = [
        u for u in editor.of("tool_call_update") if u.get("content") and u["content"][0]["type"] == "terminal"
    ]
    assert shown["content"] == [{"type": "terminal", "terminalId": "term-1"}]
    told = editor.of("tool_call_update")[-1]["rawOutput"]
    assert "exit status 3" in told and "it ran" in told and "secret" not in told
    assert shell.released == ["term-1"]
    assert "sk-very-secret-indeed" not in str(shell.created)


@pytest.mark.parametrize("shown", ["text", "terminal"])
async def test_a_cancelled_command_is_killed(
    connect: Connect, simulator: Simulator, config: Path, shown: str
) -> None:
    """Also one that the client is about to start."""
    with config.open("a") as file:
        file.write('\n[agent]\nsandbox = "off"\n')
    editor = await connect({"terminal": True})
    shell = Shell(editor)
    await in_mode(editor, "agent")
    script(simulator, tool_calls=[call("run_command", command=["sleep", "600"])])
    asked = editor.start_prompt("Run it")
    kind = "content" if shown == "text" else "terminal"
    await editor.until(
        lambda: [
            u for u in editor.of("tool_call_update") if u.get("content") and u["content"][0]["type"] == kind
        ]
    )
    editor.cancel()
    assert await asked == {"stopReason": "cancelled"}
    await editor.until(lambda: shell.released == ["term-1"] or not shell.created)
    for process, _ in shell.running.values():
        assert await asyncio.wait_for(process.wait(), 90) != 0


async def test_a_command_without_terminals_streams_its_output(
    connect: Connect, simulator: Simulator, config: Path
) -> None:
    with config.open("a") as file:
        file.write('\n[agent]\nsandbox = "off"\n')
    editor = await connect()
    await in_mode(editor, "agent")
    script(simulator, tool_calls=[call("run_command", shell_line="echo it ran")])
    script(simulator, "Done.")
    await editor.prompt("Run it")
    assert "it ran" in editor.of("tool_call_update")[-1]["content"][0]["content"]["text"]


async def test_a_plan_is_shown_and_worked_through(connect: Connect, simulator: Simulator) -> None:
    editor = await connect()
    await in_mode(editor, "plan")
    script(simulator, tool_calls=[call("write_plan", steps=["Look", "Change"])])
    script(simulator, tool_calls=[call("mark_step", step=1, state="done")])
    script(simulator, "Done.")
    await editor.prompt("Plan it")
    plans = [[(e["content"], e["status"]) for e in p["entries"]] for p in editor.of("plan")]
    assert plans == [
        [("Look", "pending"), ("Change", "pending")],
        [("Look", "completed"), ("Change", "pending")],
    ]
