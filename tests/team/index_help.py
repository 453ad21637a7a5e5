"""A developer with a workspace, whose index is kept and embedded in this process."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from team_help import Team

from halley.core.calls import Caller
from halley.features.ask import Line
from halley.features.room import EngineRoom
from halley.features.search.control import load_control
from halley.features.search.ground import Attendant
from halley.features.search.searching import search
from halley.features.shared import Shared
from halley.simulator import Simulator
from halley.stores.disk.paths import find_paths

CONFIG = """
[providers.simulator]
base_url = "{base_url}"
key = {{ env = "SIM_KEY" }}

[roles]
embed = ["simulator/sim-embed"]

[search]
enabled = true

[team]
url = "{url}"
share_index = {shares}
"""
MODEL = "simulator/sim-embed"


@dataclass
class Developer:
    room: EngineRoom
    shared: Shared
    root: Path
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    async def begin(
        cls, home: Path, simulator: Simulator, url: str, files: dict[str, str], *, shares: bool = True
    ) -> Developer:
        home.mkdir(parents=True, exist_ok=True)
        config = CONFIG.format(base_url=simulator.base_url, url=url, shares=str(shares).lower())
        (home / "config.toml").write_text(config)
        root = home / "work"
        write(root, files)
        env = {"HALLEY_HOME": str(home), "SIM_KEY": "sk-sim-1234567890"}
        room = EngineRoom.open(find_paths(env), env)
        developer = cls(room, Shared(room), root)
        developer.attach()
        return developer

    @property
    def index(self) -> Any:
        return self.shared.index(self.root)

    def attach(self) -> None:
        async def no_route(_role: Any) -> Any:
            return ()

        line = Line(self.room.router, Caller(str(self.root)), self.room.settings(self.root), no_route)
        self.index.attach(Attendant(lambda: line, lambda: self.room.layers(self.root), self.news.set))
        self.index.start()

    async def when(self, wanted: Any) -> dict[str, Any]:
        """The index's state, once it is as wanted."""
        async with asyncio.timeout(60):
            while True:
                self.news.clear()
                status = await self.index.status()
                if wanted(status):
                    return status
                await self.news.wait()

    async def embedded(self) -> dict[str, Any]:
        """Once every piece has a vector."""
        return await self.when(
            lambda s: s["state"] == "ready" and s.get("chunks") and s["embedded"] == s["chunks"]
        )

    async def agree(self) -> None:
        await self.when(lambda s: "estimate" in s)
        await self.index.control("embed")

    async def paid(self) -> int:
        """Tokens that were sent to the model."""
        return (await self.room.ledger.summary()).totals.input_tokens or 0

    async def find(self, query: str) -> list[str]:
        line = self.index.ground.attendant.line()
        found = await search(self.index, line, query, 5, patient=True)
        return [hit.chunk.path for hit in found.hits]

    def answered(self) -> bool:
        """Whether the estimate was approved or declined."""
        return MODEL in load_control(self.index.folder).answers

    async def aclose(self) -> None:
        await self.shared.aclose()
        await self.room.aclose()


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def some_files(count: int) -> dict[str, str]:
    """Modules that differ."""
    return {
        f"part{n % 7}/work_{n}.py": f"def work_{n}(order):\n    '''Settles order {n} in its ledger.'''\n    return order.total + {n}\n"
        for n in range(count)
    }


async def shared_rows(team: Team) -> int:
    return team.one("SELECT count(*) FROM halley.vectors")
