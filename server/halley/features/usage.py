"""What was used: the ledger's sums, and what providers say is left.

`report` is `halley/usage`: `{rows, totals, completions, nextEdits, quota, hasTeam}`.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from halley.core.calls import Caller
from halley.core.errors import HalleyError, InvalidInput, problem_of
from halley.core.settings import Settings
from halley.core.usage import Dimension
from halley.features.room import EngineRoom

Json = dict[str, Any]
QUOTA_S = 5.0

_AGO = re.compile(r"(\d+)\s*(h|d|w|m|y)")
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}


async def report(
    room: EngineRoom,
    settings: Settings,
    caller: Caller,
    *,
    since: str | None = None,
    until: str | None = None,
    by: Sequence[Dimension] = ("model",),
    workspace: str | None = None,
    quota: bool = True,
) -> Json:
    """Raises InvalidInput for a moment or a dimension that is none."""
    span = read_moment(since, room.clock.now()), read_moment(until, room.clock.now())
    summing = room.ledger.summary(*span, by=by, workspace=workspace)
    if not quota:
        summary, quotas = await summing, []
    else:
        summary, quotas = await asyncio.gather(summing, find_quotas(room, settings, caller))
    found: Json = {"rows": [row.to_json() for row in summary.rows], "totals": summary.totals.to_json()}
    if list(by) == ["model"]:
        await _add_choices(room, found["rows"], span[0] or 0.0)
    completions = [row.to_json() for row in await room.ledger.acceptance(*span)]
    next_edits = [row.to_json() for row in await room.ledger.next_edits(*span)]
    return found | {
        "completions": completions,
        "nextEdits": next_edits,
        "quota": quotas,
        "hasTeam": settings.team.url is not None,
    }


async def report_team(
    room: EngineRoom, settings: Settings, *, since: str | None, until: str | None, by: Sequence[str]
) -> Json:
    """As `report`, of the team's calls: all of them for an admin, else this user's on all their machines.

    Raises NotConfigured without a team, StoreFailed where its database cannot be asked.
    """
    from halley.stores.team.usage import read_team_summary

    link = room.joined_team(settings)
    span = read_moment(since, room.clock.now()), read_moment(until, room.clock.now())
    summary = await link.ask(lambda db: read_team_summary(db, *span, by))
    rows = [row.to_json() for row in summary.rows]
    return {"rows": rows, "totals": summary.totals.to_json(), "completions": [], "quota": [], "hasTeam": True}


async def _add_choices(room: EngineRoom, rows: list[Json], since: float) -> None:
    """How often each model answered beside others (`compared`), and how often its reply was kept (`chosen`)."""
    counts = await room.chats.chosen_counts(since)
    for row in rows:
        compared, chosen = counts.get(str(row.get("model")), (0, 0))
        if compared:
            row |= {"compared": compared, "chosen": chosen}


def read_moment(text: str | None, now: float) -> float | None:
    """Seconds since the epoch, from `7d`, `24h`, `today`, `month`, or a date or time in ISO 8601.

    Raises InvalidInput.
    """
    if not text:
        return None
    word = text.strip().lower()
    today = datetime.combine(date.fromtimestamp(now), datetime.min.time())
    if word in ("today", "month"):
        return (today if word == "today" else today.replace(day=1)).timestamp()
    if ago := _AGO.fullmatch(word):
        number, unit = int(ago[1]), ago[2]
        length = timedelta(hours=number) if unit == "h" else timedelta(days=min(number, 36_500) * _DAYS[unit])
        return max(0.0, now - length.total_seconds())
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        raise InvalidInput(
            f"'{text}' is not a time.", "Write 7d, 24h, today, month, or a date such as 2026-11-01."
        ) from None


async def find_quotas(
    room: EngineRoom, settings: Settings, caller: Caller, *, kind: str | None = None
) -> list[Json]:
    """What is left of the user's money at each provider that reports it, or reports it in this way (`Quirks.quota`);
    all are asked concurrently, and briefly."""
    bindings = [
        b
        for b in room.registry.bindings(settings)
        if b.endpoint.quirks.quota and kind in (None, b.endpoint.quirks.quota)
    ]

    async def one(binding: Any) -> Json | None:
        began = time.monotonic()
        try:
            async with asyncio.timeout(QUOTA_S):
                return await room.registry.find_quota(binding, caller)
        except HalleyError as error:
            return {"provider": binding.endpoint.id, "problem": problem_of(error).to_json()}
        except TimeoutError:
            waited = time.monotonic() - began
            return {
                "provider": binding.endpoint.id,
                "problem": {"code": "timeout", "message": f"No answer within {waited:.0f} s.", "help": ""},
            }

    return [found for found in await asyncio.gather(*map(one, bindings)) if found]
