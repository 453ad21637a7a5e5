"""Reading conversations out of SQL: a whole chat, or a page of summaries. Synchronous, in the database thread."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from halley.core.errors import Problem
from halley.core.events import Citation
from halley.core.models import Times, Usage
from halley.stores.chats.pieces import notes_of, said_in, tool_uses
from halley.stores.chats.rows import missing, position_of
from halley.stores.chats.search import excerpt, matching_texts
from halley.stores.chats.values import Chat, ChatSummary, Excerpt, Mark, Reply, StoredImage, Turn

if TYPE_CHECKING:
    import sqlite3


def read_chat(db: sqlite3.Connection, chat: str, through: str | None = None) -> Chat:
    """All of a chat, or only up to the turn `through`. Raises InvalidInput when there is none."""
    row = db.execute("SELECT * FROM chats WHERE id = ?", (chat,)).fetchone()
    if row is None:
        raise missing("chat", chat)
    last = position_of(db, chat, through) if through else 1 << 60
    parts = _parts_by_owner(db, chat)
    replies = _replies_by_turn(db, chat, parts)
    turns = db.execute(
        "SELECT t.*, x.text FROM turns t JOIN texts x ON x.id = t.prompt WHERE t.chat = ? AND t.position <= ? "
        "ORDER BY t.position",
        (chat, last),
    )
    marks = db.execute("SELECT * FROM marks WHERE chat = ? AND after_position <= ? ORDER BY id", (chat, last))
    return Chat(
        **{name: row[name] for name in ("id", "workspace", "title", "created", "updated", "forked_from")},
        turns=tuple(_turn(turn, parts.get(turn["id"], {}), replies.get(turn["id"], ())) for turn in turns),
        marks=tuple(Mark(m["after_position"], m["kind"], m["text"], m["created"]) for m in marks),
        tools=_switches(parts.get(chat, {}).get("tools", ())),
        agent=_switches(parts.get(chat, {}).get("agent", ())),
    )


def read_turn(db: sqlite3.Connection, chat: str, turn: str) -> Turn | None:
    """One turn with its replies; None where the chat has none of that ID."""
    row = db.execute(
        "SELECT t.*, x.text FROM turns t JOIN texts x ON x.id = t.prompt WHERE t.id = ? AND t.chat = ?",
        (turn, chat),
    ).fetchone()
    if row is None:
        return None
    rows = db.execute(
        "SELECT r.*, x.text FROM replies r JOIN texts x ON x.id = r.answer WHERE r.turn = ? ORDER BY r.position",
        (turn,),
    ).fetchall()
    owners = [turn, *(reply["id"] for reply in rows)]
    parts = _by_owner(
        db.execute(
            f"SELECT owner, kind, facts FROM parts WHERE owner IN ({', '.join('?' * len(owners))}) ORDER BY id",
            owners,
        )
    )
    return _turn(row, parts.get(turn, {}), [_reply(db, reply, parts.get(reply["id"], {})) for reply in rows])


def read_beginning(db: sqlite3.Connection, chat: str) -> tuple[str, str | None]:
    """A chat's title and its first prompt, None where it has no turn. Raises InvalidInput when there is no chat."""
    row = db.execute(
        "SELECT c.title, x.text FROM chats c LEFT JOIN turns t ON t.chat = c.id "
        "LEFT JOIN texts x ON x.id = t.prompt WHERE c.id = ? ORDER BY t.position LIMIT 1",
        (chat,),
    ).fetchone()
    if row is None:
        raise missing("chat", chat)
    return row["title"], row["text"]


def read_agent(db: sqlite3.Connection, chat: str) -> dict[str, Any]:
    """`Chat.agent` alone. Raises InvalidInput when there is no chat."""
    rows = db.execute(
        "SELECT p.facts FROM chats c LEFT JOIN parts p ON p.owner = c.id AND p.kind = 'agent' WHERE c.id = ? "
        "ORDER BY p.id",
        (chat,),
    ).fetchall()
    if not rows:
        raise missing("chat", chat)
    return _switches(json.loads(row["facts"]) for row in rows if row["facts"] is not None)


