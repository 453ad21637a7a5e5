"""Ten thousand stored turns: what a list of chats and a search in all of them take, beside what they may."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.table import Pair
from halley.stores.chats.store import ChatStore
from halley.stores.chats.values import Chat, Reply, Turn
from halley.stores.sqlite.database import Database

CHATS, TURNS = 200, 50
LIST_MS, SEARCH_MS = 20.0, 50.0
_WORDS = "the parser reads a token and asks the lexer for another until the buffer of the file is empty again".split()


def list_pairs(rounds: int) -> Iterator[Pair]:
    return _measured(rounds, "", LIST_MS)


def search_pairs(rounds: int) -> Iterator[Pair]:
    return _measured(rounds, "needle_77", SEARCH_MS)


def _measured(rounds: int, query: str, allowed: float) -> Iterator[Pair]:
    with tempfile.TemporaryDirectory(prefix="halley-bench-") as folder, asyncio.Runner() as runner:
        database = Database(Path(folder) / "halley.db")
        store = ChatStore(database)
        runner.run(_fill(store))
        for _ in range(rounds):
            began = time.perf_counter()
            found = runner.run(store.list("/w", query=query))
            took = (time.perf_counter() - began) * 1000
            assert found, "nothing was found"
            yield took, allowed
        database.close()


async def _fill(store: ChatStore) -> None:
    for number in range(CHATS):
        turns = tuple(_turn(number, position) for position in range(TURNS))
        await store.add_chat(Chat("", "/w", f"Chat {number}", 0, 0, turns=turns), "/w")


def _turn(number: int, position: int) -> Turn:
    at = number * TURNS + position
    said = " ".join(_WORDS[(at + step) % len(_WORDS)] for step in range(60))
    text = f"{said} needle_{at}" if at % 77 == 0 else said
    return Turn(
        "", "", position, f"Question {at}: {said[:80]}", replies=(Reply("", "", "p/m", "complete", text),)
    )
