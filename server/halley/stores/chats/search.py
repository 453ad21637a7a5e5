"""Finding words in chats: an FTS5 index over `texts` where this SQLite has one, a scan where it has not.

The index is cut into three-letter pieces, so that it finds parts of identifiers and languages written without spaces;
words shorter than that are looked for in what the others leave. It holds nothing that `texts` does not, and is made
again when it is missing or damaged.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

AROUND = 60
"""Characters shown on each side of a match."""
MOST_WORDS = 50
"""More is a pasted text: its first words find it, and SQLite joins no more than 1,000 conditions."""


def ensure_index(db: sqlite3.Connection) -> bool:
    """Makes the index where it can be, and catches up on texts that are not in it yet. False: there is none."""
    import sqlite3

    if not has_index(db):
        try:
            db.execute(
                "CREATE VIRTUAL TABLE found USING fts5 (text, content='texts', content_rowid='id', tokenize='trigram')"
            )
        except sqlite3.OperationalError:  # built without FTS5, or older than its trigrams (3.34)
            return False
        if sqlite3.sqlite_version_info >= (3, 42):
            db.execute("INSERT INTO found (found, rank) VALUES ('secure-delete', 1)")
    db.execute(
        "INSERT INTO found (rowid, text) SELECT id, text FROM texts "
        "WHERE text != '' AND id NOT IN (SELECT id FROM found_docsize)"
    )
    return True


def has_index(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT 1 FROM sqlite_master WHERE name = 'found'").fetchone() is not None


def rebuild_index(db: sqlite3.Connection) -> None:
    db.execute("DROP TABLE IF EXISTS found")
    ensure_index(db)


def put_text(db: sqlite3.Connection, text_id: int, text: str, indexed: bool, before: str) -> None:
    """Replaces a text, which was `before`, in the index too."""
    if indexed and before:  # an empty one is never in it
        drop_from_index(db, "id = ?", text_id)
    db.execute("UPDATE texts SET text = ? WHERE id = ?", (text, text_id))
    if indexed and text:
        db.execute("INSERT INTO found (rowid, text) VALUES (?, ?)", (text_id, text))


def drop_from_index(db: sqlite3.Connection, where: str, value: object) -> None:
    """Takes texts out of the index. SQLite needs the indexed text for that, so this comes before the change."""
    db.execute(
        "INSERT INTO found (found, rowid, text) SELECT 'delete', id, text FROM texts "
        f"WHERE {where} AND id IN (SELECT id FROM found_docsize)",
        (value,),
    )


def matching_texts(query: str, indexed: bool) -> tuple[str, list[str]]:
    """(SQL that selects the ids of texts holding every word, its parameters)."""
    words = _words(query)
    long = [word for word in words if len(word) >= 3] if indexed else []
    conditions: list[str] = []
    parameters: list[str] = []
    if long:
        conditions.append("id IN (SELECT rowid FROM found WHERE found MATCH ?)")
        parameters.append(" ".join(_quoted(word) for word in long))
    for word in words:
        if word not in long:
            conditions.append("text LIKE ? ESCAPE '\\'")
            parameters.append(f"%{_escaped(word)}%")
    return f"SELECT id FROM texts WHERE {' AND '.join(conditions or ['0'])}", parameters


def _words(query: str) -> list[str]:
    return list(dict.fromkeys(query.split()))[:MOST_WORDS]


def _quoted(word: str) -> str:
    """As a phrase: nothing in it is an operator."""
    return '"' + word.replace('"', '""') + '"'


def _escaped(word: str) -> str:
    return re.sub(r"([%_\\])", r"\\\1", word)


def excerpt(text: str, query: str) -> str:
    """The surroundings of the first word that occurs, on one line."""
    lowered = text.lower()
    found = [place for word in _words(query.lower()) if (place := lowered.find(word)) >= 0]
    if not found:
        return ""
    begin, end = max(0, min(found) - AROUND), min(found) + AROUND
    line = " ".join(text[begin:end].split())
    return f"{'…' if begin else ''}{line}{'…' if end < len(text) else ''}"
