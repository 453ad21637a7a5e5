"""Who writes in the database: the table of processes, and what a killed one left open.

The ledger's rows and the chats' replies name their writer while they are open. An open row whose writer no longer runs
will never be settled by anyone else, so the next process does it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from halley.stores.sqlite.processes import ProcessId, is_alive, this_process

if TYPE_CHECKING:
    import sqlite3

UNSEEN_S = 7 * 24 * 3600
"""After this time a writer on another machine is taken for gone."""


def writer_id(db: sqlite3.Connection) -> int:
    """This process's row, made on first use."""
    me = this_process()
    key = (me.place, me.pid, me.started)
    find = "SELECT id FROM writers WHERE place = ? AND pid = ? AND started = ?"
    row = db.execute(find, key).fetchone()
    if row is None:
        db.execute("INSERT INTO writers (place, pid, started) VALUES (?, ?, ?)", key)
        row = db.execute(find, key).fetchone()
    return row[0]


def settle_left_open(db: sqlite3.Connection, table: Literal["calls", "replies"], status: str) -> int:
    """Gives open rows of dead writers that status; returns how many there were."""
    began = "started" if table == "calls" else "created"
    open_writers = db.execute(
        f"SELECT w.id, w.place, w.pid, w.started, max(r.{began}) AS latest FROM {table} r "
        "JOIN writers w ON w.id = r.writer WHERE r.status = 'open' GROUP BY w.id"
    ).fetchall()
    gone = [(status, row["id"]) for row in open_writers if is_gone(row)]
    if not gone:
        return 0
    return db.executemany(
        f"UPDATE {table} SET status = ? WHERE status = 'open' AND writer = ?", gone
    ).rowcount


def is_gone(row: sqlite3.Row) -> bool:
    """Whether the process of a row (place, pid, started, and when it wrote latest) runs no more."""
    alive = is_alive(ProcessId(row["place"], row["pid"], row["started"]))
    # Its process cannot be looked at from here. Settling too early would end a reply that another machine is writing.
    if alive is None:
        return time.time() - row["latest"] > UNSEEN_S
    return not alive
