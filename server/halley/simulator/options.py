"""How one run, and one request, should behave: speed, chunk size, faults, strictness.

A request overrides the run by any of three roads, whichever gets through the client in between; later ones win:

    model name     `sim-chat?fault=stall&delay_ms=50`
    metadata       `{"simulator_fault": "stall", "simulator_delay_ms": "50"}`
    headers        `x-simulator-fault: stall`, `x-simulator-delay-ms: 50`
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import parse_qsl

from halley.simulator.envelope import bad_request
from halley.simulator.faults import FaultRule, parse_rule


@dataclass(frozen=True, slots=True)
class Options:
    seed: int = 0
    delay_ms: float = 0.0
    """Until the first token."""
    tokens_per_s: float = 0.0
    """0 is as fast as the client reads."""
    chunk_tokens: int = 1
    """Tokens in one streamed chunk."""
    faults: tuple[FaultRule, ...] = ()
    strict: bool = True
    """Unknown parameters get a 400 that names them."""
    any_key: bool = False
    job_polls: int = 2
    """How often a job is asked about before it has ended."""
    job_fails: bool = False
    job_lifetime_s: float = 3600.0
    """How long a job's result stays."""
    result_address: str = ""
    """Where a job's result is, by its answer: `own`, `moved:ADDRESS` (a redirect; `OWN` stands for ours), or any address."""
    keys: frozenset[str] = frozenset()
    """Keys accepted beside those that begin with `sk-sim`."""


_KINDS: dict[type, Callable[[Any], Any]] = {
    bool: lambda value: str(value).lower() in ("1", "true", "yes", "on"),
    int: lambda value: int(float(value)), float: float, str: str,
}  # fmt: skip
_READ = {one.name: _KINDS[type(one.default)] for one in fields(Options) if type(one.default) in _KINDS}


def merge_options(options: Options, wishes: Mapping[str, Any]) -> Options:
    """`options` with the wishes of one request. Raises ApiError (400) for a wish that makes no sense."""
    changes: dict[str, Any] = {}
    for name, value in wishes.items():
        try:
            if name in ("fault", "faults"):
                names = value if isinstance(value, list) else str(value).split(",")
                changes["faults"] = tuple(parse_rule(n.strip()) for n in names if n.strip())
            elif name in _READ:
                changes[name] = _READ[name](value)
            else:
                raise ValueError(f"there is no option {name!r}")
        except ValueError as error:
            raise bad_request(f"simulator option {name}: {error}") from error
    return replace(options, **changes)


def request_wishes(
    model: str, headers: Mapping[str, str], body: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    """The model's plain name, and what this request asks of the simulator."""
    plain, _, query = model.partition("?")
    wishes: dict[str, Any] = dict(parse_qsl(query))
    metadata = body.get("metadata")
    if isinstance(metadata, dict):
        ours = ((str(key).partition("simulator_"), wish) for key, wish in metadata.items())
        wishes |= {name: wish for (before, mark, name), wish in ours if mark and not before}
    for name, value in headers.items():
        if name.startswith("x-simulator-"):
            wishes[name.removeprefix("x-simulator-").replace("-", "_")] = value
    return plain, wishes
