"""The ledger: one row for every call to a model, written before it is sent and settled after it ended.

    calls         who asked (feature, role, workspace), whom (provider, model, attempt, parent), how it ended
                  (status, problem, http_status, request_id), what it took (tokens, milliseconds, cost)
    spending      what was spent by day and currency, kept up by a trigger
    completions   how many ghost texts were shown and accepted, by day, model and language
    next_edits    what became of next edits: shown, accepted, rejected, ignored, by day, model and language
    logged_calls  IDs of the calls that other agents wrote down, so that none becomes two rows
    writers       the processes that wrote rows, to find what a killed one left open

A row never holds text: no prompt, no reply, no message of an error. `status` is one of

    open         being answered now            complete     ended as it should
    interrupted  broke after its first token   cancelled    the user ended it
    superseded   newer typing ended it         failed       no usable answer (`problem` says why)
    abandoned    its process was killed

`parent` is the row of the first attempt of the same request, so that a failover counts as one request. Cost is
what the provider says (`provider`), or computed from list prices (`estimated`), or not known (`unknown`, and then
the amount is null, never 0). Summaries of it are in `usage.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable
from concurrent.futures import Future
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halley.core.calls import Call, Priority
from halley.core.errors import Problem
from halley.core.models import ModelRef, Times, Usage
from halley.core.usage import LoggedCall, NextEditCounts, NextEditOutcome
from halley.stores.ledger.intents import Intents, Row, find_left_over
from halley.stores.ledger.logged import insert_logged
from halley.stores.ledger.usage import (
    Acceptance,
    Dimension,
    FailedCall,
    Summary,
    day_of,
    read_acceptance,
    read_failures,
    read_next_edits,
    read_spent,
    read_spent_on,
    read_summary,
)
from halley.stores.sqlite.database import Database
from halley.stores.sqlite.writers import settle_left_open, writer_id

if TYPE_CHECKING:
    import sqlite3

_FACTS = (
    "status input_tokens output_tokens cached_tokens reasoning_tokens tokens_estimated cost currency cost_source "
    "first_byte_ms first_token_ms total_ms tokens_per_s problem http_status request_id written_tokens saved"
).split()


NOTED = (Priority.INLINE, Priority.CHAT, Priority.BATCH)
"""Who does not wait for the database thread: two changes of threads took longer than all else before a first token, and
the titles of many chats would wake it once each."""
MOST_PROVISIONAL = 4096


class LedgerStore:
    """Implements `core.ports.Ledger`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._begun: dict[int, float] = {}
        """When our own open rows began, on the monotonic clock."""
        self._recovery: Future[list[Path]] | None = None
        self._intents = Intents(database.path.parent / "open-calls")
        self._rows: dict[int, int] = {}
        """Ids given out before their rows were written, and the rows' own; used in the database thread."""
        self._provisional = count(-1, -1)

    async def open(self, call: Call, model: ModelRef, *, attempt: int = 1, parent: int | None = None) -> int:
        """The id of the new row, once it is on disk; where a user waits for the first word, once it is noted on
        disk (`intents.py`).

        `attempt` counts from 1 within a request, and `parent` is the id of its first row. Raises StoreFailed.
        """
        now = time.time()
        row = (
            now, day_of(now), call.feature, call.role, call.caller.workspace,
            model.provider, model.name, attempt, parent,
        )  # fmt: skip
        begun = time.monotonic()
        self._recover()
        if call.priority in NOTED and (noted := self._open_noted(row)) is not None:
            self._begun[noted] = begun
            return noted
        future = self._database.submit(lambda db: self._insert(db, row))
        try:
            entry = await asyncio.shield(asyncio.wrap_future(future))
        except asyncio.CancelledError:
            # The row is written whether or not anyone waits; without an owner it would stay open until the next
            # start.
            future.add_done_callback(self._settle_unheard)
            raise
        self._begun[entry] = begun
        return entry

    def _open_noted(self, row: Row) -> int | None:
        """A provisional ID, without waiting; None where nothing can be noted."""
        try:
            self._intents.note(row)
        except OSError:
            return None
        entry = next(self._provisional)

        def insert(db: sqlite3.Connection) -> None:
            self._rows[entry] = self._insert(db, row)
            # A row is settled long before so many others are opened; the bound only keeps a leak from growing.
            if len(self._rows) > MOST_PROVISIONAL:
                del self._rows[next(iter(self._rows))]

        future = self._database.run_later(insert)
        future.add_done_callback(lambda done: self._intents.done(done.exception() is None))
        return entry

    async def settle(self, entry: int, *, deferred: bool = False, **facts: Any) -> None:
        """Writes how the call ended; a moment later, with what else there is to write, where that is `deferred`.
        What is not given stays as it is; unknown names raise TypeError.

        `status=` · `usage=Usage` · `times=Times` · `problem=Problem` (only its code, HTTP status and request id are
        kept) · `cost=`, `currency=`, `cost_source=` · `first_byte_ms=`, `first_token_ms=`, `total_ms=`,
        `tokens_per_s=` · `http_status=`, `request_id=`. Without a status, the problem decides; `total_ms` and
        `tokens_per_s` are worked out when they are missing. Safe to await while being cancelled: the write is
        already on its way.
        """
        row = build_facts(facts, self._elapsed_ms(entry))
        run = self._database.run_later if deferred else self._database.run
        await run(lambda db: _update(db, self._rows.get(entry, entry), row))

    def _elapsed_ms(self, entry: int) -> float | None:
        begun = self._begun.pop(entry, None)
        return None if begun is None else (time.monotonic() - begun) * 1000

    def _insert(self, db: sqlite3.Connection, row: Row) -> int:
        *facts, parent = row
        cursor = db.execute(
            "INSERT INTO calls (started, day, feature, role, workspace, provider, model, attempt, parent, status, "
            "writer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?)",
            (*facts, self._rows.get(parent, parent), writer_id(db)),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def _settle_unheard(self, future: Future[int]) -> None:
        """The caller was cancelled before it got the row's ID, so only this can settle it."""
        if future.exception() is None:
            entry = future.result()
            self._database.submit(lambda db: _update(db, entry, {"status": "cancelled", "total_ms": 0.0}))

    def _recover(self) -> None:
        """Once per process, before all else: rows that killed processes left open are settled."""
        if self._recovery is None:
            self._recovery = self._database.submit(self._settle_left_open)
            self._recovery.add_done_callback(self._recovered)

    def _settle_left_open(self, db: sqlite3.Connection) -> list[Path]:
        settle_left_open(db, "calls", "abandoned")
        rows, files = find_left_over(self._database.path.parent / "open-calls")
        _insert_left_over(db, rows)
        return files

    def _recovered(self, recovery: Future[list[Path]]) -> None:
        """The notes go only now that their rows are committed."""
        if recovery.exception() is not None:
            self._recovery = None  # with the next call, then
            return
        for path in recovery.result():
            with contextlib.suppress(OSError):
                path.unlink()

    async def add_logged(
        self, feature: str, workspace: str | None, provider: str, calls: Iterable[LoggedCall]
    ) -> int:
        """Rows for calls that another agent made; how many were new, as each ID is taken once. Raises StoreFailed."""
        self._recover()
        return await self._database.run(
            lambda db: insert_logged(db, feature, workspace, provider, calls, self._insert, _settle_logged)
        )

    async def summary(
        self,
        since: float | datetime | None = None,
        until: float | datetime | None = None,
        by: Iterable[Dimension] = (),
        workspace: str | None = None,
    ) -> Summary:
        """What was used from `since` (included) to `until` (not included), grouped by the dimensions named."""
        self._recover()
        span = (_seconds(since), _seconds(until), workspace)
        dimensions = tuple(by)
        return await self._database.read(lambda db: read_summary(db, *span, dimensions))

    async def spent(self, since: float | datetime, currency: str = "USD", feature: str = "") -> float:
        """Known cost of all calls begun since then, or of one feature's, estimates included."""
        start = _seconds(since) or 0.0
        if feature:
            return await self._database.read(lambda db: read_spent_on(db, start, currency, feature))
        return await self._database.read(lambda db: read_spent(db, start, currency))

    async def count_completion(
        self,
        model: ModelRef,
        language: str,
        *,
        shown: int = 0,
        accepted: int = 0,
        partly: int = 0,
        characters: int = 0,
    ) -> None:
        """Adds to how often a model's ghost text was shown and accepted, whole or `partly`; `characters` accepted."""
        key = (day_of(time.time()), model.provider, model.name, language)
        await self._database.run_later(
            lambda db: db.execute(
                "INSERT INTO completions (day, provider, model, language, shown, accepted, accepted_characters, "
                "partly_accepted) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "shown = shown + excluded.shown, accepted = accepted + excluded.accepted, "
                "partly_accepted = partly_accepted + excluded.partly_accepted, "
                "accepted_characters = accepted_characters + excluded.accepted_characters",
                (*key, shown, accepted, characters, partly),
            )
        )

    async def count_next_edit(self, model: ModelRef, language: str, outcome: NextEditOutcome) -> None:
        """Adds one to how often a model's next edits were shown, accepted, rejected or ignored."""
        key = (day_of(time.time()), model.provider, model.name, language)
        counted = tuple(int(outcome == name) for name in ("shown", "accepted", "rejected", "ignored"))
        await self._database.run_later(
            lambda db: db.execute(
                "INSERT INTO next_edits (day, provider, model, language, shown, accepted, rejected, ignored) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET shown = shown + excluded.shown, "
                "accepted = accepted + excluded.accepted, rejected = rejected + excluded.rejected, "
                "ignored = ignored + excluded.ignored",
                (*key, *counted),
            )
        )

    async def next_edits(
        self, since: float | datetime | None = None, until: float | datetime | None = None
    ) -> tuple[NextEditCounts, ...]:
        """What became of next edits by model and language; whole days."""
        first, last = _days(since, until)
        return await self._database.read(lambda db: read_next_edits(db, first, last))

    async def acceptance(
        self, since: float | datetime | None = None, until: float | datetime | None = None
    ) -> tuple[Acceptance, ...]:
        """Shown and accepted completions by model and language; whole days."""
        first, last = _days(since, until)
        return await self._database.read(lambda db: read_acceptance(db, first, last))

    async def failures(self, since: float | None = None, most: int = 20) -> tuple[FailedCall, ...]:
        """The newest calls that failed, broke off or were abandoned; newest first."""
        return await self._database.read(lambda db: read_failures(db, since or 0.0, most))


def _days(since: float | datetime | None, until: float | datetime | None) -> tuple[str, str]:
    """The first and the last day of a span."""
    start, end = _seconds(since), _seconds(until)
    return day_of(start) if start is not None else "", day_of(end) if end is not None else "9999"


def _insert_left_over(db: sqlite3.Connection, rows: list[Row]) -> None:
    """Calls of killed processes that were noted, and sent, but whose rows had not come to the disk."""
    for row in rows:
        started, _, feature, _, _, provider, model, attempt, _ = row
        db.execute(
            "INSERT INTO calls (started, day, feature, role, workspace, provider, model, attempt, status) "
            "SELECT ?, ?, ?, ?, ?, ?, ?, ?, 'abandoned' WHERE NOT EXISTS (SELECT 1 FROM calls WHERE "
            "started = ? AND feature = ? AND provider = ? AND model = ? AND attempt = ?)",
            (*row[:-1], started, feature, provider, model, attempt),
        )


def build_facts(facts: dict[str, Any], elapsed_ms: float | None) -> dict[str, Any]:
    """The columns to set, from what `LedgerStore.settle` was given."""
    given = dict(facts)
    usage: Usage | None = given.pop("usage", None)
    problem: Problem | str | None = given.pop("problem", None)
    row = _of_usage(usage) | _of_times(given.pop("times", None)) | _of_problem(problem) | given
    unknown = sorted(row.keys() - set(_FACTS))
    if unknown:
        raise TypeError(f"the ledger has no {', '.join(unknown)}")
    row.setdefault("status", _status(row.get("problem")))
    if elapsed_ms is not None:
        row.setdefault("total_ms", elapsed_ms)
        row.setdefault("cost_source", "unknown")
        row.setdefault("tokens_per_s", _speed(row))
    return row


def _settle_logged(db: sqlite3.Connection, entry: int, call: LoggedCall) -> None:
    _update(db, entry, {"cost_source": "unknown"} | build_facts({"usage": call.usage}, None))


def _of_usage(usage: Usage | None) -> dict[str, Any]:
    if usage is None:
        return {}
    row: dict[str, Any] = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "tokens_estimated": int(usage.estimated),
        "written_tokens": usage.written_tokens,
        "saved": usage.saved_usd,
    }
    if usage.cost_usd is not None:
        source = "estimated" if usage.cost_source == "estimated" else "provider"
        row |= {"cost": usage.cost_usd, "currency": "USD", "cost_source": source}
    return row


