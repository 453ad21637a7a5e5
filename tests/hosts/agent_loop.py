"""A loop of an agent on a small repository with real weights, whatever they answer.

It has to end, by itself or when it is stopped; files and buffers are what they were, changed by the approved diffs and by nothing else; what the reply says
it used is what the ledger holds.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

from agreed import Agreed, lines_of
from demo_tools import answer
from harness import PLUGIN
from lspclient import Client, RequestFailed
from playing import tree
from window import Buffer, Window

Json = dict[str, Any]
FILES = {
    "area.py": "def area(width, height):\n    return width * hieght\n",
    "README.md": "# Areas\n\n`area(2, 3)` is 6.\n",
}
UNSAVED = "# not saved yet\n"
TOOLS = {
    f"halley/{name}": False
    for name in (
        "search_workspace",
        "diagnostics",
        "task",
        "move_file",
        "delete_file",
        "read_output",
        "stop_command",
    )
}
"""Few, so that they fit into a small window beside the reply."""
PATIENCE_S = 240.0
PROMPT = 'In area.py "hieght" is misspelt. Correct it with edit_file: old_text "hieght", new_text "height".'


async def run_agent(home: Path, folder: Path, mode: str) -> str:
    """What the model did, in words. Raises AssertionError where anything is not as it was agreed."""
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    client = Client()
    await client.start_daemon({})
    try:
        window = Window(client, folder)
        await window.initialize(PLUGIN)
        buffer = await window.open("area.py")
        await window.type(buffer, 0, UNSAVED)
        return await _work(window, buffer, home, mode)
    finally:
        await client.kill()


async def _work(window: Window, buffer: Buffer, home: Path, mode: str) -> str:
    agreed = Agreed()
    for name, text in FILES.items():
        agreed.set(name, text)
    agreed.set("area.py", buffer.text)
    asked = answer(window, lambda one: "deny" if one["tool"] == "run_command" else "once")
    before = _ledger(home)
    reply = await _run(window, mode)
    uses: list[Json] = reply["tools"]
    for use in uses:
        if use["state"] == "done" and use.get("diff"):
            assert any(one["callId"] == use["callId"] for one in asked), f"not asked: {use}"
            agreed.make(use["diff"])
            if use["tool"] == "delete_file":
                agreed.delete(json.loads(use["arguments"])["path"])
    _check(window.folder, buffer, agreed)
    rows = _ledger(home)[len(before) :]
    _check_usage(reply, rows)
    states = ", ".join(f"{use['tool']} {use['state']}" for use in uses) or "no calls"
    changed = (
        "area.py changed as approved" if buffer.text != UNSAVED + FILES["area.py"] else "area.py untouched"
    )
    problem = (reply.get("problem") or {}).get("message", "")
    return f"{len(rows)} rounds: {states}; {changed}; {reply['status']}{': ' if problem else ''}{problem}"


async def _run(window: Window, mode: str) -> Json:
    """The settled reply. After `PATIENCE_S` the user stops it: this model writes until its window is full."""
    params = {"prompt": PROMPT, "mode": mode, "tools": TOOLS, "partialResultToken": mode}
    running = window.start("halley/chat/send", params)
    done, _ = await asyncio.wait({running}, timeout=PATIENCE_S)
    chat = {"chatId": next(event["chatId"] for event in window.events(mode) if event["type"] == "start")}
    if not done:
        await window.request("halley/agent/stop", chat)
    with contextlib.suppress(asyncio.CancelledError, RequestFailed):
        await running
    async with asyncio.timeout(PATIENCE_S):
        while True:  # a reply that was stopped is settled a little later
            shown = await window.request("halley/chat/get", chat)
            reply = shown["turns"][-1]["replies"][0]
            if reply["status"] == "complete" or reply.get("problem"):
                return reply


def _check(folder: Path, buffer: Buffer, agreed: Agreed) -> None:
    on_disk = tree(folder)
    seen = on_disk | {"area.py": buffer.text}
    assert {name: lines_of(text) for name, text in seen.items()} == agreed.texts
    assert on_disk["area.py"] == FILES["area.py"], "only the user saves what is open"
    assert UNSAVED in buffer.text, "what was typed is lost"


def _check_usage(reply: Json, rows: list[tuple[Any, ...]]) -> None:
    """The host counts at the end of its stream: a round that was stopped has no count in either."""
    assert rows, "no call is in the ledger"
    usage = reply.get("usage")
    if not usage:
        return
    output, cost = sum(row[0] or 0 for row in rows), sum(row[1] or 0 for row in rows)
    assert usage["outputTokens"] == output, f"{usage['outputTokens']} shown, {output} in the ledger"
    amount = (usage.get("cost") or {}).get("amount") or 0
    assert abs(amount - cost) < 1e-9, f"{amount} shown, {cost} in the ledger"


def _ledger(home: Path) -> list[tuple[Any, ...]]:
    if not (home / "data/halley.db").exists():
        return []
    with sqlite3.connect(home / "data/halley.db") as database:
        return database.execute(
            "SELECT output_tokens, cost FROM calls WHERE feature = 'chat' ORDER BY id"
        ).fetchall()
