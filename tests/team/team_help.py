"""A team in a database of its own, and members with homes of their own."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg import sql

from halley.core.calls import Call, Caller, Prompt, user
from halley.core.models import ModelRef, Usage
from halley.core.settings import Settings, TeamSettings
from halley.features.team import TeamLink
from halley.routing.clock import Clock
from halley.routing.spending import Spending
from halley.routing.team_spending import TeamSpending
from halley.stores.disk.paths import Paths, find_paths
from halley.stores.keys.store import SecretStore
from halley.stores.ledger.store import LedgerStore
from halley.stores.sqlite.database import Database
from halley.stores.team import server
from halley.stores.team.migrations import migrate
from halley.stores.team.policy import PolicyStore

MODEL = ModelRef("comet", "gpt-5-mini")


@dataclass
class Member:
    """One user's Halley: a home, a ledger, a link."""

    name: str
    url: str
    paths: Paths
    database: Database
    ledger: LedgerStore
    link: TeamLink

    @classmethod
    def at(cls, name: str, url: str, home: Path) -> Member:
        paths = find_paths({"HALLEY_HOME": str(home)})
        database = Database(paths.database)
        link = TeamLink(TeamSettings(url=url), database, SecretStore(paths, {}), PolicyStore(paths))
        return cls(name, url, paths, database, LedgerStore(database), link)

    async def spend(self, usd: float | None, **facts: Any) -> int:
        """One call that cost this much, in the local ledger."""
        await self.link.join()
        row = await self.ledger.open(a_call(self.url), MODEL)
        await self.ledger.settle(row, usage=Usage(100, 20, cost_usd=usd, cost_source="provider"), **facts)
        return row

    async def aclose(self) -> None:
        await self.link.aclose()
        await self.database.aclose()


@dataclass
class Team:
    uri: str
    """As the server's own superuser, to any database."""
    number: int
    members: list[Member] = field(default_factory=list)

    @classmethod
    def create(cls, uri: str, number: int, *, pgvector: bool = True) -> Team:
        team = cls(uri, number)
        with psycopg.connect(uri, autocommit=True) as db:
            for role in ("boss", "ann", "bob", "mallory"):
                db.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(team.role(role))))
            db.execute(sql.SQL("ALTER ROLE {} CREATEROLE").format(sql.Identifier(team.role("boss"))))
            if not db.execute("SELECT 1 FROM pg_roles WHERE rolname = 'halley_member'").fetchone():
                db.execute("CREATE ROLE halley_member NOLOGIN")
            db.execute(
                sql.SQL("GRANT halley_member TO {} WITH ADMIN OPTION").format(
                    sql.Identifier(team.role("boss"))
                )
            )
            db.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(team.name), sql.Identifier(team.role("boss"))
                )
            )
        if pgvector:
            team.add_pgvector()
        with team.connect("boss") as db:
            migrate(db)
            server.set_member(db, team.role("boss"), True, None)
        return team

    def add_pgvector(self) -> None:
        """Only the server's administrator may."""
        with psycopg.connect(self.uri, dbname=self.name, autocommit=True) as db:
            db.execute("CREATE EXTENSION vector")

    @property
    def name(self) -> str:
        return f"team{self.number}"

    @property
    def host(self) -> str:
        """The folder of its socket."""
        return parse_qs(urlsplit(self.uri).query)["host"][0]

    def role(self, name: str) -> str:
        """Roles belong to the whole server, so each team has names of its own."""
        return f"{name}{self.number}"

    def url(self, name: str, host: str = "") -> str:
        return f"postgresql://{self.role(name)}@{host}/{self.name}" + ("" if host else f"?host={self.host}")

    def connect(self, name: str) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url(name), autocommit=True)

    async def add(self, name: str, home: Path, *groups: str, url: str = "") -> Member:
        with self.connect("boss") as db:
            server.set_member(db, self.role(name), None, groups)
        member = Member.at(self.role(name), url or self.url(name), home)
        self.members.append(member)
        return member

    def count_calls(self, name: str, *calls: tuple[str, str, str, float, int]) -> None:
        """Calls that a member has made: model, workspace, feature, cost in US dollars, how many days ago."""
        with self.connect("boss") as db:
            server.set_member(db, self.role(name), None, None)
        now = datetime.now(UTC)
        rows = [
            {
                "id": str(uuid.uuid4()), "revision": 1, "started": (now - timedelta(days=days)).isoformat(),
                "workspace": workspace, "feature": feature, "role": "chat", "provider": "comet", "model": model,
                "status": "ok", "input_tokens": 1_000, "output_tokens": 100, "cost": cost, "cost_source": "provider",
            }
            for model, workspace, feature, cost, days in calls
        ]  # fmt: skip
        with self.connect(name) as db:
            server.put(db, rows, [])

    def limit(self, usd: float | None, scope: str = "team", subject: str = "", period: str = "month") -> None:
        with self.connect("boss") as db:
            server.set_budget(db, scope, subject, period, usd)

    def one(self, query: str, *values: Any) -> Any:
        """The first column of the first row, as the owner sees it."""
        with self.connect("boss") as db:
            row = db.execute(query.encode(), values).fetchone()
        return None if row is None else row[0]

    def wait_for_rows(self) -> None:
        """Until rows are put, or a moment has passed: the trigger may come too late to hear what was put before."""
        with self.connect("boss") as db:
            db.execute(
                "CREATE OR REPLACE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS "
                "'BEGIN NOTIFY rows; RETURN NULL; END'"
            )
            db.execute("CREATE OR REPLACE TRIGGER told AFTER INSERT ON halley.calls EXECUTE FUNCTION told()")
            db.execute("LISTEN rows")
            next(db.notifies(timeout=1, stop_after=1), None)

    async def aclose(self) -> None:
        for member in self.members:
            await member.aclose()

    def drop(self) -> None:
        with psycopg.connect(self.uri, autocommit=True) as db:
            db.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(self.name)))


def a_call(url: str | None = None, workspace: str | None = None, **team: Any) -> Call:
    settings = Settings(team=TeamSettings(url=url, **team))
    return Call(Prompt((user("CANARY-PROMPT"),)), (MODEL,), "chat", settings, Caller(workspace), role="chat")


def spending_of(member: Member, cost: float) -> TeamSpending:
    clock = Clock()
    own = Spending(member.ledger, clock)
    return TeamSpending(own, lambda _: member.link, lambda call, output: cost, member.ledger, clock)


async def make_call(member: Member, spending: TeamSpending, call: Call, cost: float) -> None:
    """As the router does: set aside, one ledger row, freed."""
    try:
        await spending.check(call)
        row = await member.ledger.open(call, MODEL)
        await member.ledger.settle(row, usage=Usage(10, 10, cost_usd=cost))
    finally:
        await spending.settle(call)
