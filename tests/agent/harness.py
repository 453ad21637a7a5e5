"""A scripted agent over a real daemon and a small repository on disk.

    agent = await Agent.start(daemon, simulator, workspace)
    agent.decide = lambda asked: "once"                     what the user answers, given what they see
    agent.says(call("edit_file", path="a.py", …))           the model's next rounds, one `says` each
    agent.says("Done.")
    result, events = await agent.task("Fix it.", mode="edit")

`agent.asked` is what the user was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo_tools import answer, call, of_kind, script
from window import CAPABILITIES, PATIENCE_S, Json, Window

from halley.simulator import Simulator

PLUGIN = CAPABILITIES | {"experimental": {"halley": {"chat": True, "tools": True}}}
NO_SANDBOX = '\n[agent]\nsandbox = "off"\n'

__all__ = ["NO_SANDBOX", "PLUGIN", "Agent", "call", "of_kind"]


@dataclass
class Agent:
    window: Window
    simulator: Simulator
    folder: Path
    asked: list[Json] = field(default_factory=list)
    decide: Callable[[Json], Any] = lambda _asked: "once"
    chat: str | None = None

    @classmethod
    async def start(cls, daemon: Any, simulator: Simulator, folder: Path, **options: Any) -> Agent:
        window = await daemon(folder=folder, **({"capabilities": PLUGIN} | options))
        agent = cls(window, simulator, folder)
        agent.asked = answer(window, lambda asked: agent.decide(asked))
        return agent

    def says(self, *parts: Any) -> None:
        """The model's next round: texts and calls."""
        calls = [part for part in parts if isinstance(part, dict)]
        texts = [part for part in parts if isinstance(part, str)]
        script(self.simulator, "".join(texts), **({"tool_calls": calls} if calls else {}))

    async def task(
        self, prompt: str = "Do it.", mode: str | None = "agent", **more: Any
    ) -> tuple[Json, list[Json]]:
        """One turn in the agent's chat; its reply is in `result["replies"][0]`."""
        params = more | ({"mode": mode} if mode else {}) | ({"chatId": self.chat} if self.chat else {})
        result, events = await self.window.chat(prompt, **params)
        self.chat = result["chatId"]
        return result, events

    async def does(self, *calls: Json, mode: str | None = "agent") -> list[Json]:
        """One turn of one round with these calls; the calls as they are kept, with states and results."""
        self.says(*calls)
        self.says("Done.")
        result, _ = await self.task(mode=mode)
        return result["replies"][0]["tools"]

    async def ended(self, chat: str) -> Json:
        """The chat's last reply once it is settled: before that, one whose request was cancelled is shown as interrupted
        too."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                shown = await self.window.request("halley/chat/get", {"chatId": chat})
                reply = shown["turns"][-1]["replies"][0]
                if reply["status"] == "complete" or reply.get("problem"):
                    return reply

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def read(self, name: str) -> str:
        return (self.folder / name).read_bytes().decode()

    def offered(self) -> set[str]:
        """The tools of the model's last request."""
        asked = [request for request in self.simulator.requests if request.model == "sim-chat"][-1]
        return {tool["function"]["name"] for tool in asked.json.get("tools", [])}
