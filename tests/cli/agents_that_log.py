"""Stand-ins for other agents: each writes its log as the real one does, and much that must not be counted.

    python agents_that_log.py AGENT OWN-ARGUMENTS…

The shapes are those of Claude Code 2.1, Codex 0.171, opencode 1.18 (and its older files), aider 0.86 and goose 1.35.
`PRIVATE` stands wherever they store what was said.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PRIVATE = "what was said stays where it is"
HOME = Path(os.environ.get("HOME") or os.environ.get("USERPROFILE") or ".")
HOSTILE: list[Any] = [
    None,
    [],
    7,
    {"type": "assistant", "message": {"usage": "much"}},
    {"type": "token_usage_record", "payload": {"usage": {"input_tokens": -1, "output_tokens": 1e400}}},
    {"payload": {"type": "token_count", "info": {"last_token_usage": {"input_tokens": True}}}},
    {"event": "message_send", "properties": [], "time": "yesterday"},
]
TORN = (
    b'{"type":"assistant","message":{"usage":{"input_to\n\xff\xfe{"usage"\x00}\n'
    + b"[" * 50_000
    + b'"usage"\n'
)


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def write_lines(path: Path, rows: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(TORN)
        for row in [*HOSTILE, *rows]:
            file.write(json.dumps(row).encode() + b"\n")


def claude(arguments: list[str]) -> None:
    """A session with a message in two parts, a subagent, another session of the folder, and a resumed one's past."""
    now = time.time()
    folder = HOME / ".claude" / "projects" / "-work"
    own, other = folder / "own.jsonl", folder / "other.jsonl"
    settings = json.loads(arguments[arguments.index("--settings") + 1]) if "--settings" in arguments else {}

    def said(id: str, at: float, read: int, wrote: int, **more: Any) -> Any:
        usage = {
            "input_tokens": read,
            "cache_creation_input_tokens": 20,
            "cache_read_input_tokens": 300,
            "output_tokens": wrote,
            "service_tier": "standard",
        }
        content = [{"type": "text", "text": PRIVATE}]
        told = {
            "id": id,
            "type": "message",
            "role": "assistant",
            "model": "gpt-4o-mini",
            "content": content,
            "usage": usage,
        }
        return {
            "parentUuid": None,
            "isSidechain": False,
            "type": "assistant",
            "timestamp": iso(at),
            "requestId": f"req_{id}",
            "cwd": str(Path.cwd()),
            "sessionId": "own",
            "message": told | more,
        }

    write_lines(
        own,
        [
            said("msg_before", now - 3600, 9_000_000, 9),
            {"type": "user", "timestamp": iso(now), "message": {"role": "user", "content": PRIVATE}},
            said("msg_1", now, 4, 1),
            said("msg_1", now, 4, 50),
            said("msg_none", now, 9_000_000, 9, model="<synthetic>"),
        ],
    )
    write_lines(other, [said("msg_other", now, 9_000_000, 9)])
    write_lines(folder / "own" / "subagents" / "agent-1.jsonl", [said("msg_2", now, 5, 6)])
    for group in settings.get("hooks", {}).get("SessionStart", []):
        for hook in group["hooks"]:
            for path in (str(own), str(own), "/dev/zero", f"{own}\0", "relative.jsonl", 7):
                note = {"session_id": "own", "transcript_path": path, "hook_event_name": "SessionStart"}
                subprocess.run(
                    ["/bin/sh", "-c", hook["command"]], input=json.dumps(note).encode(), check=True
                )


def codex(_arguments: list[str], *, old: bool = False) -> None:
    """A session of the run, one of another provider, one of another folder; with records or, before them, counts."""
    now = time.time()
    folder = HOME / ".codex" / "sessions" / "2026" / "11" / "29"

    def rollout(name: str, provider: str, cwd: str, at: float) -> None:
        used = {
            "input_tokens": 1000,
            "cached_input_tokens": 400,
            "output_tokens": 60,
            "reasoning_output_tokens": 10,
            "total_tokens": 1060,
        }

        def event(at: float, total: int) -> Any:
            info = {"total_token_usage": used | {"total_tokens": total}, "last_token_usage": used}
            return {
                "timestamp": iso(at),
                "type": "event_msg",
                "payload": {"type": "token_count", "info": info, "rate_limits": {}},
            }

        def record(at: float, response: str) -> Any:
            payload = {"thread_id": name, "response_id": response, "usage": used}
            return {"timestamp": iso(at), "type": "token_usage_record", "payload": payload}

        meta = {
            "id": name,
            "timestamp": iso(at),
            "cwd": cwd,
            "model_provider": provider,
            "base_instructions": {"text": PRIVATE},
        }
        rows = [
            {"timestamp": iso(at), "type": "session_meta", "payload": meta},
            {"timestamp": iso(at), "type": "turn_context", "payload": {"cwd": cwd, "model": "gpt-4o-mini"}},
            {"timestamp": iso(at), "type": "event_msg", "payload": {"type": "token_count", "info": None}},
            *([] if old else [record(now - 3600, "resp_before"), record(at, "resp_1"), record(at, "resp_2")]),
            event(now - 3600, 500),
            event(at, 1060),
            event(at + 0.001, 1060),
            event(at + 0.002, 2120),
        ]
        write_lines(folder / f"rollout-{name}.jsonl", rows)

    rollout("own", "halley", str(Path.cwd()), now)
    rollout("foreign", "openai", str(Path.cwd()), now)
    rollout("elsewhere", "halley", "/elsewhere", now)
    # A session that was begun without Halley, and went on with it.
    settings = {"type": "thread_settings_applied", "thread_settings": {"model_provider_id": "openai"}}
    row = {"timestamp": iso(now), "type": "event_msg", "payload": settings}
    write_lines(folder / "rollout-own.jsonl", [row, {"timestamp": iso(now), "type": "token_usage_record"}])


