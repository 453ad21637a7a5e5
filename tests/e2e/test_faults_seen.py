"""The table of upstream faults as an editor's user meets it: the message, the ledger's rows, and no edit."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from window import RequestFailed, Window

from halley.simulator import Simulator

TEXT = "def total(items):\n    return sum(items)\n"
LIMITS = "first_byte_timeout_s = 60\nstall_timeout_s = 2\n"
FAILED = {
    "401": "auth_failed",
    "403": "auth_failed",
    "402": "quota_exhausted",
    "429_quota": "quota_exhausted",
    "404_model": "model_not_found",
    "400_too_long": "context_too_long",
    "500_bad_request": "bad_request",
    "301": "redirect_refused",
    "html_200": "bad_reply",
    "empty_200": "bad_reply",
    "gzip_bomb": "bad_reply",
    "oversize": "bad_reply",
}
BROKEN = (
    "reset_mid_stream stall_mid_stream cut_mid_stream eof_without_finish done_but_cut error_in_stream "
    "error_text_in_stream plain_text_in_stream malformed_chunk invalid_utf8"
).split()


def statuses(home: Path) -> list[tuple[str, str | None]]:
    """Of the ledger's rows, newest last: how they ended."""
    with sqlite3.connect(home / "data" / "halley.db") as db:
        return db.execute("SELECT status, problem FROM calls WHERE feature != 'title' ORDER BY id").fetchall()


@pytest.fixture
def config(config: Path) -> Path:
    config.write_text(config.read_text().replace("\nkey =", f"\n{LIMITS}key =", 1))
    return config


async def test_what_cannot_be_answered_is_reported_and_edits_nothing(
    daemon, halley_home: Path, simulator: Simulator
) -> None:
    window: Window = await daemon()
    buffer = await window.open("shop.py", TEXT)
    action = await window.action(
        buffer, buffer.range("total", cursor=True), "refactor.rewrite.halley.document"
    )
    for number, (fault, code) in enumerate(FAILED.items()):
        simulator.set_faults(fault)
        with pytest.raises(RequestFailed, match=code) as told:
            await window.run(action)
        problem = told.value.problem
        assert problem["message"] and problem["help"], fault
        assert "Traceback" not in str(problem) and TEXT not in str(problem), fault
        rows = statuses(halley_home)
        assert len(rows) > number and rows[-1] == ("failed", code), fault
    assert not window.edits and buffer.text == TEXT
    simulator.set_faults()
    simulator.script(
        '```python\ndef total(items):\n    """The sum of the items."""\n    return sum(items)\n```'
    )
    await window.run(action)
    assert window.edits, "with a host that is well again it works"


async def test_what_breaks_off_is_saved_and_can_be_continued(
    daemon, halley_home: Path, simulator: Simulator
) -> None:
    window: Window = await daemon()
    for fault in BROKEN:
        simulator.set_faults(fault)
        result, events = await window.chat("Explain lists, please.")
        reply = result["replies"][0]
        streamed = "".join(e["delta"] for e in events if e["type"] == "text")
        assert reply["status"] == "interrupted" and reply["problem"]["code"] == "interrupted", fault
        assert reply["text"] == streamed != "", fault
        assert statuses(halley_home)[-1] == ("interrupted", "interrupted"), fault

        simulator.set_faults()
        again = await window.request(
            "halley/chat/continue", {"chatId": result["chatId"], "replyId": reply["replyId"]}
        )
        whole = again["replies"][0]
        assert whole["status"] == "complete" and whole["text"].startswith(streamed), fault
        assert len(whole["text"]) > len(streamed), fault
    assert {status for status, _ in statuses(halley_home)} == {"interrupted", "complete"}


async def test_an_edit_that_broke_off_is_not_applied(daemon, halley_home: Path, simulator: Simulator) -> None:
    window: Window = await daemon()
    buffer = await window.open("shop.py", TEXT)
    action = await window.action(
        buffer, buffer.range("total", cursor=True), "refactor.rewrite.halley.document"
    )
    for fault in BROKEN:
        simulator.set_faults(fault)
        with pytest.raises(RequestFailed, match="interrupted"):
            await window.run(action)
        assert statuses(halley_home)[-1] == ("interrupted", "interrupted"), fault
    assert not window.edits and buffer.text == TEXT