def _switches(changes: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The last word on each."""
    found: dict[str, Any] = {}
    for change in changes:
        found |= change
    return {key: value for key, value in found.items() if value is not None}


def _turn(row: sqlite3.Row, parts: dict[str, list[dict[str, Any]]], replies: Iterable[Reply]) -> Turn:
    return Turn(
        row["id"],
        row["chat"],
        row["position"],
        row["text"],
        row["created"],
        row["undone"] is not None,
        tuple(Excerpt(**facts) for facts in parts.get("excerpt", ())),
        tuple(StoredImage(**facts) for facts in parts.get("image", ())),
        next(iter(parts.get("details", ())), {}),
        tuple(replies),
    )


def _replies_by_turn(
    db: sqlite3.Connection, chat: str, parts: dict[str, dict[str, list[dict[str, Any]]]]
) -> dict[str, list[Reply]]:
    rows = db.execute(
        "SELECT r.*, x.text FROM replies r JOIN turns t ON t.id = r.turn JOIN texts x ON x.id = r.answer "
        "WHERE t.chat = ? ORDER BY r.turn, r.position",
        (chat,),
    ).fetchall()
    replies: dict[str, list[Reply]] = {}
    for row in rows:
        replies.setdefault(row["turn"], []).append(_reply(db, row, parts.get(row["id"], {})))
    return replies


def _reply(db: sqlite3.Connection, row: sqlite3.Row, parts: dict[str, list[dict[str, Any]]]) -> Reply:
    text, reasoning = row["text"], row["reasoning"]
    # While a reply grows its text is in pieces: writing the whole of it again with each would be quadratic.
    if row["status"] == "open":
        pieces = db.execute("SELECT kind, text FROM pieces WHERE reply = ? ORDER BY id", (row["id"],))
        text, reasoning = said_in(map(tuple, pieces), text, reasoning)
    facts = json.loads(row["usage"]) if row["usage"] else {}
    return Reply(
        row["id"],
        row["turn"],
        row["model"],
        row["status"],
        text,
        reasoning,
        citations=tuple(Citation(**facts) for facts in parts.get("citation", ())),
        images=tuple(StoredImage(**facts) for facts in parts.get("image", ())),
        notices=tuple(facts["text"] for facts in parts.get("notice", ())),
        tool_uses=tool_uses(parts),
        notes=notes_of(parts),
        usage=Usage(**facts["usage"]) if facts.get("usage") else None,
        times=Times(**facts["times"]) if facts.get("times") else None,
        problem=Problem(**json.loads(row["problem"])) if row["problem"] else None,
        chosen=row["chosen"] is not None,
        sent={key: value for part in parts.get("sent", []) for key, value in part.items()},
        created=row["created"],
        settled=row["settled"],
    )


def _parts_by_owner(db: sqlite3.Connection, chat: str) -> dict[str, dict[str, list[dict[str, Any]]]]:
    return _by_owner(db.execute("SELECT owner, kind, facts FROM parts WHERE chat = ? ORDER BY id", (chat,)))


def _by_owner(rows: Iterable[sqlite3.Row]) -> dict[str, dict[str, list[dict[str, Any]]]]:
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for row in rows:
        found.setdefault(row["owner"], {}).setdefault(row["kind"], []).append(json.loads(row["facts"]))
    return found


_SUMMARY = """
    SELECT c.id, c.workspace, c.title, c.created, c.updated,
        (SELECT count(*) FROM turns t WHERE t.chat = c.id AND t.undone IS NULL) AS turns,
        (SELECT substr(x.text, 1, 200) FROM turns t JOIN texts x ON x.id = t.prompt
            WHERE t.chat = c.id AND t.position = 0) AS first_prompt
    FROM chats c WHERE (? OR c.workspace IS ?) AND (c.updated, c.id) < (?, ?)
"""


MOST_QUERY = 1_000
"""Characters of what is looked for: SQLite refuses patterns that are much longer."""


def read_summaries(
    db: sqlite3.Connection,
    workspace: str | None,
    everywhere: bool,
    before: tuple[float, str] | None,
    limit: int,
    query: str,
    indexed: bool,
) -> list[ChatSummary]:
    """Newest first. With words to look for, only chats that hold all of them in one prompt, answer or title."""
    query = query[:MOST_QUERY]
    sql, values = _SUMMARY, [everywhere, workspace, *(before or (1e18, ""))]
    if query.split():
        texts, words = matching_texts(query, indexed)
        sql += f" AND (c.id IN (SELECT chat FROM texts WHERE id IN ({texts})) OR c.title LIKE ?)"
        values += [*words, f"%{query}%"]
    rows = db.execute(f"{sql} ORDER BY c.updated DESC, c.id DESC LIMIT ?", (*values, limit)).fetchall()
    return [_summary(row, _match(db, row["id"], query, indexed)) for row in rows]


def _match(db: sqlite3.Connection, chat: str, query: str, indexed: bool) -> str:
    if not query.split():
        return ""
    texts, words = matching_texts(query, indexed=False)
    row = db.execute(f"{texts} AND chat = ? ORDER BY id DESC LIMIT 1", (*words, chat)).fetchone()
    if row is None:
        return ""
    return excerpt(db.execute("SELECT text FROM texts WHERE id = ?", (row["id"],)).fetchone()["text"], query)


def _summary(row: sqlite3.Row, match: str) -> ChatSummary:
    first = (row["first_prompt"] or "").strip().split("\n")[0]
    title = row["title"] or (first if len(first) <= 60 else first[:59].rstrip() + "…")
    return ChatSummary(
        row["id"], row["workspace"], title, row["created"], row["updated"], row["turns"], match
    )


def read_chosen(db: sqlite3.Connection, since: float) -> dict[str, tuple[int, int]]:
    """model → (how often it answered beside others, how often it was chosen)."""
    rows = db.execute(
        "SELECT model, count(*), sum(chosen IS NOT NULL) FROM replies WHERE created >= ? AND turn IN "
        "(SELECT turn FROM replies GROUP BY turn HAVING count(DISTINCT model) > 1) GROUP BY model",
        (since,),
    )
    return {row[0]: (row[1], row[2]) for row in rows}
