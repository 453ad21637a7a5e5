"""Writing conversations into SQL; synchronous, in the database thread. Reading is `reading.py`'s.

    chats     one row each                        turns     what was asked, by position in the chat
    texts     every prompt and every answer       replies   one model's answer to a turn
    pieces    what an open reply has said so far  parts     what stands beside a turn or a reply, as JSON
    marks     new starts

Turns and replies are only ever added; a rollback sets `undone`. A reply that is being written grows by `pieces`, which
are folded into its text when it is settled, so that a killed process loses no more than what it had not handed over.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from halley.core.errors import InvalidInput, Problem
from halley.core.models import Times, Usage
from halley.stores.chats.pieces import Part, Piece, join_tool_uses, reply_parts, said_in, turn_parts
from halley.stores.chats.search import drop_from_index, put_text
from halley.stores.chats.values import Chat, Reply, Turn
from halley.stores.sqlite.writers import settle_left_open, writer_id

if TYPE_CHECKING:
    import sqlite3

_encode = json.JSONEncoder(ensure_ascii=False).encode
"""As `json.dumps`, which makes an encoder for every call."""
MOST_ROWS = 300
"""In one statement: SQLite takes 999 values at least."""
KILLED = Problem(
    "interrupted",
    "Halley was killed during this reply.",
    "Continue resumes it.",
)


def new_id(kind: str) -> str:
    """Sorts by time of making: `t-0199f6…`."""
    return f"{kind}-{int(time.time() * 1000):012x}{secrets.token_hex(5)}"


def insert_chat(
    db: sqlite3.Connection,
    workspace: str | None,
    title: str = "",
    forked_from: str | None = None,
    chat: str = "",
) -> str:
    chat, now = chat or new_id("c"), time.time()
    db.execute("INSERT INTO chats VALUES (?, ?, ?, ?, ?, ?)", (chat, workspace, title, now, now, forked_from))
    return chat


def insert_turn(
    db: sqlite3.Connection,
    chat: str,
    prompt: str,
    parts: Iterable[Part],
    indexed: bool,
    created: float | None = None,
    turn: str = "",
) -> str:
    """Adds a turn at the end. Raises InvalidInput when there is no such chat."""
    if not touch(db, chat):
        raise missing("chat", chat)
    turn, now = turn or new_id("t"), created or time.time()
    text = insert_text(db, chat, prompt, indexed)
    db.execute(
        "INSERT INTO turns (id, chat, position, created, prompt) VALUES (?, ?, "
        "(SELECT coalesce(max(position), -1) + 1 FROM turns WHERE chat = ?), ?, ?)",
        (turn, chat, chat, now, text),
    )
    for kind, facts, blob in parts:
        insert_part(db, chat, turn, kind, facts, blob)
    return turn


def insert_reply(
    db: sqlite3.Connection,
    turn: str,
    model: str,
    created: float | None = None,
    reply: str = "",
    chat: str = "",
) -> str:
    """Opens a reply. Raises InvalidInput when there is no such turn; a caller that gives the turn's `chat` knows it."""
    reply, text = reply or new_id("r"), insert_text(db, chat or _chat_of_turn(db, turn), "", False)
    db.execute(
        "INSERT INTO replies (id, turn, position, model, status, writer, created, answer) VALUES (?, ?, "
        "(SELECT coalesce(max(position), -1) + 1 FROM replies WHERE turn = ?), ?, 'open', ?, ?, ?)",
        (reply, turn, turn, model, writer_id(db), created or time.time(), text),
    )
    return reply


def _chat_of_turn(db: sqlite3.Connection, turn: str) -> str:
    row = db.execute("SELECT chat FROM turns WHERE id = ?", (turn,)).fetchone()
    if row is None:
        raise missing("turn", turn)
    return row["chat"]


