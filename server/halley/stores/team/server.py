"""The team's database as functions: one connection, in one thread, opened when it is first asked for.

Every method waits; `call` runs one in the thread. `answer` asks one statement on the event loop while the thread has
nothing to do, because that is quicker. PostgreSQL's errors come as StoreFailed; as TeamAway where
the database cannot be reached, so that the caller may continue without it. Nothing here decides who may do what: the
database does (`schema/`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from halley.core.errors import HalleyError, NotConfigured, StoreFailed
from halley.core.team import BudgetState, Member, SharedText, Standing
from halley.stores.team.address import Address
from halley.version import __version__

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")
Json = dict[str, Any]

CONNECT_S = 3
"""Longest wait for a connection."""
STATEMENT_S = 10
"""Longest time the server may take for one statement."""
REST_S = 5.0
"""How long a database that could not be reached is left alone, so that calls do not wait for it one after another."""


class TeamAway(StoreFailed):
    """The team's database cannot be reached now."""


@dataclass(slots=True)
class _Failure:
    error: TeamAway
    until: float


class TeamServer:
    """One connection to the team's database. Safe to use from one event loop."""

    def __init__(self, address: Address, password: Callable[[], str | None]) -> None:
        self.address = address
        self._password = password
        self._connection: psycopg.Connection[Any] | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._failure: _Failure | None = None
        self._working = 0
        """Calls that are in the thread, or wait for it. While there are none, the loop may use the connection."""
        self._answering: asyncio.Future[None] | None = None
        """Done when the loop no longer uses it."""

    async def call(self, work: Callable[[psycopg.Connection[Any]], T], limit_s: float = STATEMENT_S) -> T:
        """`work`'s result; tried again where the connection turns out to be broken. Each statement commits itself.

        Raises TeamAway, also where nothing was heard within `limit_s` seconds; StoreFailed, NotConfigured.
        """
        while self._answering is not None:
            await asyncio.shield(self._answering)
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "halley-team")
        given_up = threading.Event()
        running = self._thread.submit(self._run, work, given_up)
        waiting = asyncio.wrap_future(running)
        self._working += 1
        waiting.add_done_callback(self._worked)
        try:
            return await asyncio.wait_for(asyncio.shield(waiting), limit_s)
        except TimeoutError:
            given_up.set()
            waiting.add_done_callback(lambda done: done.cancelled() or done.exception())
            if not running.cancel():
                self._cut()
            self._rest(away_from(self.address))
            raise away_from(self.address) from None

    def _worked(self, _: asyncio.Future[Any]) -> None:
        self._working -= 1

    async def answer(
        self, query: str, values: Sequence[str], limit_s: float = STATEMENT_S
    ) -> list[tuple[str | None, ...]] | None:
        """Rows of a statement that may be sent twice, all as text; None where it has to go by `call`.

        Raises TeamAway where nothing was heard within `limit_s` seconds.
        """
        import psycopg

        from halley.stores.team.direct import NotHere, ask_directly

        connection = self._connection
        if self._working or self._answering or connection is None or connection.closed or self.rests:
            return None
        self._answering = ended = asyncio.get_running_loop().create_future()
        code = connection.info.encoding
        try:
            async with asyncio.timeout(limit_s):
                rows = await ask_directly(
                    connection.pgconn, query.encode(code), [value.encode(code) for value in values]
                )
            return [tuple(None if cell is None else cell.decode(code) for cell in row) for row in rows]
        except NotHere:
            return None
        except psycopg.Error:
            self._close()
            return None
        except TimeoutError:
            self._close()
            self._rest(away_from(self.address))
            raise away_from(self.address) from None
        except BaseException:
            self._close()
            raise
        finally:
            self._answering = None
            ended.set_result(None)

    def _cut(self) -> None:
        """Ends the wait of the thread: a network that swallows packets would hold it for minutes."""
        connection = self._connection
        if connection is not None and not connection.closed:
            with contextlib.suppress(Exception), socket.socket(fileno=os.dup(connection.fileno())) as wire:
                wire.shutdown(socket.SHUT_RDWR)

    @property
    def rests(self) -> bool:
        """Whether it could not be reached a moment ago."""
        return self._failure is not None and time.monotonic() < self._failure.until

    async def aclose(self) -> None:
        while self._answering is not None:
            await asyncio.shield(self._answering)
        if self._thread is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
            self._thread.shutdown(wait=False)
            self._thread = None

    # In the thread

    def _run(self, work: Callable[[psycopg.Connection[Any]], T], given_up: threading.Event) -> T:
        import psycopg

        if self._failure is not None and self.rests:
            raise self._failure.error
        was_open = self._connection is not None
        for attempt in (1, 2):
            try:
                connection = self._connection = self._connection or self._connect()
                result = work(connection)
                self._failure = None
                return result
            except psycopg.Error as error:
                broken = self._connection is None or self._connection.broken
                if broken:
                    self._close()
                # A connection that was open before may have been cut since: a new one answers, or says it is away.
                if broken and was_open and attempt == 1 and not given_up.is_set():
                    continue
                if given_up.is_set():  # its caller was answered long ago
                    raise away_from(self.address) from None
                raise self._explained(error, broken) from None
        raise AssertionError("unreachable")

    def _connect(self) -> psycopg.Connection[Any]:
        import psycopg

        from halley.stores.team.migrations import require_fitting

        where = self.address
        connection = psycopg.connect(
            host=where.host,
            port=where.port,
            dbname=where.database,
            user=where.user,
            password=self._password(),
            **{
                "connect_timeout": CONNECT_S,
                "application_name": f"halley {__version__}",
                **dict(where.options),
            },
            tcp_user_timeout=STATEMENT_S * 1000,
            autocommit=True,
            # A pooler between us may give each transaction another server connection.
            prepare_threshold=None,
        )
        try:
            with connection.transaction():
                if _has_schema(connection):
                    require_fitting(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(Exception):
                self._connection.close()
            self._connection = None

    def _explained(self, error: psycopg.Error, broken: bool) -> HalleyError:
        import psycopg

        if isinstance(error, psycopg.OperationalError) and broken:
            away = explain_connection(error, self.address)
            if isinstance(away, TeamAway):
                self._rest(away)
            return away
        return explain(error)

    def _rest(self, away: TeamAway) -> None:
        self._failure = _Failure(away, time.monotonic() + REST_S)


def _has_schema(connection: psycopg.Connection[Any]) -> bool:
    row = connection.execute("SELECT to_regclass('halley.facts') IS NOT NULL").fetchone()
    return bool(row and row[0])


def explain_connection(error: psycopg.Error, where: Address) -> HalleyError:
    """Why there is no connection, in words a user can act on. The server's own text may hold anything."""
    state, text = getattr(error, "sqlstate", None), str(error)
    if (
        state in ("28000", "28P01")
        or "password authentication failed" in text
        or "no password supplied" in text
    ):
        return NotConfigured(
            f"The team's database did not accept the password of {where.user}.",
            "Enter it again with `halley team join`, or check `team.key`.",
            setting="team.key",
        )
    if "certificate" in text or "SSL" in text:
        return NotConfigured(
            f"The certificate of {where.host} could not be verified.",
            "Add sslrootcert=FILE to `team.url` if your company signs it.",
            setting="team.url",
        )
    if f'database "{where.database}" does not exist' in text:
        return NotConfigured(
            f"{where.host} has no database {where.database}.", "Check `team.url`.", setting="team.url"
        )
    return away_from(where)


def away_from(where: Address) -> TeamAway:
    return TeamAway(
        f"The team's database at {where.host} cannot be reached.",
        "Your own ledger keeps every call, and sends them when it is back.",
        setting="team.url",
    )


def explain(error: psycopg.Error) -> StoreFailed:
    """What the database refused. Only the first line of its text, which names no row's content."""
    state = getattr(error, "sqlstate", None)
    said = (getattr(error.diag, "message_primary", None) or type(error).__name__)[:200]
    if state == "42501" and "schema halley" in said:
        return StoreFailed(
            "You are not a member of this team.",
            "An admin adds you with `halley team members add NAME`.",
            setting="team.url",
        )
    if state == "42501":
        return StoreFailed(
            f"The team's database refused: {said}.", "Ask an admin of the team.", setting="team.url"
        )
    if state in ("3F000", "42P01", "42883"):
        return StoreFailed(
            "This database is not set up for a team yet, or you are not a member.",
            "An admin sets it up with `halley team init` and adds you with `halley team members add NAME`.",
            setting="team.url",
        )
    return StoreFailed(f"The team's database refused: {said}.", "Try again.", setting="team.url")


# What a client asks for


def hello(db: psycopg.Connection[Any]) -> Standing:
    """Who this user is in the team; also notes when they were last seen, and with which Halley."""
    row = db.execute("SELECT * FROM halley.hello(%s)", (__version__,)).fetchone()
    assert row is not None
    return Standing(row[0], row[1], tuple(row[2]), row[3])


def put(db: psycopg.Connection[Any], rows: Sequence[Mapping[str, Any]], released: Sequence[UUID]) -> None:
    """Takes in ledger rows, and frees what was set aside for calls that have ended."""
    db.execute("SELECT halley.put(%s::jsonb, %s)", (json.dumps(list(rows)), list(released)))


RESERVE = "SELECT * FROM halley.reserve($1::uuid, $2, $3::numeric, $4::integer)"
"""As `reserve` asks, for `TeamServer.answer`."""


def state_of_text(row: Sequence[str | None]) -> BudgetState:
    """A row that `TeamServer.answer` gave."""
    scope, subject, period, *amounts = (cell or "" for cell in row)
    return BudgetState(scope, subject, period, *map(float, amounts))


def reserve(
    db: psycopg.Connection[Any], reservation: UUID, workspace: str, amount: float, seconds: int
) -> BudgetState | None:
    """Sets money aside, or says which budget is spent; then nothing was set aside."""
    row = db.execute(
        "SELECT * FROM halley.reserve(%s, %s, %s::numeric, %s)", (reservation, workspace, amount, seconds)
    ).fetchone()
    return None if row is None else _state(row)


def my_budgets(db: psycopg.Connection[Any], workspace: str) -> tuple[BudgetState, ...]:
    return tuple(map(_state, db.execute("SELECT * FROM halley.my_budgets(%s)", (workspace,))))


def _state(row: Sequence[Any]) -> BudgetState:
    scope, subject, period, spent, held, most = row
    return BudgetState(scope, subject, period, float(spent), float(held), float(most))


def list_members(db: psycopg.Connection[Any]) -> tuple[Member, ...]:
    """All for an admin; oneself for others."""
    rows = db.execute("SELECT name, is_admin, groups, last_seen, client FROM halley.members ORDER BY name")
    return tuple(
        Member(name, admin, tuple(groups), seen.timestamp() if seen else None, client)
        for name, admin, groups, seen, client in rows
    )


def set_member(
    db: psycopg.Connection[Any], name: str, admin: bool | None, groups: Sequence[str] | None
) -> None:
    """Adds or changes a member; None leaves what is there."""
    db.execute(
        "SELECT halley.set_member(%s, %s, %s)", (name, admin, None if groups is None else list(groups))
    )


def remove_member(db: psycopg.Connection[Any], name: str) -> bool:
    row = db.execute("SELECT halley.remove_member(%s)", (name,)).fetchone()
    return bool(row and row[0])


def create_login(db: psycopg.Connection[Any], name: str, password: str) -> None:
    """A login role of the server. Needs the right to create roles."""
    from psycopg import sql

    db.execute(
        sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), sql.Literal(password))
    )


