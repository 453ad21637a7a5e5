"""Claude Code: a transcript of each session, `projects/FOLDER/SESSION.jsonl` below `~/.claude`, and one of each of its
subagents in `SESSION/subagents`.

Which sessions are the run's is not to be seen in them, and `/clear` begins another. So the program is asked to note
each session that it begins or resumes: a `SessionStart` hook (code.claude.com/docs/en/hooks) that stores its input,
which holds the transcript's path and no text. A message is written once for each of its parts, with the same usage.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from halley.core.models import Usage
from halley.core.usage import LoggedCall
from halley.stores.agent_logs.figures import inner, moment, name, tokens
from halley.stores.agent_logs.reading import files_since, json_lines
from halley.stores.agent_logs.started import Read, Started

_NOTES = "sessions.jsonl"
_OWN = frozenset(("--settings", "--bare"))
"""Arguments of a user who decides about hooks."""


def arguments(started: Started) -> Sequence[str]:
    """What makes the program note its sessions; none where the user brings settings, of which it takes one."""
    if any(one.split("=", 1)[0] in _OWN for one in started.arguments):
        return ()
    file = shlex.quote((started.notes / _NOTES).as_posix())
    hook = {"type": "command", "command": f"cat >> {file}; echo >> {file}"}
    return ("--settings", orjson.dumps({"hooks": {"SessionStart": [{"hooks": [hook]}]}}).decode())


def watch(started: Started) -> Read:
    def read() -> Iterator[LoggedCall]:
        yield from _last_of_each(
            found for path in _transcripts(started) for found in _calls(path, started)
        ).values()

    return read


def _transcripts(started: Started) -> Iterator[Path]:
    notes = started.notes / _NOTES
    if not notes.exists():
        return
    seen: set[Path] = set()
    for note in json_lines(notes):
        given = inner(note, "transcript_path")
        if not isinstance(given, str) or "\0" in given or (path := Path(given)) in seen:
            continue
        seen.add(path)
        if path.suffix == ".jsonl" and path.is_absolute() and path.is_file():
            yield path
            yield from files_since(path.with_suffix("") / "subagents", ".jsonl", started.began)


def _calls(path: Path, started: Started) -> Iterator[LoggedCall]:
    for row in json_lines(path, b'"usage"'):
        said, at = inner(row, "message"), moment(inner(row, "timestamp"))
        usage, id = inner(said, "usage"), name(inner(said, "id"))
        if inner(row, "type") != "assistant" or not id or at is None or at < started.began:
            continue
        model = inner(said, "model")
        if isinstance(usage, dict) and model != "<synthetic>":  # its own words, for an error
            whole = f"claude:{id}:{name(inner(row, 'requestId'))}"
            yield LoggedCall(whole, at, name(model) or started.model, _usage(usage))


def _usage(usage: dict[str, Any]) -> Usage:
    cached, written = (
        tokens(usage.get("cache_read_input_tokens")),
        tokens(usage.get("cache_creation_input_tokens")),
    )
    return Usage(
        tokens(usage.get("input_tokens")) + cached + written,
        tokens(usage.get("output_tokens")),
        cached_tokens=cached,
        written_tokens=written,
    )


def _last_of_each(calls: Iterator[LoggedCall]) -> dict[str, LoggedCall]:
    """A message that is written while it streams has its whole usage in the last part."""
    found: dict[str, LoggedCall] = {}
    for call in calls:
        before = found.get(call.id)
        if before is None or call.usage.output_tokens >= before.usage.output_tokens:
            found[call.id] = call
    return found