def insert_text(db: sqlite3.Connection, chat: str, text: str, indexed: bool) -> int:
    row = db.execute("INSERT INTO texts (chat, text) VALUES (?, ?)", (chat, text)).lastrowid
    assert row is not None
    if indexed and text:
        db.execute("INSERT INTO found (rowid, text) VALUES (?, ?)", (row, text))
    return row


def insert_part(
    db: sqlite3.Connection,
    chat: str,
    owner: str,
    kind: str,
    facts: Mapping[str, Any],
    blob: str | None = None,
) -> None:
    db.execute(
        "INSERT INTO parts (chat, owner, kind, facts, blob) VALUES (?, ?, ?, ?, ?)",
        (chat, owner, kind, _encode(facts), blob or None),
    )


def insert_pieces(db: sqlite3.Connection, pieces: Mapping[str, Iterable[Piece]]) -> None:
    """What replies said since the last time. Events for a reply that is gone are dropped."""
    said: list[tuple[str, str, str]] = []
    for reply, some in pieces.items():
        for kind, text in some:
            if kind != "part":
                said.append((reply, kind, text))
            elif chat := chat_of_reply(db, reply):
                part = json.loads(text)
                insert_part(db, chat, reply, part["kind"], part["facts"], part["facts"].get("blob"))
    for start in range(0, len(said), MOST_ROWS):
        _insert_said(db, said[start : start + MOST_ROWS])


def _insert_said(db: sqlite3.Connection, said: Sequence[tuple[str, str, str]]) -> None:
    """Many rows in one statement: this thread waits for the interpreter after each."""
    rows = ", ".join(["(?, ?, ?)"] * len(said))
    db.execute(
        f"WITH said (reply, kind, text) AS (VALUES {rows}) INSERT INTO pieces (reply, kind, text) "
        "SELECT reply, kind, text FROM said WHERE EXISTS (SELECT 1 FROM replies WHERE id = said.reply)",
        [value for row in said for value in row],
    )


def is_open(db: sqlite3.Connection, reply: str) -> bool:
    return (
        db.execute("SELECT 1 FROM replies WHERE id = ? AND status = 'open'", (reply,)).fetchone() is not None
    )


def settle_reply(
    db: sqlite3.Connection,
    reply: str,
    status: str,
    usage: Usage | None,
    times: Times | None,
    problem: Problem | None,
    indexed: bool,
) -> None:
    """Ends a reply and folds its pieces into its text."""
    facts = {"usage": asdict(usage) if usage else None, "times": asdict(times) if times else None}
    db.execute(
        "UPDATE replies SET status = ?, settled = ?, usage = ?, problem = ? WHERE id = ?",
        (status, time.time(), json.dumps(facts), json.dumps(asdict(problem)) if problem else None, reply),
    )
    if chat := fold(db, reply, indexed):
        touch(db, chat)


def note_reply(db: sqlite3.Connection, reply: str, sent: Mapping[str, Any] | None, model: str | None) -> None:
    """What was sent for a reply, or who gave it in the end. Nothing for a reply that is gone."""
    if sent is not None:
        db.execute(
            "INSERT INTO parts (chat, owner, kind, facts) SELECT t.chat, r.id, 'sent', ? FROM replies r "
            "JOIN turns t ON t.id = r.turn WHERE r.id = ?",
            (_encode(sent), reply),
        )
    if model is not None:
        db.execute("UPDATE replies SET model = ? WHERE id = ?", (model, reply))


def fold(db: sqlite3.Connection, reply: str, indexed: bool) -> str | None:
    """The reply's chat; None where the reply is gone."""
    row = db.execute(
        "SELECT r.answer, r.reasoning, t.text, t.chat FROM replies r JOIN texts t ON t.id = r.answer WHERE r.id = ?",
        (reply,),
    ).fetchone()
    if row is None:
        return None
    pieces = db.execute("SELECT kind, text FROM pieces WHERE reply = ? ORDER BY id", (reply,)).fetchall()
    text, reasoning = said_in(map(tuple, pieces), row["text"], row["reasoning"])
    if text != row["text"]:
        put_text(db, row["answer"], text, indexed, before=row["text"])
    if reasoning != row["reasoning"]:
        db.execute("UPDATE replies SET reasoning = ? WHERE id = ?", (reasoning, reply))
    for use in join_tool_uses(json.loads(p["text"]) for p in pieces if p["kind"] == "tool"):
        insert_part(db, row["chat"], reply, "tool", asdict(use))
    if pieces:
        db.execute("DELETE FROM pieces WHERE reply = ?", (reply,))
    return row["chat"]


