"""A network that cuts connections at random moments, and processes killed while they send: every row once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from team_help import Member, Team, a_call, make_call, spending_of

from halley.core.errors import BudgetExceeded, HalleyError


@asynccontextmanager
async def cutting(host: str, dice: random.Random) -> AsyncIterator[int]:
    """A port that leads to the server's socket, and cuts each connection after a random number of bytes."""
    (socket,) = Path(host).glob(".s.PGSQL.*[0-9]")

    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter, left: int) -> None:
        with contextlib.suppress(OSError):
            while left > 0 and (piece := await source.read(min(left, 4096))):
                target.write(piece)
                await target.drain()
                left -= len(piece)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(str(socket))
        ways = [
            asyncio.create_task(pump(reader, inner_writer, dice.randint(200, 12_000))),
            asyncio.create_task(pump(inner_reader, writer, dice.randint(200, 3_000))),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (writer, inner_writer):
            end.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def test_cuts_at_random_moments_lose_and_repeat_nothing(team: Team, tmp_path: Path) -> None:
    dice = random.Random(20261129)
    team.limit(1_000)
    async with cutting(team.host, dice) as port:
        url = f"postgresql://{team.role('ann')}@127.0.0.1:{port}/{team.name}"
        ann = await team.add("ann", tmp_path / "ann", url=url)
        for _ in range(40):
            for _ in range(5):
                await ann.spend(0.01)
            with contextlib.suppress(HalleyError):
                await ann.link.send()
            ann.link._mail._failure = None  # a user's pause between tries
        await ann.aclose()
    back = Member.at(ann.name, team.url("ann"), tmp_path / "ann")
    team.members = [back]
    await back.link.send()
    assert team.one("SELECT count(*) FROM halley.calls") == 200
    assert round(float(team.one("SELECT spent FROM halley.counters")), 6) == 2.0
    assert await back.link.spool.count() == 0


async def test_cuts_at_random_moments_overspend_nothing_and_leave_nothing_set_aside(
    team: Team, tmp_path: Path
) -> None:
    """Money for half of the calls; where the database cannot be asked, none is made."""
    dice, cost, calls = random.Random(1129), 0.01, 24
    team.limit(2 * calls * cost / 2)
    refusals: list[str] = []

    async def work(member: Member) -> int:
        spending, made = spending_of(member, cost), 0
        for _ in range(calls):
            for server in (member.link._money, member.link._mail):
                server._failure = None  # a user's pause between tries
            call = a_call(member.url, offline="stop", offline_grace_usd=0.0)
            try:
                await make_call(member, spending, call, cost)
                made += 1
            except BudgetExceeded as refused:
                refusals.append(refused.problem.message)
            if made % 7 == 0:
                with contextlib.suppress(HalleyError):
                    await member.link.send()
        return made

    async with cutting(team.host, dice) as port:
        members = []
        for name in ("ann", "bob"):
            url = f"postgresql://{team.role(name)}@127.0.0.1:{port}/{team.name}"
            members.append(await team.add(name, tmp_path / name, url=url))
        made = await asyncio.gather(*map(work, members))
        for member in members:
            await member.aclose()
    assert any("cannot be reached" in refusal for refusal in refusals), (
        "no cut was met while money was set aside"
    )
    back = [Member.at(team.role(name), team.url(name), tmp_path / name) for name in ("ann", "bob")]
    team.members = back
    for member in back:
        await member.link.send()
    assert team.one("SELECT count(*) FROM halley.calls") == sum(made) > 0
    spent = round(sum(made) * cost, 6)
    assert round(float(team.one("SELECT spent FROM halley.counters")), 6) == spent <= calls * cost
    assert team.one("SELECT count(*) FROM halley.holds") == 0


WORK = """
import asyncio, sys
sys.path[:0] = {path!r}
from pathlib import Path
from team_help import Member
async def main():
    ann = Member.at({name!r}, {url!r}, Path({home!r}))
    while True:
        await ann.spend(0.01)
        print("row", flush=True)
        await ann.link.send()
asyncio.run(main())
"""


def begin(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


async def test_processes_killed_while_they_send_lose_and_repeat_nothing(team: Team, tmp_path: Path) -> None:
    dice = random.Random(7)
    team.limit(1_000)
    ann = await team.add("ann", tmp_path / "ann")
    code = WORK.format(path=sys.path, name=ann.name, url=ann.url, home=str(tmp_path / "ann"))
    for _ in range(4):
        process = begin(code)
        assert process.stdout is not None
        for _ in range(dice.randint(1, 12)):
            await asyncio.to_thread(process.stdout.readline)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    await ann.spend(0.01)
    await ann.link.send()
    kept = await ann.database.read(lambda db: db.execute("SELECT count(*), sum(cost) FROM calls").fetchone())
    assert team.one(
        "SELECT count(*) FROM halley.calls WHERE status <> 'abandoned'"
    ) == await ann.database.read(
        lambda db: db.execute(
            "SELECT count(*) FROM calls WHERE status NOT IN ('open', 'abandoned')"
        ).fetchone()[0]
    )
    assert round(float(team.one("SELECT spent FROM halley.counters")), 6) == round(kept[1], 6)
