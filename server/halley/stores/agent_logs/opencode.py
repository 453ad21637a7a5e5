"""opencode: messages in the table `message` of `opencode.db`, older ones in `storage/message/SESSION/MESSAGE.json`.

Both hold the same JSON, which names the provider and the working folder. Of the tokens the input is without what a
cache had; whether the output is without the reasoning has changed, so the sum decides where there is one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from halley.core.models import Usage
from halley.core.usage import LoggedCall
from halley.stores.agent_logs.figures import inner, moment, name, tokens
from halley.stores.agent_logs.reading import files_since, load_json, query, read_json
from halley.stores.agent_logs.started import OUR_PROVIDER, Read, Started

_SQL = "SELECT id, data FROM message WHERE time_created >= ? ORDER BY time_created"


def watch(started: Started) -> Read:
    folder = started.data / "opencode"

    def read() -> Iterator[LoggedCall]:
        for id, message in _messages(folder, started.began):
            if found := _call(id, message, started):
                yield found

    return read


def _messages(folder: Path, began: float) -> Iterator[tuple[str, Any]]:
    for path in sorted(folder.glob("opencode*.db")):
        for row in query(path, _SQL, (int(began * 1000),)):
            if isinstance(row["data"], str | bytes):
                yield name(row["id"]), read_json(row["data"])
    for path in files_since(folder / "storage" / "message", ".json", began):
        with contextlib.suppress(OSError):
            yield name(path.stem), load_json(path)


def _call(id: str, message: Any, started: Started) -> LoggedCall | None:
    at, spent = moment(inner(message, "time", "created")), inner(message, "tokens")
    if not id or inner(message, "role") != "assistant" or inner(message, "providerID") != OUR_PROVIDER:
        return None
    if at is None or at < started.began or not isinstance(spent, dict):
        return None
    usage = _usage(spent)
    if not usage.input_tokens + usage.output_tokens or not started.is_own_folder(
        inner(message, "path", "cwd")
    ):
        return None
    return LoggedCall(f"opencode:{id}", at, name(inner(message, "modelID")) or started.model, usage)


def _usage(spent: dict[str, Any]) -> Usage:
    cached, written = tokens(inner(spent, "cache", "read")), tokens(inner(spent, "cache", "write"))
    read = tokens(spent.get("input")) + cached + written
    output, reasoning = tokens(spent.get("output")), tokens(spent.get("reasoning"))
    whole = tokens(spent.get("total"))
    output = whole - read if whole > read else output + reasoning
    return Usage(read, output, cached_tokens=cached, written_tokens=written, reasoning_tokens=reasoning)