def set_budget(
    db: psycopg.Connection[Any], scope: str, subject: str, period: str, most: float | None
) -> bool:
    """Sets or (None) removes a budget; False when there was none to remove."""
    row = db.execute(
        "SELECT halley.set_budget(%s, %s, %s, %s::numeric)", (scope, subject, period, most)
    ).fetchone()
    return bool(row and row[0])


def list_budgets(db: psycopg.Connection[Any]) -> tuple[tuple[str, str, str, float], ...]:
    """(scope, subject, period, most) of the budgets this user may see."""
    rows = db.execute(
        "SELECT scope, subject, period, most FROM halley.budgets ORDER BY scope, subject, period"
    )
    return tuple((scope, subject, period, float(most)) for scope, subject, period, most in rows)


def prune(db: psycopg.Connection[Any], older_than: float) -> int:
    """Deletes rows of calls begun before a moment (seconds since the epoch), never this month's."""
    row = db.execute("SELECT halley.prune(to_timestamp(%s))", (older_than,)).fetchone()
    return int(row[0]) if row else 0


def newest_policy(db: psycopg.Connection[Any]) -> tuple[int, Json, str]:
    """(version, body, author); version 0 and an empty body where there is none."""
    row = db.execute(
        "SELECT version, body, author FROM halley.policies ORDER BY version DESC LIMIT 1"
    ).fetchone()
    return (0, {}, "") if row is None else (row[0], row[1], row[2])


