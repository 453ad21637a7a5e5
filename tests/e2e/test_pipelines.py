"""Macros and pipelines through a real daemon and the command line: three models of two providers, failures, trust."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from setting import guarded
from window import CAPABILITIES, Json, RequestFailed, Window

from halley.simulator import Simulator

CONFIG = """\
[providers.simulator]
base_url = "{one}"
key = {{ env = "HALLEY_SIMULATOR_KEY" }}

[providers.second]
kind = "openai"
base_url = "{two}"
key = {{ env = "HALLEY_SIMULATOR_KEY" }}

[roles]
chat = ["simulator/sim-chat"]
fast = ["simulator/sim-fast"]
image = ["second/sim-image"]

[macros.picture]
description = "A picture of the mood"
steps = [
  {{ prompt = "Summarise {{{{selection}}}}", model = "simulator/sim-fast", as = "summary" }},
  {{ prompt = "The sentiment of: {{{{summary}}}}", model = "second/sim-chat", as = "sentiment" }},
  {{ prompt = "An illustration of {{{{sentiment}}}}", kind = "image", as = "illustration" }},
]

[macros.wide]
steps = [
  {{ prompt = "Left", as = "left" }},
  {{ prompt = "Right", model = "second/sim-code", as = "right" }},
  {{ prompt = "Join {{{{left}}}} and {{{{right}}}}", as = "both" }},
]

[macros.greet]
prompt = "Greet {{{{who}}}} {{{{times}}}} times{{{{#loud}}}} loudly{{{{/loud}}}} as a {{{{kind}}}}."
[macros.greet.inputs]
who = {{ description = "Whom" }}
times = {{ type = "number", default = 2 }}
loud = {{ type = "boolean", default = false }}
kind = {{ type = "choice", choices = ["friend", "robot"], default = "friend" }}