def _of_times(times: Times | None) -> dict[str, Any]:
    names = ("first_byte_ms", "first_token_ms", "total_ms", "tokens_per_s")
    return {name: value for name in names if (value := getattr(times, name, None)) is not None}


def _of_problem(problem: Problem | str | None) -> dict[str, Any]:
    if problem is None or isinstance(problem, str):
        return {"problem": problem} if problem else {}
    row = {"problem": problem.code, "http_status": problem.status, "request_id": problem.request_id}
    return {name: value for name, value in row.items() if value is not None}


def _status(problem: str | None) -> str:
    if problem is None:
        return "complete"
    return problem if problem in ("interrupted", "cancelled") else "failed"


def _speed(row: dict[str, Any]) -> float | None:
    """Output tokens a second, from the first token on."""
    tokens, total, first = row.get("output_tokens"), row.get("total_ms"), row.get("first_token_ms")
    if not tokens or total is None or first is None or total <= first:
        return None
    return tokens / (total - first) * 1000


def _update(db: sqlite3.Connection, entry: int, row: dict[str, Any]) -> None:
    columns = ", ".join(f"{name} = ?" for name in row)
    db.execute(f"UPDATE calls SET {columns} WHERE id = ?", (*row.values(), entry))


def _seconds(moment: float | datetime | None) -> float | None:
    return moment.timestamp() if isinstance(moment, datetime) else moment