def reopen_reply(db: sqlite3.Connection, reply: str) -> None:
    """Continue: what comes now is added to what is there."""
    changed = db.execute(
        "UPDATE replies SET status = 'open', writer = ?, problem = NULL, settled = NULL WHERE id = ? "
        "AND status != 'open'",
        (writer_id(db), reply),
    )
    if not changed.rowcount:
        raise InvalidInput("This reply cannot be continued.", "It was deleted, or is still being answered.")


def settle_killed(db: sqlite3.Connection, indexed: bool) -> None:
    """Replies that killed processes left open become interrupted, with the text that was saved."""
    open_before = [row["id"] for row in db.execute("SELECT id FROM replies WHERE status = 'open'")]
    if not settle_left_open(db, "replies", "interrupted"):
        return
    for reply in open_before:
        row = db.execute("SELECT status, created FROM replies WHERE id = ?", (reply,)).fetchone()
        if row["status"] == "interrupted":
            settle_reply(db, reply, "interrupted", None, None, KILLED, indexed)


def set_title(db: sqlite3.Connection, chat: str, title: str) -> None:
    require_chat(db, chat)
    db.execute("UPDATE chats SET title = ? WHERE id = ?", (title, chat))


def set_first_title(db: sqlite3.Connection, chat: str, title: str) -> None:
    """Leaves a title that was given in the meantime."""
    db.execute("UPDATE chats SET title = ? WHERE id = ? AND title = ''", (title, chat))


def delete_chat(db: sqlite3.Connection, chat: str, indexed: bool) -> list[str]:
    """Deletes it with all that belongs to it; returns the pictures that are no longer referenced."""
    if indexed:
        drop_from_index(db, "chat = ?", chat)
    blobs = [row["blob"] for row in db.execute(
        "SELECT DISTINCT blob FROM parts WHERE chat = ? AND blob IS NOT NULL", (chat,)
    )]  # fmt: skip
    # by hand and in this order, because a text may not go before what refers to it
    db.execute("DELETE FROM replies WHERE turn IN (SELECT id FROM turns WHERE chat = ?)", (chat,))
    db.execute("DELETE FROM turns WHERE chat = ?", (chat,))
    db.execute("DELETE FROM chats WHERE id = ?", (chat,))
    return [
        blob for blob in blobs if not db.execute("SELECT 1 FROM parts WHERE blob = ?", (blob,)).fetchone()
    ]


def rollback_to(db: sqlite3.Connection, chat: str, turn: str | None) -> int:
    """Takes back every turn after `turn` (None: all); returns how many that were."""
    require_chat(db, chat)
    last = position_of(db, chat, turn) if turn else -1
    return db.execute(
        "UPDATE turns SET undone = ? WHERE chat = ? AND position > ? AND undone IS NULL",
        (time.time(), chat, last),
    ).rowcount


def insert_mark(
    db: sqlite3.Connection, chat: str, kind: str, text: str, turn: str | None, created: float | None = None
) -> None:
    """A new start after `turn` (None: after the last one)."""
    require_chat(db, chat)
    if turn is not None:
        position = position_of(db, chat, turn)
    else:
        sql = "SELECT coalesce(max(position), -1) FROM turns WHERE chat = ?"
        position = db.execute(sql, (chat,)).fetchone()[0]
    db.execute(
        "INSERT INTO marks (chat, after_position, kind, text, created) VALUES (?, ?, ?, ?, ?)",
        (chat, position, kind, text, created or time.time()),
    )


