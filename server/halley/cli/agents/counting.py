"""Calls of another agent, counted: what it wrote down while it ran becomes rows of the ledger when it has ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from halley.cli.output import tell
from halley.cli.running import Desk
from halley.core.errors import HalleyError
from halley.core.models import ModelRef
from halley.core.usage import LoggedCall
from halley.providers.endpoint import Endpoint

if TYPE_CHECKING:
    from halley.stores.agent_logs.started import Read


@dataclass(frozen=True, slots=True)
class Given:
    """What an agent gets so that it writes its calls down."""

    arguments: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=dict[str, str])


@contextlib.asynccontextmanager
async def counted(
    desk: Desk,
    agent: str,
    title: str,
    endpoint: Endpoint,
    model: str,
    arguments: Sequence[str],
    environ: Mapping[str, str],
) -> AsyncIterator[Given]:
    """Around the run of an agent. A log that cannot be read costs the count and nothing else."""
    from halley.stores.agent_logs.started import Started
    from halley.stores.agent_logs.table import LOGS

    log = LOGS[agent]
    with tempfile.TemporaryDirectory(
        prefix=f"halley-{secrets.token_hex(8)}-", ignore_cleanup_errors=True
    ) as notes:
        here = Path.cwd()
        started = Started(here, time.time(), environ, arguments, model, Path(notes))
        read = await asyncio.to_thread(log.watch, started)
        try:
            yield Given(log.arguments(started), log.variables(started))
        finally:
            await _count(desk, agent, title, endpoint, read)


async def _count(desk: Desk, agent: str, title: str, endpoint: Endpoint, read: Read) -> None:
    from halley.stores.agent_logs.table import read_all

    try:
        calls = await asyncio.to_thread(read_all, read)
        priced = [await _priced(desk, endpoint, call) for call in calls]
        workspace = str(desk.root)
        added = await desk.room.ledger.add_logged(f"run-{agent}", workspace, endpoint.id, priced)
    except (HalleyError, OSError) as error:
        why = error.problem.message if isinstance(error, HalleyError) else os.strerror(error.errno or 0)
        tell(f"… The calls of {title} are not in `halley usage`: {why}")
        return
    tell(_said(title, added, priced))


async def _priced(desk: Desk, endpoint: Endpoint, call: LoggedCall) -> LoggedCall:
    """By the catalogue, whatever the agent itself says that it cost."""
    from halley.routing.registry import price_book_of

    ref = ModelRef(endpoint.id, call.model)
    known = desk.room.registry.find_model(ref, desk.settings)
    usage = await desk.room.prices.with_cost(call.usage, known, price_book_of(endpoint))
    return replace(call, usage=usage)


def _said(title: str, added: int, calls: Sequence[LoggedCall]) -> str:
    if not added:
        return f"… {title} wrote down no calls, so there are none of it in `halley usage`."
    costs = [call.usage.cost_usd for call in calls if call.usage.cost_usd is not None]
    cost = f", about ${sum(costs):.4f}" if costs else ""
    return f"… {added} call{'s' * (added != 1)} of {title} in `halley usage`{cost}."
