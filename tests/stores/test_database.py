"""One SQLite file for several processes: no lost write, no lock error, nothing readable by others, no crash on damage."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sqlite3
from pathlib import Path

import pytest
from stores_help import assert_private, finished

from halley.core.errors import StoreFailed
from halley.stores.disk.paths import Paths
from halley.stores.sqlite import migrations
from halley.stores.sqlite.database import Database
from halley.stores.sqlite.opening import has_sound_wal, open_connection, write_turn


def add(value: str):
    return lambda db: db.execute("INSERT INTO chats VALUES (?, NULL, '', 0, 0, NULL)", (value,)) and value


def ids(db: sqlite3.Connection) -> list[str]:
    return [row[0] for row in db.execute("SELECT id FROM chats ORDER BY id")]


async def test_nothing_is_opened_before_it_is_needed(paths: Paths) -> None:
    database = Database(paths.database)
    assert not paths.data.exists()
    await database.aclose()
    assert not paths.data.exists()


async def test_it_and_its_journals_are_private_under_any_umask(paths: Paths) -> None:
    before = os.umask(0o022)
    try:
        database = Database(paths.database)
        seen: list[str] = []

        def write(db: sqlite3.Connection) -> None:
            add("a")(db)
            seen.extend(path.name for path in paths.data.iterdir())
            assert_private(paths.data)

        await database.run(write)
        await database.aclose()
        assert any(name.endswith(("-journal", "-wal")) for name in seen), "the journal was looked at"
        assert_private(paths.data)
    finally:
        os.umask(before)


async def test_an_old_file_that_others_could_read_is_closed(paths: Paths) -> None:
    paths.data.mkdir(mode=0o755)
    paths.database.touch(mode=0o644)
    database = Database(paths.database)
    await database.run(ids)
    await database.aclose()
    assert_private(paths.data)


async def test_a_job_that_raises_undoes_only_itself(database: Database) -> None:
    def broken(db: sqlite3.Connection) -> None:
        add("broken")(db)
        raise LookupError("mine")

    await database.run(ids)
    jobs = [database.run(add("a")), database.run(broken), database.run(add("b")), database.read(ids)]
    outcomes = await asyncio.gather(*jobs, return_exceptions=True)
    assert outcomes[0] == "a"
    assert isinstance(outcomes[1], LookupError)
    assert outcomes[3] == ["a", "b"]


async def test_jobs_that_wait_share_a_transaction(database: Database) -> None:
    commits: list[int] = []

    def count(db: sqlite3.Connection) -> None:
        db.set_trace_callback(lambda sql: commits.append(1) if sql.startswith("COMMIT") else None)

    await database.read(count)
    await asyncio.gather(*(database.run(add(f"{n:03}")) for n in range(200)))
    assert len(await database.read(ids)) == 200
    assert len(commits) < 50


async def test_a_deferred_write_comes_before_the_next_query(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("halley.stores.sqlite.database.DEFER_S", 3600.0)
    behind = database.run_later(add("a"))
    assert not behind.done()
    assert await database.read(ids) == ["a"]
    assert await behind == "a"


async def test_a_deferred_write_is_written_by_itself_and_at_the_end(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(paths.database)
    assert await database.run_later(add("a")) == "a"
    monkeypatch.setattr("halley.stores.sqlite.database.DEFER_S", 3600.0)
    last = database.run_later(add("b"))
    await database.aclose()
    assert await last == "b"


async def test_cancelling_the_waiter_does_not_undo_the_write(database: Database) -> None:
    task = asyncio.create_task(database.run(add("a")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await database.read(ids) == ["a"]


async def test_after_closing_it_says_so(paths: Paths) -> None:
    database = Database(paths.database)
    await database.run(add("a"))
    await database.aclose()
    with pytest.raises(StoreFailed, match="shutting down"):
        await database.run(ids)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"this is not a database at all" * 100,
        lambda data: data[:4096] + b"\xff" * (len(data) - 4096),
        lambda data: data[: len(data) // 2 + 100],
    ],
    ids=["another format", "overwritten pages", "cut short"],
)
async def test_a_damaged_file_is_set_aside_and_reported(paths: Paths, damage) -> None:
    first = Database(paths.database)
    for n in range(50):
        await first.run(add(f"{n} {'x' * 500}"))
    await first.aclose()
    paths.database.write_bytes(damage(paths.database.read_bytes()))

    database = Database(paths.database)
    assert await database.run(add("new")) == "new"
    assert await database.read(ids) == ["new"]
    assert database.problem is not None and "damaged" in database.problem.message
    assert [p for p in paths.data.iterdir() if ".damaged-" in p.name]
    assert_private(paths.data)
    await database.aclose()


async def test_damage_met_later_is_set_aside_too(paths: Paths) -> None:
    database = Database(paths.database)
    await database.run(add("old"))
    await database.wipe()  # nothing is left in the write-ahead file, which would mend it
    await database.aclose()
    database = Database(paths.database)
    await database.read(lambda db: db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    with paths.database.open("r+b") as file:
        file.write(b"\0" * paths.database.stat().st_size)
    assert await database.run(add("new")) == "new"
    assert await database.read(ids) == ["new"]
    assert database.problem is not None
    await database.aclose()


async def test_a_newer_schema_is_refused_and_left_alone(paths: Paths) -> None:
    open_connection(paths.database).close()
    other = sqlite3.connect(paths.database)
    other.execute("PRAGMA user_version = 99")
    other.close()
    before = paths.database.read_bytes()
    database = Database(paths.database)
    with pytest.raises(StoreFailed, match="newer Halley") as caught:
        await database.run(ids)
    assert "HALLEY_HOME" in caught.value.problem.help
    assert paths.database.read_bytes() == before
    await database.aclose()


async def test_a_folder_in_its_place_is_a_clear_error_each_time(paths: Paths) -> None:
    paths.database.mkdir(parents=True)
    database = Database(paths.database)
    for _ in range(2):
        with pytest.raises(StoreFailed):
            await database.run(ids)
    paths.database.rmdir()
    assert await database.run(ids) == []
    await database.aclose()


async def test_processes_that_start_together_take_each_step_once(paths: Paths, start) -> None:
    code = """
        from halley.stores.sqlite.database import Database
        database = Database(Path(args[0]))
        def count_and_add(db):  # first a read, then a write: what a plain BEGIN cannot do beside others
            count = db.execute("SELECT count(*) FROM chats").fetchone()[0]
            db.execute("INSERT INTO chats VALUES (?, NULL, '', 0, 0, ?)", (f"{args[1]}-{n}", str(count)))
        for n in range(100):
            await database.run(count_and_add)
        await database.aclose()
    """
    await finished(*(start(code, paths.database, name) for name in "abcd"))
    database = Database(paths.database)
    counted = await database.read(lambda db: [r[0] for r in db.execute("SELECT forked_from FROM chats")])
    assert sorted(map(int, counted)) == list(range(400)), "every read saw every write before it"
    await database.aclose()


def test_which_versions_need_turns() -> None:
    assert [v for v in [(3, 40, 1), (3, 51, 2), (3, 51, 3), (3, 53, 0)] if has_sound_wal(v)] == [
        (3, 51, 3),
        (3, 53, 0),
    ]


async def test_no_commit_waits_for_the_disk(database: Database) -> None:
    mode = await database.read(lambda db: db.execute("PRAGMA journal_mode").fetchone()[0])
    assert mode == "wal"
    assert await database.read(lambda db: db.execute("PRAGMA synchronous").fetchone()[0]) == 1


async def test_an_older_sqlite_writes_in_turns(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halley.stores.sqlite.opening.has_sound_wal", lambda version: False)
    monkeypatch.setattr("halley.stores.sqlite.opening.BUSY_TIMEOUT_S", 0.05)
    database = Database(paths.database)
    await database.run(add("a"))
    with write_turn(paths.database):
        assert await database.read(ids) == ["a"], "reading needs no turn"
        with pytest.raises(StoreFailed, match="write"):
            await database.run(add("b"))
        with pytest.raises(StoreFailed, match="write"):
            await database.wipe()
    await database.run(add("c"))
    assert await database.read(ids) == ["a", "c"]
    await database.aclose()


async def test_what_is_deleted_is_in_no_file(paths: Paths) -> None:
    database = Database(paths.database)
    await database.run(add("a"))
    await database.run(add("forget-me-please"))
    await database.run(lambda db: db.execute("DELETE FROM chats WHERE id LIKE 'forget%'") and None)
    assert any(b"forget-me-please" in p.read_bytes() for p in paths.data.iterdir()), "it would be seen"
    await database.wipe()
    assert not any(b"forget-me-please" in p.read_bytes() for p in paths.data.iterdir())
    await database.aclose()


RELEASED = [
    "5b7f7cb655d1365d",
    "10aeb8bfa774685a",
    "de385b3260606603",
    "1637a783ef78e350",
    "96805de8fe4d3133",
    "3614a2e39eb0c371",
    "642014436078083c",
    "5ad297ef6284726c",
    "a26d165e17916fcb",
    "67b9542f73af98a6",
    "b05a750b53a02d05",
]


def test_released_steps_of_the_schema_never_change() -> None:
    """Users' files have taken them. A new step is added to both lists."""
    digests = [hashlib.sha256("\n".join(step).encode()).hexdigest()[:16] for step in migrations.MIGRATIONS]
    assert digests == RELEASED


def test_a_step_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = ("CREATE TABLE half (a)", "CREATE TABLE half (a)")
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, bad))
    with pytest.raises(sqlite3.OperationalError):
        open_connection(tmp_path / "halley.db")
    db = sqlite3.connect(tmp_path / "halley.db")
    assert db.execute("PRAGMA user_version").fetchone()[0] == len(migrations.MIGRATIONS) - 1
    assert db.execute("SELECT 1 FROM sqlite_master WHERE name = 'half'").fetchone() is None
    db.close()
