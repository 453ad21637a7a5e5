"""A user's place in a team: rows on their way to the team's database, and its budgets for the router.

    TeamLink.reserve, release    the team's money, for `routing/team_spending.py`
    TeamLink.wake                rows wait: they are sent a moment later, and again later where the database is away
    TeamLink.ask_index           vectors of the members' search indexes, for `team_index.py`
    TeamLink.standing            who this user is there

One for a process and a team. Nothing of a call waits for sending: rows are in the local ledger first, always.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from halley.core.errors import HalleyError, NotConfigured
from halley.core.settings import Settings, TeamSettings
from halley.core.team import BudgetState, Policy, Standing, allows
from halley.stores.team import server as team
from halley.stores.team.address import Address, read_address
from halley.stores.team.server import TeamServer
from halley.stores.team.spool import Spool
from halley.stores.workspace.naming import workspace_name

if TYPE_CHECKING:
    from halley.stores.keys.store import SecretStore
    from halley.stores.sqlite.database import Database
    from halley.stores.team.policy import PolicyStore

T = TypeVar("T")

KEY_NAME = "team-database"
"""What the password is stored as, beside the keys of providers."""
GATHER_S = 0.2
"""Rows of calls that end together are sent together."""
RETRY_S, LONGEST_RETRY_S = 5.0, 300.0
FRESH_S = 60.0
"""How long what is known of the team's budgets is used before it is asked again."""
RESERVE_S = 3.0
"""The longest a call waits for the team's database."""
HOLD_S = 1_800
"""How long money stays set aside for a call whose process was killed."""
LAST_S = 3.0
"""The longest a process that ends waits to send what is left; the next one sends it otherwise."""


