"""Vectors of search by meaning that a team has in common: paid for once, and only by hash."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from index_help import MODEL, Developer, some_files, write
from team_help import Member, Team

from halley.features.search.cutting import cut_file
from halley.simulator import Simulator
from halley.stores.team import server, vectors
from halley.stores.team.migrations import migrate, steps

Begin = Callable[..., Awaitable[Developer]]

RELEASED = ["dd77e2ef51553c19", "a7ac6123ec3b76cf", "eb08ba900b2cad9e", "df6b8dcb5150c41b"]


def test_released_steps_of_the_teams_schema_never_change() -> None:
    """Databases of teams have taken them. A new step is added to both lists."""
    assert [hashlib.sha256(step.encode()).hexdigest()[:16] for step in steps()] == RELEASED


@pytest.fixture
async def begin(team: Team, simulator: Simulator, tmp_path: Path) -> AsyncIterator[Begin]:
    begun: list[Developer] = []

    async def make(name: str, files: dict[str, str], url: str = "", **more: Any) -> Developer:
        with team.connect("boss") as db:
            server.set_member(db, team.role(name), None, ())
        home = tmp_path / f"{name}{len(begun)}"
        begun.append(await Developer.begin(home, simulator, url or team.url(name), files, **more))
        return begun[-1]

    yield make
    for developer in begun:
        await developer.aclose()


def embeddings(simulator: Simulator) -> int:
    return sum(request.path.endswith("/embeddings") for request in simulator.requests)


async def test_what_a_colleague_has_embedded_costs_nothing(
    team: Team, begin: Begin, simulator: Simulator
) -> None:
    ann = await begin("ann", some_files(60))
    await ann.agree()
    status = await ann.embedded()
    paid, sent = await ann.paid(), embeddings(simulator)
    assert paid > 0 and sent
    await ann.index.embedder.stop()
    assert team.one("SELECT count(*) FROM halley.vectors") == status["chunks"]

    bob = await begin("bob", some_files(60))
    assert (await bob.embedded())["chunks"] == status["chunks"]
    assert await bob.paid() == 0 and embeddings(simulator) == sent
    assert not bob.answered()  # there was nothing to agree to
    assert "part5/work_33.py" in await bob.find("settles order 33")


async def test_only_what_the_team_lacks_is_paid_for_and_shared(
    team: Team, begin: Begin, simulator: Simulator
) -> None:
    ann = await begin("ann", some_files(20))
    await ann.agree()
    await ann.embedded()
    before = simulator.requests[:]
    bob = await begin("bob", some_files(20) | {"new.py": "def only_bobs(order):\n    return order\n"})
    status = await bob.when(lambda s: "estimate" in s)
    assert status["estimate"]["chunks"] == 1
    await bob.index.control("embed")
    await bob.embedded()
    new = [r.json["input"] for r in simulator.requests[len(before) :] if r.path.endswith("/embeddings")]
    assert len(new) == 1 and len(new[0]) == 1 and "only_bobs" in new[0][0]
    await bob.index.embedder.stop()
    assert team.one("SELECT count(*) FROM halley.vectors WHERE member = session_user") == 0
    assert team.one("SELECT count(*) FROM halley.vectors WHERE member = %s", team.role("bob")) == 1


async def test_vectors_from_before_the_team_are_shared_later(
    team: Team, begin: Begin, simulator: Simulator, tmp_path: Path
) -> None:
    alone = await begin("ann", some_files(10), shares=False)
    await alone.agree()
    status = await alone.embedded()
    await alone.aclose()
    assert team.one("SELECT count(*) FROM halley.vectors") == 0
    sent = embeddings(simulator)
    ann = await Developer.begin(tmp_path / "ann0", simulator, team.url("ann"), {})
    write(ann.root, {"more.py": "def more():\n    return 1\n"})
    ann.index.note_changed("more.py")
    await ann.when(lambda s: s.get("chunks", 0) > status["chunks"] and s["embedded"] == s["chunks"])
    await ann.aclose()
    assert team.one("SELECT count(*) FROM halley.vectors") == status["chunks"] + 1
    assert embeddings(simulator) == sent + 1


async def test_without_the_database_the_own_index_continues(
    team: Team, begin: Begin, simulator: Simulator
) -> None:
    gone = f"postgresql://{team.role('ann')}@127.0.0.1:1/{team.name}"
    ann = await begin("ann", some_files(10), url=gone)
    await ann.agree()
    assert (await ann.embedded()).get("problem") is None
    assert "part3/work_3.py" in await ann.find("settles order 3")


async def test_shared_vectors_of_another_length_do_not_replace_ones_own(
    team: Team, begin: Begin, simulator: Simulator, tmp_path: Path
) -> None:
    """A member who shares three numbers for each hash must not make others pay for their whole index a second time."""
    alone = await begin("ann", some_files(10), shares=False)
    await alone.agree()
    status = await alone.embedded()
    await alone.aclose()
    sent, more = embeddings(simulator), "def more():\n    return 1\n"
    digests = [row.digest for row in cut_file("more.py", more)]
    with team.connect("boss") as boss:
        wrong = {vectors.hash_of(MODEL, simulator.base_url, digest): unit(1, 2, 3) for digest in digests}
        vectors.share_vectors(boss, MODEL, wrong)
    ann = await Developer.begin(tmp_path / "ann0", simulator, team.url("ann"), {"more.py": more})
    ann.index.note_changed("more.py")
    await ann.when(lambda s: s.get("chunks", 0) > status["chunks"] and s["embedded"] == s["chunks"])
    assert await ann.index.store.dimensions(MODEL) == 256
    assert embeddings(simulator) == sent + 1
    await ann.aclose()
    assert team.one("SELECT sum(found)::int FROM halley.vector_use") >= 1  # they were offered


async def test_another_host_with_a_model_of_that_name_shares_nothing_with_it() -> None:
    digest = b"0" * 16
    known = {
        vectors.hash_of(model, host, digest)
        for model in ("a/embed", "b/embed")
        for host in ("https://one.example", "https://two.example")
    }
    assert len(known) == 4


# -- what a member with SQL of their own may do


@pytest.fixture
async def db(team: Team, ann: Member) -> AsyncIterator[psycopg.Connection[Any]]:
    with team.connect("ann") as connection:
        yield connection


def unit(*numbers: float) -> list[float]:
    return list(np.asarray(numbers) / np.linalg.norm(numbers))


KEY = vectors.hash_of("a/embed", "https://one.example", b"1" * 16)


async def test_a_vector_comes_back_as_it_was_shared(db: psycopg.Connection[Any]) -> None:
    mine = unit(3, -4, 0.5, 1e-3)
    assert vectors.share_vectors(db, "a/embed", {KEY: mine}) == 1
    assert vectors.share_vectors(db, "a/embed", {KEY: unit(1, 1, 1, 1)}) == 0  # the first one stays
    (found,) = vectors.find_vectors(db, [KEY, b"x" * 32]).values()
    assert found == pytest.approx(mine, abs=1e-3)  # half precision
    assert vectors.lacking(db, [KEY, b"x" * 32]) == {b"x" * 32}
    shown = vectors.describe_index(db)
    assert [(m.model, m.dimensions, m.pieces) for m in shown.models] == [("a/embed", 4, 1)]
    assert (shown.asked, shown.found) == (2, 1) and shown.size > 0


def kept_as(team: Team) -> str:
    return team.one(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'halley.vectors'::regclass "
        "AND attname = 'vector'"
    )


async def test_pgvector_keeps_them_where_the_server_has_it(team: Team) -> None:
    assert kept_as(team) == "halfvec"


async def test_without_pgvector_they_are_kept_too_and_move_once_it_is_there(postgres: Any) -> None:
    team = Team.create(postgres.get_uri(), 9_000, pgvector=False)
    try:
        with team.connect("boss") as boss:
            assert vectors.share_vectors(boss, "a/embed", {KEY: unit(1, 2, 3)}) == 1
            assert kept_as(team) == "real[]"
            team.add_pgvector()
            assert migrate(boss) == 0
            assert kept_as(team) == "halfvec"
            (found,) = vectors.find_vectors(boss, [KEY]).values()
            assert found == pytest.approx(unit(1, 2, 3), abs=1e-3)
    finally:
        team.drop()


@pytest.mark.parametrize(
    "found",
    [
        {KEY: [float("nan")] * 4},
        {KEY: [float("inf"), 0.0, 0.0, 0.0]},
        {KEY: [5.0, 0.0, 0.0, 0.0]},
        {b"short": [0.5, 0.5, 0.5, 0.5]},
        {KEY: [0.5, 0.5, 0.5]},
    ],
    ids=["nan", "infinite", "not of length 1", "not a hash", "another length"],
)
async def test_what_is_no_vector_is_refused(
    team: Team, db: psycopg.Connection[Any], found: dict[bytes, list[float]]
) -> None:
    vectors.share_vectors(db, "a/embed", {b"2" * 32: unit(1, 1, 1, 1)})
    with pytest.raises(psycopg.Error):
        vectors.share_vectors(db, "a/embed", found)
    assert team.one("SELECT count(*) FROM halley.vectors") == 1


@pytest.mark.parametrize(
    "attempt",
    [
        "SELECT * FROM halley.vectors",
        "SELECT count(*) FROM halley.vector_models",
        "SELECT * FROM halley.vector_use",
        "UPDATE halley.vectors SET hash = 'a'",
        "DELETE FROM halley.vectors",
        "INSERT INTO halley.vector_models (model, rules, dimensions) VALUES ('m', 1, 3)",
        "SELECT halley.clear_vectors(NULL, NULL)",
        "SELECT halley.use_halfvec()",
    ],
)
async def test_vectors_cannot_be_listed_or_changed(
    team: Team, db: psycopg.Connection[Any], attempt: str
) -> None:
    vectors.share_vectors(db, "a/embed", {KEY: unit(1, 1, 1, 1)})
    with pytest.raises(psycopg.Error) as refused:
        db.execute(attempt.encode())
    assert refused.value.sqlstate == "42501"
    assert team.one("SELECT count(*) FROM halley.vectors") == 1


async def test_a_removed_member_gets_no_vectors(team: Team, ann: Member, db: psycopg.Connection[Any]) -> None:
    vectors.share_vectors(db, "a/embed", {KEY: unit(1, 1, 1, 1)})
    with team.connect("boss") as boss:
        server.remove_member(boss, ann.name)
    for ask in (vectors.find_vectors, vectors.lacking):
        with pytest.raises(psycopg.Error) as refused:
            ask(db, [KEY])
        assert refused.value.sqlstate == "42501"


async def test_the_database_holds_no_text(team: Team, begin: Begin) -> None:
    ann = await begin("ann", {"canary_path.py": "def canary_name():\n    return 'canary text'\n"})
    await ann.agree()
    await ann.embedded()
    await ann.index.embedder.stop()
    for table in ("vectors", "vector_models", "vector_use"):
        assert "canary" not in (team.one(f"SELECT string_agg(t::text, '') FROM halley.{table} t") or "")
    assert team.one("SELECT count(*) FROM halley.vectors") > 0
