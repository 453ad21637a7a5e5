"""Codex: a rollout of each session, `sessions/YEAR/MONTH/DAY/rollout-TIME-ID.jsonl` below `~/.codex` or `CODEX_HOME`.

Its first line names the working folder and the provider, later ones the provider where it changes. Newer releases
write `token_usage_record`, with the response's ID; older ones `token_count` alone, which comes again with the same
sum where only limits have changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from halley.core.models import Usage
from halley.core.usage import LoggedCall
from halley.stores.agent_logs.figures import inner, moment, name, tokens
from halley.stores.agent_logs.reading import files_since, json_lines
from halley.stores.agent_logs.started import OUR_PROVIDER, Read, Started

_MARKS = (
    b'"session_meta"',
    b'"turn_context"',
    b'"thread_settings_applied"',
    b'"token_usage_record"',
    b'"token_count"',
)


def watch(started: Started) -> Read:
    given = started.environ.get("CODEX_HOME")
    folder = (Path(given) if given else started.home / ".codex") / "sessions"

    def read() -> Iterator[LoggedCall]:
        for path in files_since(folder, ".jsonl", started.began):
            yield from _of_rollout(path, started)

    return read


@dataclass(slots=True)
class _Session:
    id: str = ""
    provider: object = None
    folder: object = None
    model: str = ""
    sum: object = None
    """Of the last `token_count`."""


def _of_rollout(path: Path, started: Started) -> Iterator[LoggedCall]:
    """The calls of one session; by its records where it has some."""
    session = _Session(model=started.model)
    records: list[LoggedCall] = []
    counts: list[LoggedCall] = []
    for row in json_lines(path, *_MARKS):
        kind, payload, at = inner(row, "type"), inner(row, "payload"), moment(inner(row, "timestamp"))
        if not isinstance(payload, dict):
            continue
        _follow(session, kind, payload)
        if at is None or at < started.began or session.provider != OUR_PROVIDER:
            continue
        if kind == "token_usage_record":
            id = f"codex:{name(payload.get('thread_id')) or session.id}:{name(payload.get('response_id')) or at}"
            records.append(LoggedCall(id, at, session.model, _usage(payload.get("usage"))))
        elif payload.get("type") == "token_count" and (last := inner(payload, "info", "last_token_usage")):
            now = tokens(inner(payload, "info", "total_token_usage", "total_tokens"))
            if now != session.sum:
                session.sum = now
                counts.append(LoggedCall(f"codex:{session.id}:{at}", at, session.model, _usage(last)))
    if session.id and started.is_own_folder(session.folder):
        yield from records or counts


def _follow(session: _Session, kind: object, payload: dict[str, Any]) -> None:
    """Whose session it is, and who answers from here on."""
    if kind == "session_meta":
        session.id = name(payload.get("id"))
        session.provider, session.folder = payload.get("model_provider"), payload.get("cwd")
    elif kind == "turn_context":
        session.model = name(payload.get("model")) or session.model
        session.folder = payload.get("cwd") or session.folder
    elif payload.get("type") == "thread_settings_applied":
        session.provider = inner(payload, "thread_settings", "model_provider_id") or session.provider


def _usage(usage: Any) -> Usage:
    return Usage(
        tokens(inner(usage, "input_tokens")),
        tokens(inner(usage, "output_tokens")),
        cached_tokens=tokens(inner(usage, "cached_input_tokens")),
        written_tokens=tokens(inner(usage, "cache_write_input_tokens")),
        reasoning_tokens=tokens(inner(usage, "reasoning_output_tokens")),
    )