class TeamLink:
    """Implements `core.ports.TeamMoney`."""

    def __init__(
        self, settings: TeamSettings, database: Database, secrets: SecretStore, policies: PolicyStore
    ) -> None:
        """Raises NotConfigured for a URL that is none."""
        assert settings.url is not None
        self.address = read_address(settings.url)
        self._settings, self._secrets, self._policies = settings, secrets, policies
        self._password: str | None = None
        self._has_password = False
        self._money = TeamServer(self.address, lambda: self._password)
        self._mail = TeamServer(self.address, lambda: self._password)
        self._library = TeamServer(self.address, lambda: self._password)
        self._name_of = lru_cache(256)(workspace_name)
        self.spool = Spool(database, self._mail, self._name_of)
        self._standing: tuple[float, Standing] | None = None
        self._joined = False
        self._sending: asyncio.Task[None] | None = None
        self._again = asyncio.Event()

    @property
    def counts(self) -> bool:
        return self._standing is None or self._standing[1].budgets > 0

    async def reserve(self, reservation: str, workspace: str | None, amount: float) -> BudgetState | None:
        name, id = self._name_of(workspace), uuid.UUID(reservation)
        values = (reservation, name, f"{amount:.9f}", str(HOLD_S))
        rows = await self._money.answer(team.RESERVE, values, RESERVE_S)
        if rows is None:
            return await self.ask(lambda db: team.reserve(db, id, name, amount, HOLD_S), RESERVE_S)
        return team.state_of_text(rows[0]) if rows else None

    async def release(self, reservation: str) -> None:
        await self.spool.release(reservation)

    async def ask(self, work: Callable[[Any], T], limit_s: float = team.STATEMENT_S) -> T:
        """`work`, a function of `stores/team`, in the team's database. Raises TeamAway, StoreFailed, NotConfigured."""
        return await self._with_password(lambda: self._money.call(work, limit_s))

    async def ask_index(self, work: Callable[[Any], T]) -> T:
        """As `ask`, on a connection of its own: a megabyte of vectors must not delay a call that asks for money."""
        return await self._with_password(lambda: self._library.call(work))

    async def rest_index(self) -> None:
        """Closes the connection of `ask_index` until it is used again."""
        await self._library.aclose()

    async def standing(self) -> Standing:
        """As it is now."""
        return await self._learn(self._money)

    async def _learn(self, server: TeamServer) -> Standing:
        """Who this user is, and the policy that is in force from now on."""
        found = await self._with_password(lambda: server.call(team.hello))
        version, body, _ = await server.call(team.newest_policy)
        self._policies.save(str(self.address), version, body)
        self._standing = time.monotonic(), found
        return found

    def wake(self) -> None:
        """Something waits to be sent, or may: a call has ended, or a process has started."""
        self._again.set()
        if self._sending is None or self._sending.done():
            self._sending = asyncio.ensure_future(self._send_all())

    async def send(self) -> int:
        """Sends what waits now; the number of rows. Raises as `ask`."""
        await self.join()
        return await self._with_password(self.spool.send)

    async def join(self) -> None:
        """From now on rows are marked for the team."""
        if not self._joined:
            await self.spool.join()
            self._joined = True

    async def aclose(self) -> None:
        """Tries to send what is left, briefly; then closes the connections."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
            with contextlib.suppress(HalleyError, TimeoutError):
                if not self._mail.rests and await self.spool.count():
                    async with asyncio.timeout(LAST_S):
                        await self.send()
        for server in (self._mail, self._library, self._money):
            await server.aclose()

    async def _send_all(self) -> None:
        """Until nothing waits. A database that is away is tried again, less and less often."""
        pause = RETRY_S
        while self._again.is_set():
            await asyncio.sleep(GATHER_S)
            self._again.clear()
            try:
                await self.send()
                await self._refresh()
                pause = RETRY_S
            except HalleyError as error:
                logging.getLogger(__name__).info("nothing could be sent to the team: %s", error)
                self._again.set()
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_RETRY_S)
        # A thousand developers who do nothing should not hold a thousand connections.
        await self._mail.aclose()

    async def _refresh(self) -> None:
        known = self._standing
        if known is None or time.monotonic() - known[0] > FRESH_S:
            await self._learn(self._mail)

    async def _with_password(self, work: Callable[[], Awaitable[T]]) -> T:
        if not self._has_password:
            self._password = await find_password(self._settings, self.address, self._secrets)
            self._has_password = True
        try:
            return await work()
        except HalleyError as error:
            if error.problem.setting == "team.key":  # it was refused: the next call looks for another
                self._has_password = False
                self._secrets.forget(KEY_NAME)
            raise


def require_driver() -> None:
    """Raises NotConfigured where the extra `team` is not installed."""
    from importlib.util import find_spec

    if find_spec("psycopg") is None:
        raise NotConfigured(
            "`team.url` is set, but the PostgreSQL driver is not installed.",
            "Install Halley with its extra: pip install 'halley[team]'.",
            setting="team.url",
        )


async def find_password(settings: TeamSettings, address: Address, secrets: SecretStore) -> str | None:
    """None where there is none: a socket that knows the user needs no password. Raises NotConfigured."""
    sources = [settings.key] if settings.key is not None else []
    found = await secrets.resolve_keys(KEY_NAME, address.origin, sources)
    return found[0] if found else None


def narrow_tools(settings: Settings, policy: Policy) -> Settings:
    """Only what the policy allows: other servers are as if they were not configured."""
    tools, team = settings.tools, settings.team
    servers = {name: server for name, server in tools.servers.items() if allows(policy.mcp_servers, name)}
    limit = team.allowed_tools if policy.tools is None else policy.tools
    return settings.model_copy(
        update={
            "tools": tools.model_copy(update={"servers": servers}),
            "team": team.model_copy(update={"allowed_tools": limit}),
        }
    )


async def list_states(link: TeamLink, workspace: str | None) -> tuple[BudgetState, ...]:
    """The budgets that count for this user in a workspace, as they stand. Raises as `TeamLink.ask`."""
    return await link.ask(lambda db: team.my_budgets(db, workspace_name(workspace)))


async def describe_team(link: TeamLink, workspace: str | None) -> dict[str, Any]:
    """`halley/team/status`: `{address, reachable, waiting, member, admin, groups, budgets, members}`, or `problem`
    instead of what only the database knows."""
    waiting = await link.spool.count()
    facts: dict[str, Any] = {"address": str(link.address), "waiting": waiting}
    try:
        standing = await link.standing()
        states = await list_states(link, workspace)
        members = await link.ask(team.list_members)
    except HalleyError as error:
        return facts | {"reachable": False, "problem": error.problem.to_json()}
    return facts | {
        "reachable": True,
        "member": standing.member,
        "admin": standing.is_admin,
        "groups": list(standing.groups),
        "budgets": [state.to_json() for state in states],
        "members": [member.to_json() for member in members],
    }