def set_policy(db: psycopg.Connection[Any], body: Mapping[str, Any]) -> int:
    """The new version. An empty body limits nothing."""
    row = db.execute("SELECT halley.set_policy(%s::jsonb)", (json.dumps(dict(body)),)).fetchone()
    assert row is not None
    return row[0]


def publish(db: psycopg.Connection[Any], kind: str, name: str, body: str) -> int:
    """The version of the proposal."""
    row = db.execute("SELECT halley.publish(%s, %s, %s)", (kind, name, body)).fetchone()
    assert row is not None
    return row[0]


def approve(db: psycopg.Connection[Any], kind: str, name: str, digest: str) -> int | None:
    """The version approved; None where no proposal has this content."""
    row = db.execute("SELECT halley.approve(%s, %s, %s)", (kind, name, digest)).fetchone()
    return row[0] if row else None


def retract(db: psycopg.Connection[Any], kind: str, name: str) -> int:
    """How many versions were retracted."""
    row = db.execute("SELECT halley.retract(%s, %s)", (kind, name)).fetchone()
    return row[0] if row else 0


def list_shared(db: psycopg.Connection[Any]) -> tuple[SharedText, ...]:
    """The newest approved version of each, and newer proposals that this user may see."""
    rows = db.execute(
        "SELECT kind, name, version, body, digest, author, approved_by FROM halley.shared s WHERE version >= coalesce("
        "(SELECT max(a.version) FROM halley.shared a WHERE a.kind = s.kind AND a.name = s.name AND NOT a.retracted "
        "AND a.approved_by IS NOT NULL), 0) ORDER BY kind, name, version"
    )
    return tuple(SharedText(*row) for row in rows)
