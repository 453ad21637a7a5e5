"""Conversations on disk: `ChatStore`.

    chat ── turn ── reply       a turn is what the user said; each model asked gives one reply
      └ mark    └ part └ part   excerpts, pictures, citations, tool calls stand beside; a mark is a new start

A chat belongs to a workspace. Turns and replies are added, never changed: a rollback marks turns as undone, a fork
copies, a `/clear` sets a mark. A streamed reply is handed over by `append`, which only puts it in memory and makes sure
that it is on disk within `FLUSH_S`; `settle` ends it. What a killed process left open is found at the next start and
kept as interrupted. Several processes may use one store.

The values are in `values.py`, the SQL in `rows.py`, `reading.py` and `search.py`, pictures in `stores/sqlite/blobs.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from halley.core.calls import ImagePart
from halley.core.errors import InvalidInput, Problem, StoreFailed
from halley.core.events import Event
from halley.core.models import ModelRef, Times, Usage
from halley.stores.chats import reading as chat_reading
from halley.stores.chats import rows as chat_rows
from halley.stores.chats.pieces import Piece, pieces_of, said_in, turn_parts
from halley.stores.chats.search import ensure_index, has_index, rebuild_index
from halley.stores.chats.values import BegunTurn, Chat, ChatSummary, Excerpt, StoredImage, Turn
from halley.stores.sqlite.blobs import delete_blob, load_blob, save_blob
from halley.stores.sqlite.database import Database

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")
_Write = Callable[["sqlite3.Connection", bool], T]
"""What is done in a transaction, given the connection and whether there is a search index."""

FLUSH_S = 0.15
"""A delta waits in memory for no longer than this; with the write itself it stays under a quarter of a second."""
LAST = 1 << 40
"""The position of a turn that has not got its own yet: after all others."""
RETRY_S = 1.0
"""Pause before trying again when the disk refused."""


class ChatStore:
    """Methods raise InvalidInput for a chat, turn or reply that is not there, and StoreFailed for the disk."""

    def __init__(self, database: Database, blobs: Path | None = None) -> None:
        self._database = database
        self._blobs = blobs or database.path.parent / "blobs"
        self._prepared = False
        self._indexed_in: sqlite3.Connection | None = None
        """The connection that is known to have the index; used in the database thread."""
        self._buffer: dict[str, list[Event]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[None] | None = None
        self._settling: set[asyncio.Task[Any]] = set()
        self._catching_up = asyncio.Lock()
        self._unwritten: list[_Write[Any]] = []
        """Turns, and ends of replies, that the disk refused; tried again in this order, before anything else."""

    # Chats

    async def create(self, workspace: str | None, title: str = "", *, chat: str = "") -> str:
        """The new chat's id: `chat`, where one was made before (`new_chat_id`)."""
        return await self._write(lambda db, _: chat_rows.insert_chat(db, workspace, title, chat=chat))

    @staticmethod
    def new_chat_id() -> str:
        """For `create`, where the ID must be known before the chat is stored."""
        return chat_rows.new_id("c")

    async def list(
        self,
        workspace: str | None = None,
        *,
        query: str = "",
        limit: int = 50,
        before: ChatSummary | None = None,
        everywhere: bool = False,
    ) -> list[ChatSummary]:
        """A page of the workspace's chats, newest first, from the one after `before` on.

        With a query, those in which one prompt, answer or title holds all its words. `everywhere`: of all workspaces.
        """
        after = (before.updated, before.id) if before else None
        await self._ready()

        def read(db: sqlite3.Connection) -> list[ChatSummary]:
            indexed = has_index(db)
            return chat_reading.read_summaries(db, workspace, everywhere, after, limit, query, indexed)

        return await self._with_sound_index(lambda: self._database.read(read))

    async def get(self, chat: str) -> Chat:
        """All of it. An open reply holds what it has said so far."""
        await self._ready()
        found = await self._database.read(lambda db: chat_reading.read_chat(db, chat))
        return self._with_buffered(found) if self._buffer else found

    async def get_turn(self, chat: str, turn: str) -> Turn | None:
        """As in `get`, also one that was taken back; None where the chat has no such turn, or is gone."""
        await self._ready()
        found = await self._database.read(lambda db: chat_reading.read_turn(db, chat, turn))
        return self._turn_with_buffered(found) if found and self._buffer else found

    async def beginning(self, chat: str) -> tuple[str, str | None]:
        """Its title and its first prompt, which is None where it has no turn."""
        await self._ready()
        return await self._database.read(lambda db: chat_reading.read_beginning(db, chat))

    async def agent(self, chat: str) -> dict[str, Any]:
        """`Chat.agent`, without reading the rest of it."""
        await self._ready()
        return await self._database.read(lambda db: chat_reading.read_agent(db, chat))

    async def give_title(self, chat: str, title: str) -> None:
        """As `rename`, for a chat that has no title; one that was named in the meantime keeps its name."""
        await self._write(lambda db, _: chat_rows.set_first_title(db, chat, title))

    async def rename(self, chat: str, title: str) -> None:
        await self._write(lambda db, _: chat_rows.set_title(db, chat, title))

    async def delete(self, chat: str) -> None:
        """Also its pictures, unless another chat has them too. It may already be gone."""
        for blob in await self._write(lambda db, indexed: chat_rows.delete_chat(db, chat, indexed)):
            delete_blob(self._blobs, blob)
        # Deleted pages live on in the write-ahead file until a checkpoint, and deleted means gone.
        await self._database.wipe()

    async def fork(self, chat: str, turn: str | None = None) -> str:
        """A copy up to and including `turn` (None: all of it) as a chat of its own; returns its id."""

        def copy(db: sqlite3.Connection, indexed: bool) -> str:
            original = chat_reading.read_chat(db, chat, through=turn)
            return chat_rows.insert_copy(db, original, original.workspace, chat, indexed)

        return await self._write(copy)

    async def add_chat(self, chat: Chat, workspace: str | None) -> str:
        """Stores a chat that came from elsewhere (import) under new ids; returns its id."""
        return await self._write(
            lambda db, indexed: chat_rows.insert_copy(db, chat, workspace, None, indexed)
        )

    async def rollback(self, chat: str, turn: str | None) -> int:
        """Takes back every turn after `turn` (None: all of them); returns how many."""
        return await self._write(lambda db, _: chat_rows.rollback_to(db, chat, turn))

    async def mark(
        self, chat: str, kind: Literal["clear", "compact"], text: str = "", after: str | None = None
    ) -> None:
        """A new start after the turn `after` (None: the last); `text` stands for what was before it."""
        await self._write(lambda db, _: chat_rows.insert_mark(db, chat, kind, text, after))

    async def switch_tools(self, chat: str, changes: Mapping[str, bool | None]) -> None:
        """Switches tools for this chat only; None forgets what was set."""

        def write(db: sqlite3.Connection, _indexed: bool) -> None:
            chat_rows.require_chat(db, chat)
            chat_rows.insert_part(db, chat, chat, "tools", changes)

        await self._write(write)

    async def note_agent(self, chat: str, changes: Mapping[str, Any]) -> None:
        """Keeps plain JSON about the chat's agent (`Chat.agent`); None forgets a name."""

        def write(db: sqlite3.Connection, _indexed: bool) -> None:
            chat_rows.require_chat(db, chat)
            chat_rows.insert_part(db, chat, chat, "agent", changes)

        await self._write(write)

    # Turns and replies

    async def add_turn(
        self,
        chat: str,
        prompt: str,
        *,
        excerpts: Iterable[Excerpt] = (),
        images: Iterable[ImagePart] = (),
        details: Mapping[str, Any] | None = None,
    ) -> str:
        """The new turn's id, once it is on disk. `details` is plain JSON."""
        pictures = [StoredImage(image.mime, save_blob(self._blobs, image.data)) for image in images]
        parts = turn_parts(excerpts, pictures, details or {})
        return await self._write(lambda db, indexed: chat_rows.insert_turn(db, chat, prompt, parts, indexed))

    def begin_turn(
        self,
        chat: str | None,
        workspace: str | None,
        prompt: str,
        models: Iterable[ModelRef | str],
        *,
        excerpts: Iterable[Excerpt] = (),
        images: Iterable[ImagePart] = (),
        details: Mapping[str, Any] | None = None,
        tools: Mapping[str, bool] | None = None,
        agent: Mapping[str, Any] | None = None,
    ) -> BegunTurn:
        """A turn with a reply for each model, in a new chat where none is named: the IDs immediately, the write
        deferred.

        What is appended to the replies is written after it. Await `saved` before reporting that it was saved.
        """
        excerpts, images = tuple(excerpts), tuple(images)
        pictures = tuple(StoredImage(image.mime, save_blob(self._blobs, image.data)) for image in images)
        named = [str(model) for model in models]
        begun = Turn(
            chat_rows.new_id("t"), chat or chat_rows.new_id("c"), LAST, prompt, time.time(),
            excerpts=excerpts, images=pictures, details=dict(details or {}),
        )  # fmt: skip
        replies = tuple(chat_rows.new_id("r") for _ in named)
        parts = turn_parts(excerpts, pictures, begun.details)

        def write(db: sqlite3.Connection, indexed: bool) -> None:
            if chat is None:
                chat_rows.insert_chat(db, workspace, chat=begun.chat_id)
            if tools:
                chat_rows.insert_part(db, begun.chat_id, begun.chat_id, "tools", tools)
            if agent:
                chat_rows.insert_part(db, begun.chat_id, begun.chat_id, "agent", agent)
            chat_rows.insert_turn(db, begun.chat_id, prompt, parts, indexed, begun.created, begun.id)
            for reply, model in zip(replies, named, strict=True):
                chat_rows.insert_reply(db, begun.id, model, begun.created, reply, begun.chat_id)

        return BegunTurn(begun, replies, asyncio.ensure_future(self._write_surely(write, deferred=True)))

    @staticmethod
    def new_reply_id() -> str:
        """For `open_reply`, where the caller must know it even if it is cancelled while the reply is opened."""
        return chat_rows.new_id("r")

    async def open_reply(self, turn: str, model: ModelRef | str, reply: str = "") -> str:
        """The id of a new reply to a turn; what it says is handed to `append`."""
        return await self._write(lambda db, _: chat_rows.insert_reply(db, turn, str(model), reply=reply))

    def append(self, reply: str, events: Iterable[Event]) -> None:
        """Takes what a reply says; never waits, never fails. On disk within a quarter of a second."""
        # In memory first: a transaction for each delta of each stream would be hundreds a second.
        self._buffer.setdefault(reply, []).extend(events)
        if self._timer is None and self._flushing is None:
            self._flush_in(FLUSH_S)

    async def keep(self) -> None:
        """Returns once what was appended is on disk. Where the disk refuses, that is tried again later, as ever."""
        while self._flushing is not None:
            await asyncio.wait([self._flushing])
        if self._timer is not None:
            self._timer.cancel()
        self._start_flush()
        if self._flushing is not None:
            await asyncio.wait([self._flushing])

    async def settle(
        self,
        reply: str,
        status: Literal["complete", "interrupted", "cancelled", "failed"] = "complete",
        *,
        usage: Usage | None = None,
        times: Times | None = None,
        problem: Problem | None = None,
    ) -> None:
        """Ends a reply with all that was appended. Completes even if the awaiting task is cancelled."""
        await self._in_any_case(self._settle(reply, status, usage, times, problem))

    async def settle_open(self, replies: Iterable[str], problem: Problem) -> None:
        """Ends those that are still open, as interrupted. Completes even if the awaiting task is cancelled."""

        async def settle() -> None:
            for reply in replies:
                await self._settle(reply, "interrupted", None, None, problem, only_open=True)

        await self._in_any_case(settle())

    async def _in_any_case(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)
        # Shielded and kept in a set: a reply whose window closes is cancelled, and its end has to reach the disk all
        # the same.
        await asyncio.shield(task)

    async def note(
        self, reply: str, *, sent: Mapping[str, Any] | None = None, model: str | None = None
    ) -> None:
        """What was sent for a reply (plain JSON), or which model gave it in the end, after a failover."""
        await self._write(lambda db, _: chat_rows.note_reply(db, reply, sent, model))

    def note_sent(self, reply: str, sent: Mapping[str, Any]) -> Awaitable[None]:
        """As `note`, the write deferred like that of `begin_turn`."""

        async def note() -> None:
            with contextlib.suppress(
                StoreFailed
            ):  # it is tried again; a reply that streams need not end for it
                await self._write_surely(
                    lambda db, _: chat_rows.note_reply(db, reply, sent, None), deferred=True
                )

        return asyncio.ensure_future(note())

    async def reopen(self, reply: str) -> None:
        """Continue: what is appended from now on follows what the reply has already said."""
        await self._write(lambda db, _: chat_rows.reopen_reply(db, reply))

    async def choose(self, reply: str) -> str:
        """Keeps this reply of its turn for the conversation; returns the chat's id."""
        return await self._write(lambda db, _: chat_rows.choose_reply(db, reply))

    async def reply_text(self, reply: str) -> str:
        """What a reply says. Raises InvalidInput for one there is none of."""
        found = await self._database.read(lambda db: chat_rows.chat_of_reply(db, reply))
        if found is None:
            raise chat_rows.missing("reply", reply)
        chat = await self.get(found)
        return next(one.text for turn in chat.turns for one in turn.replies if one.id == reply)

    async def chosen_counts(self, since: float = 0.0) -> dict[str, tuple[int, int]]:
        """model → (turns it answered beside other models, how often it was chosen there)."""
        return await self._database.read(lambda db: chat_reading.read_chosen(db, since))

    def load_image(self, image: StoredImage) -> bytes | None:
        """The picture's bytes; None when only its address is known, or the file is gone."""
        return load_blob(self._blobs, image.blob) if image.blob else None

    def save_image(self, mime: str, data: bytes) -> StoredImage:
        """Puts a picture where those of chats are kept, for `add_chat`."""
        return StoredImage(mime, save_blob(self._blobs, data))

    async def aclose(self) -> None:
        """Puts on disk what is still in memory. Open replies stay open, for the next start to find."""
        if self._settling:
            await asyncio.gather(*self._settling, return_exceptions=True)
        if self._flushing:
            await asyncio.gather(self._flushing, return_exceptions=True)
        if self._timer:
            self._timer.cancel()
        with contextlib.suppress(StoreFailed):
            await self._flush()

    # Writing what streams

    def _flush_in(self, seconds: float) -> None:
        if self._timer is None and self._flushing is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._start_flush)

    def _start_flush(self) -> None:
        self._timer = None
        self._flushing = asyncio.ensure_future(self._flush())
        self._flushing.add_done_callback(self._flushed)

    def _flushed(self, task: asyncio.Task[None]) -> None:
        self._flushing = None
        if self._buffer or self._unwritten:  # more came meanwhile, or the disk refused
            self._flush_in(RETRY_S if task.cancelled() or task.exception() else FLUSH_S)

    async def _flush(self) -> None:
        """One transaction for all replies that are streaming. What could not be written stays in memory, in order."""
        await self._catch_up()
        taken, self._buffer = self._buffer, {}
        try:
            pieces = {reply: pieces_of(events, self._blobs) for reply, events in taken.items()}
            if pieces:
                await self._write(lambda db, _: chat_rows.insert_pieces(db, pieces))
        except BaseException:
            for reply, events in taken.items():
                self._buffer[reply] = events + self._buffer.get(reply, [])
            raise

    async def _settle(
        self,
        reply: str,
        status: str,
        usage: Usage | None,
        times: Times | None,
        problem: Problem | None,
        *,
        only_open: bool = False,
    ) -> None:
        while self._flushing is not None:  # what it takes to disk comes before
            await asyncio.wait([self._flushing])
        events = self._buffer.pop(reply, [])
        try:
            pieces: dict[str, list[Piece]] = {reply: pieces_of(events, self._blobs)}
        except BaseException:
            self._buffer[reply] = events + self._buffer.get(reply, [])
            self._flush_in(RETRY_S)
            raise

        def write(db: sqlite3.Connection, indexed: bool) -> None:
            if only_open and not chat_rows.is_open(db, reply):
                return
            chat_rows.insert_pieces(db, pieces)
            chat_rows.settle_reply(db, reply, status, usage, times, problem, indexed)

        await self._write_surely(write)

    async def _write_surely(self, fn: _Write[T], *, deferred: bool = False) -> T:
        """As `_write`. What the disk refuses is raised and tried again later all the same."""
        try:
            await self._catch_up()
            return await self._write(fn, deferred=deferred)
        except StoreFailed:
            self._unwritten.append(fn)
            self._flush_in(RETRY_S)
            raise

    async def _catch_up(self) -> None:
        """Writes what was refused, in order. Raises StoreFailed where it still is."""
        if not self._unwritten:
            return
        async with self._catching_up:
            while self._unwritten:
                try:
                    await self._write(self._unwritten[0])
                except InvalidInput:  # the chat is gone meanwhile
                    pass
                # Only after it was written: a crash or a cancellation in between must not lose it.
                del self._unwritten[0]

    def _with_buffered(self, chat: Chat) -> Chat:
        """Adds what has not reached the disk yet."""
        return replace(chat, turns=tuple(map(self._turn_with_buffered, chat.turns)))

    def _turn_with_buffered(self, turn: Turn) -> Turn:
        if not any(reply.id in self._buffer for reply in turn.replies):
            return turn
        return replace(turn, replies=tuple(map(self._heard, turn.replies)))

    def _heard(self, reply: Any) -> Any:
        events = self._buffer.get(reply.id)
        if not events:
            return reply
        pieces = pieces_of((e for e in events if not hasattr(e, "mime")), self._blobs)
        text, reasoning = said_in(pieces, reply.text, reply.reasoning)
        return replace(reply, text=text, reasoning=reasoning)

    # The database

    async def _write(self, fn: _Write[T], *, deferred: bool = False) -> T:
        await self._ready()
        run = self._database.run_later if deferred else self._database.run
        return await self._with_sound_index(lambda: run(lambda db: fn(db, self._has_index(db))))

    def _has_index(self, db: sqlite3.Connection) -> bool:
        """`has_index`, which is looked up once for a connection: an index that is there stays."""
        if self._indexed_in is not db:
            self._indexed_in = db if has_index(db) else None
        return self._indexed_in is not None

    async def _ready(self) -> None:
        if not self._prepared:
            await self._database.run(self._prepare)
            self._prepared = True  # only now: a transaction may be rolled back

    def _prepare(self, db: sqlite3.Connection) -> bool:
        """Once per process: the index, and the replies that killed processes left open. Whether there is an index."""
        if not self._prepared:
            chat_rows.settle_killed(db, ensure_index(db))
        return has_index(db)

    async def _with_sound_index(self, work: Callable[[], Awaitable[T]]) -> T:
        """Does `work`; when the index turns out to be damaged, it is rebuilt and the work done again."""
        import sqlite3

        try:
            return await work()
        except sqlite3.DatabaseError as error:
            # The index is made from the rows, so a damaged one costs a rebuild and never a chat.
            if error.sqlite_errorcode != sqlite3.SQLITE_CORRUPT_VTAB:
                raise
            await self._database.run(rebuild_index)
            return await work()
