"""Killed at two hundred random moments of a stream: nothing that was there before is lost, and the database is sound.

One process imports the store and forks; each fork streams a reply and is killed in the middle of it. The moments come
from a seed, so that a failure can be reproduced.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from halley.stores.chats.store import ChatStore
from halley.stores.sqlite.database import Database

KILLS, LONGEST_S = 200, 0.04

WRITER = """
import asyncio, os, sys
from pathlib import Path
from halley.core.events import ReasoningDelta, TextDelta
from halley.stores.chats import store as chats
from halley.stores.sqlite.database import Database
chats.FLUSH_S = 0.003  # many writes to be killed in
async def stream(path, number):
    store = chats.ChatStore(Database(path))
    chat = await store.create("/w", f"chat {number}")
    begun = store.begin_turn(chat, "/w", f"question {number}", ["p/m"])
    await begun.saved
    store.append(begun.replies[0], [TextDelta(f"answer {number}")])
    await store.settle(begun.replies[0])
    begun = store.begin_turn(chat, "/w", "last", ["p/m", "p/n"])
    await begun.saved
    os.write(1, f"{chat}\\n".encode())
    at = 0
    while True:
        for reply in begun.replies:
            store.append(reply, [ReasoningDelta("."), TextDelta(f"{at} ")])
        at += 1
        await asyncio.sleep(0.0005)
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        asyncio.run(stream(Path(sys.argv[1]), int(line)))
    os.write(1, f"{pid}\\n".encode())
    os.waitpid(pid, 0)
    os.write(1, b"gone\\n")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
async def test_killed_at_two_hundred_random_moments(tmp_path: Path) -> None:
    path, moments = tmp_path / "halley.db", random.Random(4711)
    process = subprocess.Popen(  # noqa: ASYNC220 - spoken to from a thread
        [sys.executable, "-c", WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        chats = [await asyncio.to_thread(_kill_one, process, number, moments) for number in range(KILLS)]
    finally:
        process.kill()
        process.communicate()
    database = Database(path)
    store = ChatStore(database)
    listed = {summary.id for summary in await store.list("/w", limit=1000)}
    assert listed == set(chats)
    for number, chat in enumerate(chats):
        await _check(store, chat, number)
    assert await database.read(lambda db: db.execute("PRAGMA integrity_check").fetchone()[0]) == "ok"
    assert await store.list("/w", query=f"question {KILLS - 1}"), "the index is sound too"
    await database.aclose()


def _kill_one(process: subprocess.Popen[str], number: int, moments: random.Random) -> str:
    assert process.stdin and process.stdout
    process.stdin.write(f"{number}\n")
    process.stdin.flush()
    said = [process.stdout.readline().strip(), process.stdout.readline().strip()]
    chat = next(one for one in said if one.startswith("c-"))
    pid = next(int(one) for one in said if one.isdigit())
    moment = moments.uniform(0, LONGEST_S)
    signal.sigtimedwait([], moment)  # no fixed pause: a moment of the seed's choosing
    os.kill(pid, signal.SIGKILL)
    assert process.stdout.readline().strip() == "gone"
    return chat


async def _check(store: ChatStore, chat: str, number: int) -> None:
    found = await store.get(chat)
    assert (found.title, [turn.prompt for turn in found.turns]) == (
        f"chat {number}",
        [f"question {number}", "last"],
    )
    first, last = found.turns
    assert [(r.text, r.status) for r in first.replies] == [(f"answer {number}", "complete")]
    assert [r.status for r in last.replies] == ["interrupted", "interrupted"]
    for reply in last.replies:
        words = reply.text.split()
        assert words == [str(n) for n in range(len(words))], "a beginning of what was said, with no gap"
        assert len(reply.reasoning) == len(words)