def choose_reply(db: sqlite3.Connection, reply: str) -> str:
    """Keeps one reply of its turn for the conversation; returns the chat."""
    chat = chat_of_reply(db, reply)
    if chat is None:
        raise missing("reply", reply)
    db.execute(
        "UPDATE replies SET chosen = CASE WHEN id = ? THEN ? END WHERE turn = (SELECT turn FROM replies WHERE id = ?)",
        (reply, time.time(), reply),
    )
    return chat


def insert_copy(
    db: sqlite3.Connection, chat: Chat, workspace: str | None, forked_from: str | None, indexed: bool
) -> str:
    """A whole chat again, under new ids (fork, import)."""
    copy = insert_chat(db, workspace, chat.title, forked_from)
    turns = [_insert_turn_copy(db, copy, turn, indexed) for turn in chat.turns]
    if chat.tools:
        insert_part(db, copy, copy, "tools", chat.tools)
    if chat.agent:
        insert_part(db, copy, copy, "agent", chat.agent)
    positions = {turn.position: new for turn, new in zip(chat.turns, turns, strict=True)}
    for mark in chat.marks:
        before = [new for position, new in positions.items() if position <= mark.after_position]
        if before:
            insert_mark(db, copy, mark.kind, mark.text, before[-1], mark.created)
    return copy


def _insert_turn_copy(db: sqlite3.Connection, chat: str, turn: Turn, indexed: bool) -> str:
    parts = turn_parts(turn.excerpts, turn.images, turn.details)
    new = insert_turn(db, chat, turn.prompt, parts, indexed, turn.created)
    if turn.undone:
        db.execute("UPDATE turns SET undone = ? WHERE id = ?", (time.time(), new))
    for reply in turn.replies:
        _insert_reply_copy(db, chat, new, reply, indexed)
    return new


def _insert_reply_copy(db: sqlite3.Connection, chat: str, turn: str, reply: Reply, indexed: bool) -> None:
    new = insert_reply(db, turn, reply.model, reply.created)
    said = [("text", reply.text), ("reasoning", reply.reasoning)]
    db.executemany(
        "INSERT INTO pieces (reply, kind, text) VALUES (?, ?, ?)", [(new, *piece) for piece in said]
    )
    for kind, facts, blob in reply_parts(reply):
        insert_part(db, chat, new, kind, facts, blob)
    status = "interrupted" if reply.status == "open" else reply.status
    settle_reply(db, new, status, reply.usage, reply.times, reply.problem, indexed)
    if reply.chosen:
        db.execute("UPDATE replies SET chosen = ? WHERE id = ?", (time.time(), new))


def touch(db: sqlite3.Connection, chat: str) -> bool:
    """Whether there is such a chat."""
    return bool(db.execute("UPDATE chats SET updated = ? WHERE id = ?", (time.time(), chat)).rowcount)


def require_chat(db: sqlite3.Connection, chat: str) -> None:
    if db.execute("SELECT 1 FROM chats WHERE id = ?", (chat,)).fetchone() is None:
        raise missing("chat", chat)


def position_of(db: sqlite3.Connection, chat: str, turn: str) -> int:
    row = db.execute("SELECT position FROM turns WHERE chat = ? AND id = ?", (chat, turn)).fetchone()
    if row is None:
        raise missing("turn", turn)
    return row["position"]


def chat_of_reply(db: sqlite3.Connection, reply: str) -> str | None:
    sql = "SELECT t.chat FROM replies r JOIN turns t ON t.id = r.turn WHERE r.id = ?"
    row = db.execute(sql, (reply,)).fetchone()
    return row["chat"] if row else None


def missing(kind: str, id: str) -> InvalidInput:
    return InvalidInput(f"There is no {kind} '{id}'.", "It may have been deleted; list the chats again.")
