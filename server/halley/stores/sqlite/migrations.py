"""The schema of `halley.db`, as the list of steps that lead to it; other files bring lists of their own.

Append-only: a step that was released is never changed or removed, because users' files have already taken it.
`PRAGMA user_version` counts the steps a file has taken. Each step runs in a transaction of its own, inside which the
count is read again, so that two processes starting together take each step once.

The stores that own the tables document them: `stores/ledger/store.py`, `stores/chats/store.py` and `stores/media.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from halley.core.errors import StoreFailed

if TYPE_CHECKING:
    import sqlite3

LEDGER = (
    """CREATE TABLE writers (
        id INTEGER PRIMARY KEY,
        place TEXT NOT NULL,
        pid INTEGER NOT NULL,
        started TEXT NOT NULL,
        UNIQUE (place, pid, started)
    )""",
    """CREATE TABLE calls (
        id INTEGER PRIMARY KEY,
        started REAL NOT NULL,
        day TEXT NOT NULL,
        status TEXT NOT NULL,
        writer INTEGER REFERENCES writers (id),
        feature TEXT NOT NULL,
        role TEXT NOT NULL,
        workspace TEXT,
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        parent INTEGER,
        input_tokens INTEGER,
        output_tokens INTEGER,
        cached_tokens INTEGER,
        reasoning_tokens INTEGER,
        tokens_estimated INTEGER,
        cost REAL,
        currency TEXT,
        cost_source TEXT,
        first_byte_ms REAL,
        first_token_ms REAL,
        total_ms REAL,
        tokens_per_s REAL,
        problem TEXT,
        http_status INTEGER,
        request_id TEXT
    )""",
    "CREATE INDEX calls_by_start ON calls (started)",
    "CREATE INDEX calls_open ON calls (writer) WHERE status = 'open'",
    "CREATE INDEX calls_parent ON calls (parent) WHERE parent IS NOT NULL",
    "CREATE INDEX calls_cost ON calls (started, currency, cost) WHERE cost IS NOT NULL",
    """CREATE TABLE completions (
        day TEXT NOT NULL,
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        language TEXT NOT NULL,
        shown INTEGER NOT NULL DEFAULT 0,
        accepted INTEGER NOT NULL DEFAULT 0,
        accepted_characters INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (day, provider, model, language)
    ) WITHOUT ROWID""",
)

CHATS = (
    """CREATE TABLE chats (
        id TEXT PRIMARY KEY,
        workspace TEXT,
        title TEXT NOT NULL,
        created REAL NOT NULL,
        updated REAL NOT NULL,
        forked_from TEXT
    ) WITHOUT ROWID""",
    "CREATE INDEX chats_by_update ON chats (workspace, updated)",
    """CREATE TABLE texts (
        id INTEGER PRIMARY KEY,
        chat TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
        text TEXT NOT NULL
    )""",
    "CREATE INDEX texts_of_chat ON texts (chat)",
    """CREATE TABLE turns (
        id TEXT PRIMARY KEY,
        chat TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        created REAL NOT NULL,
        prompt INTEGER NOT NULL REFERENCES texts (id),
        undone REAL,
        UNIQUE (chat, position)
    ) WITHOUT ROWID""",
    """CREATE TABLE replies (
        id TEXT PRIMARY KEY,
        turn TEXT NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        model TEXT NOT NULL,
        status TEXT NOT NULL,
        writer INTEGER REFERENCES writers (id),
        created REAL NOT NULL,
        settled REAL,
        answer INTEGER NOT NULL REFERENCES texts (id),
        reasoning TEXT NOT NULL DEFAULT '',
        chosen REAL,
        usage TEXT,
        problem TEXT,
        UNIQUE (turn, position)
    ) WITHOUT ROWID""",
    "CREATE INDEX replies_open ON replies (writer) WHERE status = 'open'",
    """CREATE TABLE pieces (
        id INTEGER PRIMARY KEY,
        reply TEXT NOT NULL REFERENCES replies (id) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        text TEXT NOT NULL
    )""",
    "CREATE INDEX pieces_of_reply ON pieces (reply)",
    """CREATE TABLE parts (
        id INTEGER PRIMARY KEY,
        chat TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
        owner TEXT NOT NULL,
        kind TEXT NOT NULL,
        facts TEXT NOT NULL,
        blob TEXT
    )""",
    "CREATE INDEX parts_of_owner ON parts (owner)",
    "CREATE INDEX parts_of_chat ON parts (chat)",
    "CREATE INDEX parts_with_blob ON parts (blob) WHERE blob IS NOT NULL",
    """CREATE TABLE marks (
        id INTEGER PRIMARY KEY,
        chat TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
        after_position INTEGER NOT NULL,
        kind TEXT NOT NULL,
        text TEXT NOT NULL,
        created REAL NOT NULL
    )""",
    "CREATE INDEX marks_of_chat ON marks (chat)",
)

SPENDING = (
    "CREATE TABLE spending (day TEXT, currency TEXT, amount REAL NOT NULL, PRIMARY KEY (day, currency)) WITHOUT ROWID",
    """CREATE TRIGGER calls_cost_known AFTER UPDATE OF cost ON calls WHEN new.cost IS NOT NULL BEGIN
        INSERT INTO spending VALUES (new.day, coalesce(new.currency, 'USD'), new.cost - coalesce(old.cost, 0))
        ON CONFLICT DO UPDATE SET amount = amount + excluded.amount;
    END""",
    """INSERT INTO spending SELECT day, coalesce(currency, 'USD'), sum(cost) FROM calls
        WHERE cost IS NOT NULL GROUP BY 1, 2""",
)

PARTLY = ("ALTER TABLE completions ADD COLUMN partly_accepted INTEGER NOT NULL DEFAULT 0",)

MEDIA = (
    """CREATE TABLE media (
        id TEXT PRIMARY KEY,
        workspace TEXT,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        writer INTEGER REFERENCES writers (id),
        created REAL NOT NULL,
        updated REAL NOT NULL,
        asked TEXT NOT NULL,
        model TEXT,
        origin TEXT,
        job TEXT,
        progress REAL,
        expires REAL,
        text TEXT,
        usage TEXT,
        problem TEXT,
        facts TEXT NOT NULL DEFAULT '{}'
    ) WITHOUT ROWID""",
    "CREATE INDEX media_by_creation ON media (workspace, created)",
    "CREATE INDEX media_open ON media (writer) WHERE state IN ('queued', 'running')",
    """CREATE TABLE media_results (
        task TEXT NOT NULL REFERENCES media (id) ON DELETE CASCADE,
        variant INTEGER NOT NULL,
        blob TEXT NOT NULL,
        mime TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        facts TEXT NOT NULL DEFAULT '{}',
        PRIMARY KEY (task, variant)
    ) WITHOUT ROWID""",
    "CREATE INDEX media_results_by_blob ON media_results (blob)",
)

SAVED = (
    "ALTER TABLE calls ADD COLUMN written_tokens INTEGER",
    "ALTER TABLE calls ADD COLUMN saved REAL",
)

TEAM = (
    "CREATE TABLE installation (id TEXT NOT NULL)",
    "INSERT INTO installation SELECT lower(hex(randomblob(16)))",
    "CREATE TABLE team (joined INTEGER NOT NULL)",
    "CREATE TABLE team_spool (seq INTEGER PRIMARY KEY AUTOINCREMENT, call INTEGER NOT NULL UNIQUE)",
    "CREATE TABLE team_releases (id TEXT PRIMARY KEY) WITHOUT ROWID",
    *(
        f"""CREATE TRIGGER calls_{event}_for_team AFTER {event} ON calls
        WHEN new.status <> 'open' AND EXISTS (SELECT 1 FROM team) BEGIN
        DELETE FROM team_spool WHERE call = new.id;
        INSERT INTO team_spool (call) VALUES (new.id);
    END"""
        for event in ("insert", "update")
    ),
)
"""`team` has a row while this user is in one; then every settled row gets a mark in `team_spool`, a new one each time
it changes, so that the marks' numbers only grow (`stores/team/spool.py`)."""