def opencode(_arguments: list[str], *, old: bool = False) -> None:
    """In the database, or in files before it; also another provider's, another folder's and an empty message."""
    now = time.time() * 1000
    folder = HOME / ".local" / "share" / "opencode"

    def message(at: float, **more: Any) -> Any:
        spent = {
            "total": 463,
            "input": 100,
            "output": 43,
            "reasoning": 20,
            "cache": {"read": 300, "write": 20},
        }
        if old:
            spent = {"input": 100, "output": 23, "reasoning": 20, "cache": {"read": 300, "write": 20}}
        found = {
            "role": "assistant",
            "modelID": "gpt-4o-mini",
            "providerID": "halley",
            "cost": 0,
            "tokens": spent,
            "path": {"cwd": str(Path.cwd()), "root": "/"},
            "time": {"created": at, "completed": at + 5},
            "text": PRIVATE,
        }
        return found | more

    rows = {
        "msg_1": message(now),
        "msg_2": message(now + 1),
        "msg_before": message(now - 3_600_000),
        "msg_foreign": message(now, providerID="anthropic"),
        "msg_elsewhere": message(now, path={"cwd": "/elsewhere"}),
        "msg_empty": message(now, tokens={"input": 0, "output": 0}),
        "msg_user": message(now, role="user"),
        **{f"msg_odd_{number}": row for number, row in enumerate(HOSTILE)},
    }
    if old:
        for id, row in rows.items():
            path = folder / "storage" / "message" / "ses_1" / f"{id}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(row))
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "opencode-broken.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    if not (folder / "opencode-pipe.db").exists():
        os.mkfifo(folder / "opencode-pipe.db")
    with sqlite3.connect(folder / "opencode-endless.db") as db:
        db.execute(
            "CREATE VIEW IF NOT EXISTS message AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) "
            "SELECT x AS id, 'x' AS data, 9e15 + x AS time_created FROM n"
        )
    with sqlite3.connect(folder / "opencode.db") as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(
            "CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, session_id TEXT, time_created INTEGER, "
            "time_updated INTEGER, data TEXT NOT NULL)"
        )
        for id, row in rows.items():
            at = int(row["time"]["created"]) if isinstance(row, dict) and "role" in row else int(now)
            db.execute(
                "INSERT OR REPLACE INTO message VALUES (?, 'ses_1', ?, ?, ?)", (id, at, at, json.dumps(row))
            )


def aider(arguments: list[str]) -> None:
    path = os.environ.get("AIDER_ANALYTICS_LOG", "")
    if "--analytics-log" in arguments:
        path = arguments[arguments.index("--analytics-log") + 1]

    def sent(**more: Any) -> Any:
        spent = {
            "prompt_tokens": 420,
            "completion_tokens": 43,
            "total_tokens": 463,
            "cost": 9,
            "total_cost": 9,
        }
        named = {"main_model": "openai/gpt-4o-mini", "edit_format": "diff"}
        return {
            "event": "message_send",
            "properties": named | spent | more,
            "user_id": "u",
            "time": int(time.time()),
        }

    rows = [{"event": "launched", "properties": {}, "time": int(time.time())}, sent()]
    write_lines(Path(path), [*rows, sent(main_model="openai/REDACTED"), {"event": "exit", "time": 1}])


def goose(_arguments: list[str]) -> None:
    """A session that was resumed, one that is new, and those of others."""
    folder = HOME / ".local" / "share" / "goose" / "sessions"
    config = json.dumps({"model_name": "gpt-4o-mini"})
    folder.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(folder / "sessions.db") as db:
        db.execute(
            "CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, name TEXT, working_dir TEXT NOT NULL, "
            "created_at TIMESTAMP, updated_at TIMESTAMP, total_tokens INTEGER, accumulated_total_tokens INTEGER, "
            "accumulated_input_tokens INTEGER, accumulated_output_tokens INTEGER, provider_name TEXT, "
            "model_config_json TEXT)"
        )
        rows = [("resumed", Path.cwd(), 0), ("new", Path.cwd(), 0), ("elsewhere", "/elsewhere", 9_000_000)]
        for id, cwd, more in rows:
            db.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, '2026-11-29 10:00:00', '2026-11-29 10:00:00', 1, 1, ?, ?, "
                "'openai', ?) ON CONFLICT DO UPDATE SET accumulated_input_tokens = accumulated_input_tokens + 420, "
                "accumulated_output_tokens = accumulated_output_tokens + 43",
                (id, PRIVATE, str(cwd), 420 + more, 43 + more, config),
            )


if __name__ == "__main__":
    name, *given = sys.argv[1:]
    agents = {"claude": claude, "codex": codex, "opencode": opencode, "aider": aider, "goose": goose}
    if os.environ.get("OLD_LOGS"):
        agents[name](given, old=True)  # type: ignore[call-arg]
    else:
        agents[name](given)
    if os.environ.get("HOLD"):
        print("ready", flush=True)
        signal.pause()
