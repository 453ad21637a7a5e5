"""A daemon in a team: its calls reach the team's database, and an editor can ask how things stand."""

from __future__ import annotations

import asyncio
from pathlib import Path

from team_help import Team
from windows import Start
from windows import config as config
from windows import daemon as daemon
from windows import workspace as workspace

from halley.simulator import Simulator
from halley.stores.team import server


async def counted(team: Team, rows: int) -> None:
    """Until the team's database has so many rows; it tells of each transaction that puts some."""
    async with asyncio.timeout(60):
        while team.one("SELECT count(*) FROM halley.calls") < rows:
            await asyncio.to_thread(team.wait_for_rows)


async def test_calls_of_an_editor_are_counted_for_the_team(
    team: Team, daemon: Start, config: Path, simulator: Simulator
) -> None:
    with team.connect("boss") as db:
        server.set_member(db, team.role("ann"), False, ["web"])
        server.set_budget(db, "group", "web", "month", 50)
    config.write_text(config.read_text() + f'\n[team]\nurl = "{team.url("ann")}"\n')
    window = await daemon()
    simulator.script("Yes.")
    await window.chat("Is this counted?")
    await counted(team, 1)
    status = await window.request("halley/team/status", {})
    assert status["reachable"] is True
    assert (status["member"], status["groups"]) == (team.role("ann"), ["web"])
    assert [(b["scope"], b["subject"], b["mostUsd"]) for b in status["budgets"]] == [("group", "web", 50.0)]
    report = await window.request("halley/usage", {"team": True, "by": ["member", "feature"]})
    assert (team.role("ann"), "chat") in [(row["member"], row["feature"]) for row in report["rows"]]


async def test_rows_left_by_an_earlier_process_are_sent_when_a_daemon_starts(
    team: Team, daemon: Start, config: Path, halley_home: Path
) -> None:
    ann = await team.add("ann", halley_home)
    await ann.spend(0.2)
    await ann.database.aclose()
    config.write_text(config.read_text() + f'\n[team]\nurl = "{ann.url}"\n')
    await daemon()
    await counted(team, 1)
