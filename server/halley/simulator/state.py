"""What a simulator remembers (`State`), and what is known of one call (`Call`), for the files that answer calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from halley.simulator.faults import FaultRule
from halley.simulator.http import Response
from halley.simulator.options import Options
from halley.simulator.records import Records
from halley.simulator.script import Script, ScriptedReply


@dataclass(slots=True)
class SimJob:
    id: str
    kind: str
    """`video`, `grid` or `picture`."""
    model: str
    prompt: str
    size: str
    seconds: int
    created: float
    variant: int = 0
    asked: int = 0
    """How often it was asked about."""


@dataclass(slots=True)
class State:
    options: Options
    origin: Callable[[], str]
    records: Records = field(default_factory=Records)
    script: Script = field(default_factory=Script)
    asked: dict[FaultRule, int] = field(default_factory=dict)
    """How often each rule has been asked whether it strikes."""
    jobs: dict[str, SimJob] = field(default_factory=dict)

    def strikes(self, rule: FaultRule, random: Random) -> bool:
        """Asks the rule, and counts that."""
        count = self.asked.get(rule, 0)
        self.asked[rule] = count + 1
        return rule.strikes(count, random)


@dataclass(frozen=True, slots=True)
class Route:
    """`pattern`'s group goes to the handler. `type` is what kind of model may be asked; empty where none is named."""

    method: str
    pattern: str
    handle: Callable[..., Response]
    type: str = ""
    open: bool = False
    """No key is asked for."""


@dataclass(slots=True)
class Call:
    """One call to a model, as far as it is known before it is answered."""

    path: str
    model: str
    body: dict[str, Any]
    options: Options
    request_id: str
    random: Random
    scripted: ScriptedReply | None
    query: Mapping[str, str] = field(default_factory=dict)
    route: tuple[Route, tuple[str, ...]] | None = None
    """The row of `media.ROUTES` it is for, where it is for one."""

    @property
    def wants_stream(self) -> bool:
        return self.body.get("stream") is True

    @property
    def anthropic(self) -> bool:
        return self.path == "/v1/messages"
