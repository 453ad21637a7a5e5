"""The demo server of tools (`mcp_server.py`) in a window: configured, waited for, its approvals answered, calls scripted."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from window import CAPABILITIES, Json, Window

from halley.simulator import Simulator

SERVER = Path(__file__).with_name("mcp_server.py")
ASKS = CAPABILITIES | {"experimental": {"halley": {"chat": True, "tools": True}}}


def of_kind(events: list[Json], kind: str) -> list[Json]:
    return [event for event in events if event["type"] == kind]


class Demo:
    """The server under test: what it is configured with, and what was really run."""

    def __init__(self, config: Path, log: Path) -> None:
        self.config, self.log = config, log

    def configure(self, name: str = "demo", /, **more: Any) -> None:
        rows = {"command": sys.executable, "args": [str(SERVER), str(self.log)], **more}
        text = "\n".join(f"{key} = {_toml(value)}" for key, value in rows.items())
        with self.config.open("a") as file:
            file.write(f"\n[tools.servers.{name}]\n{text}\n")

    @property
    def ran(self) -> list[Json]:
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {json.dumps(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(value)


def answer(window: Window, decide: Callable[[Json], Any]) -> list[Json]:
    """Answers `halley/tools/approve`; the list fills with what was asked."""
    asked: list[Json] = []

    async def approve(params: Json) -> Any:
        asked.append(params)
        decision = decide(params)
        if asyncio.iscoroutine(decision):
            decision = await decision
        return {"decision": decision} if isinstance(decision, str) else decision

    window._halley_tools_approve = approve  # type: ignore[attr-defined]
    return asked


async def servers(window: Window, state: str = "ready", name: str = "demo") -> Json:
    """The list, once a server has come to a state."""
    await window.request("halley/tools/list", {})
    while True:
        heard = len(window.heard)  # before asking: what changes right behind the answer counts
        listed = await window.request("halley/tools/list", {})
        rows = {row["name"]: row for row in listed["servers"]}
        if rows[name]["state"] == state:
            return listed | rows
        await window.until(
            lambda seen=heard: [
                m for m, p in window.heard[seen:] if m == "halley/changed" and p["what"] == "tools"
            ],
            f"the server is {state}",
        )


async def agreeing(daemon: Callable[..., Awaitable[Window]], demo: Demo, **more: Any) -> Window:
    """A window with the demo server ready, in which every call gets its yes. `more` is for `Demo.configure`."""
    demo.configure(**more)
    window = await daemon(capabilities=ASKS)
    answer(window, lambda _: "once")
    await servers(window)
    return window


def script(simulator: Simulator, text: str = "", **more: Any) -> None:
    """The chat model's next answer (or that of `model`); titles are another model's."""
    simulator.script(text, **{"model": "sim-chat"} | more)


def last_request(simulator: Simulator) -> Any:
    """The chat model's last request."""
    return [request for request in simulator.requests if request.model == "sim-chat"][-1]


def call(name: str, /, **arguments: Any) -> Json:
    return {"name": name, "arguments": arguments}