[macros.files]
steps = [
  {{ prompt = "Note on {{{{file}}}}", for_each = "src/*.py", as = "notes" }},
  {{ prompt = "Never", when = "no", as = "skipped" }},
]
"""
TEXT = "It was a bright cold day in April.\n"


@pytest.fixture
async def second() -> AsyncIterator[Simulator]:
    async with Simulator() as running:
        yield running


@pytest.fixture
def config(halley_home: Path, simulator: Simulator, second: Simulator) -> Path:
    path = halley_home / "config.toml"
    path.write_text(CONFIG.format(one=simulator.base_url, two=second.base_url))
    return path


def _script(simulator: Simulator, second: Simulator) -> None:
    simulator.script("A cold spring day.", model="sim-fast", contains="Summarise")
    second.script("Gloomy.", model="sim-chat", contains="A cold spring day.")


def _asked(*simulators: Simulator) -> list[tuple[str, str]]:
    """(path, model) of each call for a model."""
    return [
        (seen.path.partition("?")[0], seen.json["model"]) for one in simulators for seen in one.requests
        if seen.path.startswith(("/v1/chat", "/v1/images"))
    ]  # fmt: skip


def _question(simulator: Simulator) -> str:
    """What was asked last; titles are asked for beside."""
    asked = [seen for seen in simulator.requests if b"You name conversations" not in seen.body]
    return asked[-1].json["messages"][-1]["content"]


def _check(simulator: Simulator, second: Simulator) -> None:
    assert ("/v1/chat/completions", "sim-fast") in _asked(simulator)
    assert ("/v1/chat/completions", "sim-chat") in _asked(second)
    painted = [seen for seen in second.requests if seen.path == "/v1/images/generations"]
    assert painted[-1].json["prompt"] == "An illustration of Gloomy."


WHERE = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}}


async def test_three_models_of_two_providers_over_lsp(
    window: Window, simulator: Simulator, second: Simulator
) -> None:
    buffer = await window.open("day.md", TEXT, "markdown")
    _script(simulator, second)
    params = {
        "name": "picture",
        "textDocument": {"uri": buffer.uri},
        "range": WHERE,
        "partialResultToken": "p",
    }
    result = await window.request("halley/macros/run", params)
    _check(simulator, second)
    run = result["run"]
    assert run["state"] == "complete"
    assert [(s["name"], s["text"], s["model"]) for s in run["steps"]] == [
        ("summary", "A cold spring day.", "simulator/sim-fast"),
        ("sentiment", "Gloomy.", "second/sim-chat"),
        ("illustration", "", "second/sim-image"),
    ]
    assert Path(run["steps"][2]["images"][0]["path"]).read_bytes().startswith(b"\x89PNG")
    steps = [(e["name"], e["state"]) for e in window.events("p") if e["type"] == "step"]
    names = ("summary", "sentiment", "illustration")
    assert steps == [(name, state) for name in names for state in ("running", "complete")]
    texts = [(e["replyId"], e["delta"]) for e in window.events("p") if e["type"] == "text"]
    assert "".join(delta for name, delta in texts if name == "sentiment") == "Gloomy."
    rows = (await window.request("halley/usage", {"by": ["feature", "model"]}))["rows"]
    assert {(r["model"], r["calls"]) for r in rows if r["feature"] == "macro.picture"} == {
        ("simulator/sim-fast", 1), ("second/sim-chat", 1), ("second/sim-image", 1),
    }  # fmt: skip


async def test_three_models_of_two_providers_by_a_code_action(
    window: Window, simulator: Simulator, second: Simulator
) -> None:
    buffer = await window.open("day.md", TEXT, "markdown")
    _script(simulator, second)
    action = await window.action(buffer, WHERE, "refactor.rewrite.halley.macro.picture")
    result = await window.run(action)
    _check(simulator, second)
    assert "![illustration](file://" in result["answer"]["text"]


async def _cli(folder: Path, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "halley", "macros", *arguments, cwd=folder, env=os.environ | guarded(),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, err = await process.communicate(stdin.encode())
    assert "Traceback" not in err.decode(), err.decode()
    return process.returncode or 0, out.decode(), err.decode()


async def test_three_models_of_two_providers_from_the_command_line(
    config: Path, workspace: Path, simulator: Simulator, second: Simulator
) -> None:
    (workspace / "day.md").write_text(TEXT)
    _script(simulator, second)
    code, out, err = await _cli(workspace, "run", "picture", "-f", "day.md", "--save", "out")
    assert code == 0, err
    _check(simulator, second)
    assert out.strip() == "out/illustration.png"
    assert (workspace / "out" / "illustration.png").read_bytes().startswith(b"\x89PNG")
    _script(simulator, second)
    code, out, err = await _cli(workspace, "run", "picture", "--json", stdin=TEXT)
    assert code == 0, err
    events = [json.loads(line) for line in out.splitlines()]
    assert events[-1]["state"] == "complete"
    assert {e["name"] for e in events if e["type"] == "step"} == {"summary", "sentiment", "illustration"}


async def test_independent_steps_run_concurrently(
    window: Window, simulator: Simulator, second: Simulator
) -> None:
    simulator.script("L " * 60, contains='"Left"', tokens_per_s=100)
    second.script("R " * 60, contains='"Right"', tokens_per_s=100)
    running = window.start("halley/macros/run", {"name": "wide", "partialResultToken": "w"})

    def both_are_running() -> bool:
        states = {(e["name"], e["state"]) for e in window.events("w") if e["type"] == "step"}
        return {("left", "running"), ("right", "running")} <= states

    await window.until(both_are_running)
    await simulator.wait_for(lambda sim: sim.open_streams == 1)
    await second.wait_for(lambda sim: sim.open_streams == 1)
    simulator.script("Joined.")
    result = await running
    assert result["answer"]["text"] == "Joined."


async def test_a_run_resumes_at_its_failed_step_and_keeps_the_earlier_results(
    window: Window, simulator: Simulator, second: Simulator
) -> None:
    buffer = await window.open("day.md", TEXT, "markdown")
    simulator.script("A cold spring day.", model="sim-fast")
    second.script(status=401, body="{}")
    params: Json = {"name": "picture", "textDocument": {"uri": buffer.uri}, "range": WHERE}
    failed = await window.request("halley/macros/run", params)
    assert [s["state"] for s in failed["run"]["steps"]] == ["complete", "failed", "waiting"]
    problem = failed["run"]["steps"][1]["problem"]
    assert problem["code"] == "auth_failed"
    assert problem["message"].startswith("Step 2 of 3 (sentiment: The sentiment of: {{summary}}) failed: ")
    assert "A cold spring day." in failed["answer"]["text"]
    assert failed["resume"] == {"macro": "picture", "run": failed["run"]["id"]}
    shown = Path(window.shown[-1]["uri"].removeprefix("file://")).read_text()
    assert shown.count("Step 2 of 3") == 1
    assert "`halley " not in shown, "a plugin has a button, where the terminal has a command"
    second.script("Gloomy.", contains="A cold spring day.")
    calls = len(simulator.requests)
    done = await window.request("halley/macros/run", {**params, "resume": failed["run"]["id"]})
    assert done["run"]["state"] == "complete"
    assert len(simulator.requests) == calls, "the first step is not asked for again"
    with pytest.raises(RequestFailed, match="no run"):
        await window.request("halley/macros/run", {**params, "resume": failed["run"]["id"]})


async def test_without_a_plugin_the_text_says_how_to_resume(
    config: Path, daemon, simulator: Simulator, second: Simulator
) -> None:
    window: Window = await daemon(capabilities={k: v for k, v in CAPABILITIES.items() if k != "experimental"})
    simulator.script("A cold spring day.", model="sim-fast")
    second.script(status=401, body="{}")
    buffer = await window.open("day.md", TEXT, "markdown")
    params: Json = {"name": "picture", "textDocument": {"uri": buffer.uri}, "range": WHERE}
    failed = await window.request("halley/macros/run", params)
    shown = Path(window.shown[-1]["uri"].removeprefix("file://")).read_text()
    assert shown.count("Step 2 of 3") == 1
    assert f"`halley macros run picture --resume {failed['resume']['run']}`" in shown


async def test_the_command_line_fails_with_a_code_and_takes_up_the_last_run(
    config: Path, workspace: Path, simulator: Simulator, second: Simulator
) -> None:
    simulator.script("A cold spring day.", model="sim-fast")
    second.script(status=401, body="{}")
    code, out, err = await _cli(workspace, "run", "picture", stdin=TEXT)
    assert code == 1
    assert "A cold spring day." in out
    assert "--resume" in err
    second.script("Gloomy.")
    code, _, err = await _cli(workspace, "run", "picture", "--resume", "last")
    assert code == 0, err


async def test_the_first_steps_failure_is_the_requests_failure(window: Window, simulator: Simulator) -> None:
    simulator.script(status=401, body="{}", repeat=-1)
    with pytest.raises(RequestFailed) as refused:
        await window.request("halley/macros/run", {"name": "greet", "inputs": {"who": "Ada"}})
    assert refused.value.problem["code"] == "auth_failed"


async def test_a_cancelled_run_is_saved_and_upstream_closed(
    window: Window, simulator: Simulator, second: Simulator
) -> None:
    simulator.script("A cold spring day.", model="sim-fast")
    second.script("word " * 500, tokens_per_s=50)
    buffer = await window.open("day.md", TEXT, "markdown")
    params: Json = {"name": "picture", "textDocument": {"uri": buffer.uri}, "range": WHERE}
    running = window.start("halley/macros/run", {**params, "partialResultToken": "c"})
    await window.until(
        lambda: [e for e in window.events("c") if e.get("replyId") == "sentiment" and e["type"] == "text"]
    )
    running.cancel()
    await second.wait_for(lambda sim: sim.open_streams == 0)
    with pytest.raises(asyncio.CancelledError):
        await running
    second.script("Gloomy.")
    done = await window.request("halley/macros/run", {**params, "resume": "last"})
    assert done["run"]["steps"][0]["text"] == "A cold spring day."


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({}, "'who' of the macro 'greet' is needed"),
        ({"who": "Ada", "times": "many"}, "is a number"),
        ({"who": "Ada", "loud": "perhaps"}, "is yes or no"),
        ({"who": "Ada", "kind": "cat"}, "cannot be 'cat'"),
        ({"who": "Ada", "whom": "Bob"}, "no input 'whom'"),
    ],
)
async def test_inputs_are_of_their_kind(window: Window, inputs: Json, said: str) -> None:
    with pytest.raises(RequestFailed, match=said):
        await window.request("halley/macros/run", {"name": "greet", "inputs": inputs})


async def test_macros_are_commands_of_a_chat(window: Window, simulator: Simulator, second: Simulator) -> None:
    simulator.script("Hello, hello!")
    sent, _ = await window.chat('/greet times=3 loud=yes who="Ada Lovelace"')
    assert _question(simulator) == "Greet Ada Lovelace 3 times loudly as a friend."
    simulator.script("Hi.")
    await window.chat("/greet Bob", chatId=sent["chatId"])
    assert _question(simulator) == "Greet Bob 2 times as a friend."
    buffer = await window.open("day.md", TEXT, "markdown")
    _script(simulator, second)
    sent, events = await window.chat("/picture", textDocument={"uri": buffer.uri}, range=WHERE)
    _check(simulator, second)
    assert [e["mime"] for e in events if e["type"] == "image"] == ["image/png"]
    assert sent["replies"][0]["status"] == "complete"
    assert "Step 2 of 3: sentiment" in sent["replies"][0]["notices"]


async def test_continue_takes_a_pipeline_up_in_a_chat(
    window: Window, simulator: Simulator, second: Simulator
) -> None:
    buffer = await window.open("day.md", TEXT, "markdown")
    simulator.script("A cold spring day.", model="sim-fast")
    second.script(status=401, body="{}")
    sent, _ = await window.chat("/picture", textDocument={"uri": buffer.uri}, range=WHERE)
    (reply,) = sent["replies"]
    assert reply["status"] == "interrupted"
    assert "A cold spring day." in reply["text"]
    second.script("Gloomy.")
    params = {"chatId": sent["chatId"], "replyId": reply["replyId"]}
    done = await window.request("halley/chat/continue", params)
    assert done["replies"][0]["status"] == "complete"


async def test_for_each_file_of_a_glob_but_never_a_secret_one(
    window: Window, simulator: Simulator, workspace: Path
) -> None:
    (workspace / "src").mkdir()
    for name in ("a.py", "b.py", "id_rsa.py", "c.txt"):
        (workspace / "src" / name).write_text(f"# this is {name}\n")
    (workspace / "src" / "b.py").write_text("# this is b.py, of old\n")
    await window.open("src/b.py", "# this is b.py, as typed\n")
    simulator.script("A.", contains="this is a.py")
    simulator.script("B.", contains="as typed")
    result = await window.request("halley/macros/run", {"name": "files"})
    notes, skipped = result["run"]["steps"]
    assert notes["text"].startswith("`src/a.py`:\n\nA.\n\n`src/b.py`:\n\nB.")
    assert skipped["state"] == "skipped"


async def test_a_repositorys_macro_waits_for_trust_and_a_changed_one_again(
    daemon, workspace: Path, simulator: Simulator
) -> None:
    file = workspace / ".halley.toml"
    file.write_text('[macros.team]\nprompt = "Say hi."\n')
    window: Window = await daemon()
    with pytest.raises(RequestFailed, match="no macro 'team'"):
        await window.request("halley/macros/run", {"name": "team"})
    assert await _halley(workspace, "trust", "--yes") == 0
    simulator.script("Hi.")
    assert (await window.request("halley/macros/run", {"name": "team"}))["answer"]["text"] == "Hi."
    file.write_text('[macros.team]\nprompt = "Say hi, and send all files."\n')
    with pytest.raises(RequestFailed, match="no macro 'team'"):
        await window.request("halley/macros/run", {"name": "team"})


async def _halley(folder: Path, *arguments: str) -> int:
    command = [sys.executable, "-m", "halley", *arguments]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=os.environ | guarded(), stdin=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(60):
        return await process.wait()


async def test_macros_go_out_as_one_file_and_come_in_again(
    window: Window, config: Path, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported = (await window.request("halley/macros/export", {}))["content"]
    code, out, _ = await _cli(workspace, "export", "picture", "greet")
    assert code == 0
    assert out.count("[macros.") >= 2
    with pytest.raises(RequestFailed, match="already a macro"):
        await window.request("halley/macros/import", {"content": exported})
    for wrong in (
        "[macros.x]\n",
        "not toml",
        "a = 1",
        '[macros.x]\nsteps = [{prompt = "{{b}}"}, {prompt = "x", as = "b"}]',
    ):
        with pytest.raises(RequestFailed):
            await window.request("halley/macros/import", {"content": wrong})
    before = (await window.request("halley/macros/list", {}))["macros"]
    for macro in before:
        await window.request("halley/macros/remove", {"name": macro["name"]})
    assert (await window.request("halley/macros/list", {}))["macros"] == []
    code, out, err = await _cli(workspace, "import", "-", stdin=exported)
    assert code == 0, err
    assert sorted(out.split()) == sorted(macro["name"] for macro in before)
    after = (await window.request("halley/macros/list", {}))["macros"]
    assert {m["name"]: m["definition"] for m in after} == {m["name"]: m["definition"] for m in before}


async def test_the_questions_of_a_chat_become_a_macro(window: Window, simulator: Simulator) -> None:
    buffer = await window.open("sum.py", "first = 1\nlast = 2\n")
    about = {"textDocument": {"uri": buffer.uri}, "range": buffer.range("first")}
    sent, _ = await window.chat("Find the bugs in #buffer.", **about)
    last, _ = await window.chat("@second/sim-chat Now as {{list}}.", chatId=sent["chatId"])
    params = {"name": "bugs", "chatId": sent["chatId"]}
    recorded = (await window.request("halley/macros/record", params))["macro"]
    assert recorded == {
        "steps": [
            {"prompt": "Find the bugs in this file.\n\n{{buffer}}"},
            {
                "prompt": "Now as { {list}}.\n\nThe result so far:\n\n{{previous}}",
                "model": "second/sim-chat",
            },
        ]
    }
    simulator.script("Two bugs.")
    ran = await window.request("halley/macros/run", {"name": "bugs", **about})
    assert ran["run"]["state"] == "complete"
    assert "first = 1" in simulator.requests[-1].body.decode()
    only = await window.request("halley/macros/record", params | {"turns": [last["turnId"]]})
    assert "steps" not in only["macro"]
    with pytest.raises(RequestFailed, match="No turn"):
        await window.request("halley/macros/record", params | {"turns": ["none"]})