CHECKPOINTS = (
    """CREATE TABLE checkpoints (
        id TEXT NOT NULL UNIQUE,
        chat TEXT NOT NULL,
        turn TEXT NOT NULL,
        label TEXT NOT NULL,
        created REAL NOT NULL
    )""",
    "CREATE INDEX checkpoints_of_chat ON checkpoints (chat)",
    """CREATE TABLE checkpoint_files (
        checkpoint TEXT NOT NULL,
        path TEXT NOT NULL,
        before TEXT,
        after TEXT,
        size INTEGER NOT NULL,
        PRIMARY KEY (checkpoint, path)
    ) WITHOUT ROWID""",
    "CREATE INDEX checkpoint_files_before ON checkpoint_files (before)",
    "CREATE INDEX checkpoint_files_after ON checkpoint_files (after)",
)

NEXT_EDITS = (
    """CREATE TABLE next_edits (
        day TEXT, provider TEXT, model TEXT, language TEXT,
        shown INTEGER NOT NULL DEFAULT 0,
        accepted INTEGER NOT NULL DEFAULT 0,
        rejected INTEGER NOT NULL DEFAULT 0,
        ignored INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (day, provider, model, language)
    ) WITHOUT ROWID""",
)

CHECKPOINT_STEPS = (
    """CREATE TABLE checkpoint_steps (
        checkpoint TEXT NOT NULL,
        path TEXT NOT NULL,
        step INTEGER NOT NULL,
        before TEXT,
        after TEXT,
        size INTEGER NOT NULL,
        PRIMARY KEY (checkpoint, path, step)
    ) WITHOUT ROWID""",
    "INSERT INTO checkpoint_steps SELECT checkpoint, path, 0, before, after, size FROM checkpoint_files",
    "DROP TABLE checkpoint_files",
    "CREATE INDEX checkpoint_steps_before ON checkpoint_steps (before)",
    "CREATE INDEX checkpoint_steps_after ON checkpoint_steps (after)",
)
"""A file may have several steps in one turn: what the user typed between two edits is not taken back with them."""

LOGGED = ("CREATE TABLE logged_calls (id TEXT PRIMARY KEY) WITHOUT ROWID",)

Steps = tuple[tuple[str, ...], ...]

MIGRATIONS: Steps = (
    LEDGER,
    CHATS,
    SPENDING,
    PARTLY,
    MEDIA,
    SAVED,
    TEAM,
    CHECKPOINTS,
    NEXT_EDITS,
    CHECKPOINT_STEPS,
    LOGGED,
)
"""In the order they were released."""


def migrate(connection: sqlite3.Connection, path: Path, steps: Steps = MIGRATIONS) -> None:
    """Takes the steps that are missing. Raises StoreFailed when the file knows more steps than we do."""
    while (taken := _version(connection)) != len(steps):
        if taken > len(steps):
            raise StoreFailed(
                f"{path} was written by a newer Halley (schema {taken}; this one knows {len(steps)}).",
                "Update this Halley, or give it a folder of its own with HALLEY_HOME.",
            )
        _take_next(connection, steps)


def _take_next(connection: sqlite3.Connection, steps: Steps) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        taken = _version(connection)  # again, now that no other process can take one
        if taken < len(steps):
            for statement in steps[taken]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {taken + 1}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    return connection.execute("PRAGMA user_version").fetchone()[0]
