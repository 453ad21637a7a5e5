"""aider: its analytics as lines of JSON, which it writes to a file of ours and sends nowhere without being allowed to.

`message_send` has the tokens of one message, and the model's name only where its price list knows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from halley.core.models import Usage
from halley.core.usage import LoggedCall
from halley.stores.agent_logs.figures import inner, moment, name, tokens
from halley.stores.agent_logs.reading import json_lines
from halley.stores.agent_logs.started import Read, Started

VARIABLE, ARGUMENT = "AIDER_ANALYTICS_LOG", "--analytics-log"


def variables(started: Started) -> Mapping[str, str]:
    """None where the user has a log of their own, which has the same lines."""
    return {} if _users_own(started) else {VARIABLE: str(started.notes / "analytics.jsonl")}


def watch(started: Started) -> Read:
    path = _users_own(started) or started.notes / "analytics.jsonl"
    before = path.stat().st_size if path.is_file() else 0

    def read() -> Iterator[LoggedCall]:
        if not path.is_file():
            return
        # Lines have no ID: the run's own folder stands for one, the user's file for its name and its length.
        run = f"{path}:{before}" if path.parent != started.notes else started.notes.name
        for number, row in enumerate(json_lines(path, b'"message_send"')):
            at, told = moment(inner(row, "time")), inner(row, "properties")
            if inner(row, "event") != "message_send" or at is None or at < int(started.began):
                continue
            usage = Usage(
                tokens(inner(told, "prompt_tokens")),
                tokens(inner(told, "completion_tokens")),
                estimated=False,
            )
            yield LoggedCall(f"aider:{run}:{number}", at, _model(inner(told, "main_model"), started), usage)

    return read


def _users_own(started: Started) -> Path | None:
    words = list(started.arguments)
    for at, word in enumerate(words):
        if word.startswith(f"{ARGUMENT}="):
            return started.folder / word.partition("=")[2]
        if word == ARGUMENT and at + 1 < len(words):
            return started.folder / words[at + 1]
    given = started.environ.get(VARIABLE)
    return started.folder / given if given else None


def _model(value: object, started: Started) -> str:
    """As its host names it: aider puts the protocol before it."""
    found = name(value)
    plain = found.removeprefix("openai/").removeprefix("anthropic/")
    return plain if plain and "REDACTED" not in plain else started.model
