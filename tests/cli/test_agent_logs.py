"""What other agents write down of their calls becomes rows of the ledger: their own run's, once, without a text."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

import agents_that_log
import orjson
import pytest
from agents_that_log import PRIVATE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from setting import guarded
from test_other_agents import CONFIG, KINDS, SECRET, halley

from halley.stores.agent_logs.started import Started
from halley.stores.agent_logs.table import LOGS, read_all

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the agents are shell scripts here")
NAMES = (
    "type payload message usage id timestamp time created tokens input output cache read write event properties info "
    "model_provider providerID role last_token_usage total_token_usage total_tokens input_tokens prompt_tokens"
).split()
# calls, input, output, cached, written: those of the run, of all that is in the logs
EXPECTED = {
    "claude": (2, 649, 56, 600, 40),
    "codex": (2, 2000, 120, 800, 0),
    "opencode": (2, 840, 86, 600, 40),
    "aider": (2, 840, 86, 0, 0),
    "goose": (2, 840, 86, 0, 0),
}


class Setting:
    def __init__(self, tmp_path: Path, halley_home: Path, agent: str) -> None:
        (halley_home / "config.toml").write_text(CONFIG.format(kind=KINDS[agent]))
        self.agent, self.work, self.home = agent, tmp_path / "wörk here", tmp_path / "home"
        programs = tmp_path / "programs"
        for folder in (programs, self.work, self.home):
            folder.mkdir()
        script = programs / agent
        stand_in = shlex.join([sys.executable, agents_that_log.__file__, agent])
        script.write_text(f'#!/bin/sh\nexec {stand_in} "$@"\n')
        script.chmod(0o755)
        self.env = {
            "MY_OWN_VARIABLE": SECRET,
            "HOME": str(self.home),
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        }

    async def run(self, *arguments: str, **more: str) -> str:
        code, out, err = await halley(self.work, "run", self.agent, *arguments, **self.env, **more)
        assert code == 0, out + err
        return err


def rows(halley_home: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(halley_home / "data" / "halley.db") as db:
        return db.execute(
            "SELECT feature, provider, model, status, workspace, input_tokens, output_tokens, cached_tokens, "
            "written_tokens, cost, cost_source FROM calls ORDER BY id"
        ).fetchall()


@pytest.mark.parametrize(
    ("agent", "old"), [*((name, "") for name in EXPECTED), ("codex", "1"), ("opencode", "1")]
)
async def test_a_runs_calls_are_counted_once(tmp_path: Path, halley_home: Path, agent: str, old: str) -> None:
    setting = Setting(tmp_path, halley_home, agent)
    told = await setting.run(**{"OLD_LOGS": old} if old else {})
    found = rows(halley_home)
    assert {row[:5] for row in found} == {
        (
            f"run-{agent}",
            "mine",
            "gpt-4o-mini" if row[2] != "the-model" else "the-model",
            "complete",
            str(setting.work),
        )
        for row in found
    }
    sums = tuple(sum(row[column] or 0 for row in found) for column in (5, 6, 7, 8))
    assert (len(found), *sums) == EXPECTED[agent]
    assert "2 calls of" in told and "$" in told
    with sqlite3.connect(halley_home / "data" / "halley.db") as db:
        (spent,) = db.execute("SELECT sum(amount) FROM spending").fetchone()
    assert spent == pytest.approx(sum(row[9] or 0 for row in found)) and spent > 0
    assert {row[10] for row in found if row[2] == "gpt-4o-mini"} == {"estimated"}
    for path in halley_home.rglob("*"):
        if path.is_file():
            assert PRIVATE.encode() not in path.read_bytes()
    if not old:
        await _run_again(setting, halley_home)


async def _run_again(setting: Setting, halley_home: Path) -> None:
    """Stand-ins write the same IDs again, as resumed sessions do; aider's lines and goose's sums are new ones."""
    told = await setting.run()
    found = rows(halley_home)
    again = 2 if setting.agent in ("aider", "goose") else 1
    sums = tuple(sum(row[column] or 0 for row in found) for column in (5, 6, 7, 8))
    assert (len(found), *sums) == tuple(again * figure for figure in EXPECTED[setting.agent])
    assert ("2 calls" in told) == (again == 2)


async def test_what_the_user_decides_stays(tmp_path: Path, halley_home: Path) -> None:
    """Settings of their own: no hook of ours beside them, and it is said that nothing was counted."""
    setting = Setting(tmp_path, halley_home, "claude")
    assert "wrote down no calls" in await setting.run("--settings", "{}")
    assert rows(halley_home) == []


async def test_a_log_of_the_users_is_read_where_it_is(tmp_path: Path, halley_home: Path) -> None:
    setting = Setting(tmp_path, halley_home, "aider")
    for _ in range(2):
        await setting.run("--analytics-log", "mine.jsonl")
    assert len(rows(halley_home)) == 4


async def test_calls_are_counted_when_the_terminal_ends(tmp_path: Path, halley_home: Path) -> None:
    setting = Setting(tmp_path, halley_home, "codex")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "halley", "run", "codex", cwd=setting.work,
        env=os.environ | guarded() | setting.env | {"HOLD": "1"},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGHUP)
    await process.wait()
    assert len(rows(halley_home)) == 2


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.sampled_from(["halley", "assistant", "message_send", "gpt", "\0", "9e999", "2026-11-29T00:00:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=8),
    max_leaves=30,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.lists(JSON, max_size=4))
def test_no_log_can_break_a_run(tmp_path: Path, found: list[Any]) -> None:
    text = b"".join(orjson.dumps(one) + b"\n" for one in found)
    home, notes = tmp_path / "home", tmp_path / "notes"
    notes.mkdir(exist_ok=True)
    environ = {"HOME": str(home)}
    started = Started(tmp_path, 0.0, environ, (), "the-model", notes)
    reads = {name: log.watch(started) for name, log in LOGS.items()}
    own = home / ".claude" / "own.jsonl"
    (notes / "sessions.jsonl").write_bytes(orjson.dumps({"transcript_path": str(own)}) + b"\n" + text)
    message = home / ".local" / "share" / "opencode" / "storage" / "message" / "s" / "m.json"
    for path in (own, notes / "analytics.jsonl", home / ".codex" / "sessions" / "r.jsonl", message):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    for read in reads.values():
        for call in read_all(read):
            usage = call.usage
            assert min(usage.input_tokens, usage.output_tokens, usage.cached_tokens) >= 0 and call.model
