"""Which agent's log is read how, and what the agent is given so that there is one.

log = LOGS["claude"]
extra, read = log.arguments(started), log.watch(started)     before it starts
calls = read_all(read)                                        after it ended
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from halley.core.usage import LoggedCall
from halley.stores.agent_logs import aider, claude, codex, goose, opencode
from halley.stores.agent_logs.started import Read, Started

MOST_CALLS = 50_000
"""Of one run."""


@dataclass(frozen=True, slots=True)
class AgentLog:
    watch: Callable[[Started], Read]
    """Before the agent starts: what reads its calls afterwards."""
    arguments: Callable[[Started], Sequence[str]] = lambda _: ()
    """Added before the user's own."""
    variables: Callable[[Started], Mapping[str, str]] = lambda _: {}


LOGS: Mapping[str, AgentLog] = {
    "claude": AgentLog(claude.watch, arguments=claude.arguments),
    "codex": AgentLog(codex.watch),
    "opencode": AgentLog(opencode.watch),
    "aider": AgentLog(aider.watch, variables=aider.variables),
    "goose": AgentLog(goose.watch),
}
"""By the agent's name on the command line."""


def read_all(read: Read) -> list[LoggedCall]:
    """So many as one run can have made. Raises OSError where the log cannot be read."""
    found: list[LoggedCall] = []
    for call in read():
        found.append(call)
        if len(found) == MOST_CALLS:
            break
    return found
