"""goose: sums of each session in the table `sessions` of `sessions.db`; of single calls it keeps nothing.

So a run is one row of the ledger for each of its sessions: what its sums have grown by. The database is read before
the start and after the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from halley.core.models import Usage
from halley.core.usage import LoggedCall
from halley.stores.agent_logs.figures import inner, moment, name, tokens
from halley.stores.agent_logs.reading import columns, query, read_json
from halley.stores.agent_logs.started import Read, Started

_WANTED = (
    "id",
    "working_dir",
    "updated_at",
    "provider_name",
    "model_config_json",
    "accumulated_input_tokens",
    "accumulated_output_tokens",
)
_NEEDED = frozenset(("id", "working_dir", "accumulated_input_tokens", "accumulated_output_tokens"))
_MOST = 1_000
"""Sessions that are looked at, the newest."""


def watch(started: Started) -> Read:
    root = started.environ.get("GOOSE_PATH_ROOT")
    folder = Path(root) / "data" if root else _data(started) / "goose"
    path = folder / "sessions" / "sessions.db"
    before = {row["id"]: _sums(row) for row in _sessions(path)}

    def read() -> Iterator[LoggedCall]:
        for row in _sessions(path):
            if found := _call(row, before.get(row["id"], (0, 0)), started):
                yield found

    return read


def _data(started: Started) -> Path:
    roaming = started.environ.get("APPDATA")
    return Path(roaming) / "Block" if roaming and not started.environ.get("XDG_DATA_HOME") else started.data


def _sessions(path: Path) -> list[Mapping[str, Any]]:
    there = columns(path, "sessions")
    if not there >= _NEEDED:
        return []
    named = ", ".join(one for one in _WANTED if one in there)
    return query(path, f"SELECT {named} FROM sessions ORDER BY rowid DESC LIMIT {_MOST}")


def _sums(row: Mapping[str, Any]) -> tuple[int, int]:
    return tokens(row["accumulated_input_tokens"]), tokens(row["accumulated_output_tokens"])


def _call(row: Mapping[str, Any], before: tuple[int, int], started: Started) -> LoggedCall | None:
    now, id = _sums(row), name(row["id"])
    grown = [max(0, value - was) for value, was in zip(now, before, strict=True)]
    provider, given = row.get("provider_name"), started.environ.get("GOOSE_PROVIDER")
    if not id or not any(grown) or (provider and given and provider != given):
        return None
    if not started.is_own_folder(row["working_dir"]):
        return None
    config = row.get("model_config_json")
    model = name(inner(read_json(config) if isinstance(config, str) else None, "model_name"))
    at = max(moment(row.get("updated_at")) or started.began, started.began)
    return LoggedCall(f"goose:{id}:{now[0]}:{now[1]}", at, model or started.model, Usage(grown[0], grown[1]))
