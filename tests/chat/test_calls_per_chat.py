"""What a chat costs besides its chunks, as the number of Python functions that are called for it and its title.

Whole chats of one chunk are run, from the bytes of `halley/chat/send` to those of its response, in a server of this
process. Functions are counted by `sys.setprofile`, which sees one thread only: the database's and the host's are not
counted. Time cannot be asserted on a busy machine; this number can.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pydantic
import pytest
from talk import Host, Talk, client, host

import halley
from halley.stores.sqlite import database
from halley.stores.sqlite.database import open_connection

MOST_CALLS = 2760
"""Of our functions and our libraries' for a chat and its title. There are about 2,660."""
MOST_STATEMENTS = 70
"""Of SQL for a chat and its title, those of triggers and of the search index included. There are about 61."""
COUNTED = tuple(str(Path(str(package.__file__)).parent) for package in (halley, aiohttp, httpx, pydantic))
CHATS = 5


@pytest.mark.skipif(sys.platform == "win32", reason="unix sockets")
async def test_a_chat_takes_few_statements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: list[str] = []

    def open_traced(*args: Any) -> Any:
        connection = open_connection(*args)
        connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr(database, "open_connection", open_traced)
    with host(Host) as url:
        async with client(tmp_path, url) as talk:
            await talk.chat()
            statements.clear()
            for _ in range(CHATS):
                await talk.chat()
            told = "\n".join(statements)
    assert 0 < len(statements) / CHATS <= MOST_STATEMENTS, told


@pytest.mark.skipif(sys.platform == "win32", reason="unix sockets")
async def test_a_chat_costs_few_calls(tmp_path: Path) -> None:
    with host(Host) as url:
        async with client(tmp_path, url) as talk:
            for _ in range(2):  # what is imported and connected once
                await talk.chat()
            calls = await counted(talk)
    each = "\n".join(
        f"{count / CHATS:6.1f} {Path(file).name}:{line} {name}"
        for (file, line, name), count in calls.most_common(80)
    )
    print(f"{calls.total() / CHATS:.0f} calls\n{each}")
    assert calls.total() / CHATS <= MOST_CALLS, each


async def counted(talk: Talk) -> Counter[Any]:
    calls: Counter[Any] = Counter()

    def see(frame: Any, event: str, _argument: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(COUNTED):
            code = frame.f_code
            calls[code.co_filename, code.co_firstlineno, code.co_name] += 1

    sys.setprofile(see)
    try:
        for _ in range(CHATS):
            await talk.chat()
    finally:
        sys.setprofile(None)
    return calls
