"""Single files put into the index as they change: as an editor shows them, saved or not, and as they lie on the disk.

An editor's text wins over the disk's for as long as it is open. Every process with the workspace puts what its own
editors show; what changes on disk is put by the one that keeps the index, and by others for what their editor says.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from halley.core.errors import HalleyError
from halley.engine.code.chunks import text_digest
from halley.features.search.control import load_control
from halley.features.search.cutting import cut_file
from halley.features.search.ground import Ground
from halley.features.search.watching import belongs
from halley.stores.workspace.project_files import MOST_BYTES, is_generated, read_text_file

logger = logging.getLogger(__name__)

TYPING_S = 0.08
"""Pause between two puts of a text that is typed in, at least; five times what the last one took, if that is more."""
UNSAVED = -1
"""`mtime_ns` of a text that is not the disk's: the next scan looks at the file again."""


class LiveFiles:
    """Of one index. Calls `on_put` when chunks of a file are new."""

    def __init__(self, ground: Ground, on_put: Callable[[], None]) -> None:
        self.ground, self.on_put = ground, on_put
        self.started = False
        self.missed = False
        """A file could not be indexed: the process that maintains the index must look at everything again."""
        self._open: dict[str, Callable[[], str | None]] = {}
        """How to read the documents open in editors, by path."""
        self._dirty: set[str] = set()
        self._belongs: dict[str, bool] = {}
        self._typing: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def open_paths(self) -> tuple[str, ...]:
        return tuple(self._open)

    def is_open(self, path: str) -> bool:
        return path in self._open

    def start(self) -> None:
        """Puts what is open, and from now on what is typed. Nothing is done before: a folder only opened is free."""
        self.started = True
        self.note_all_shown()

    async def aclose(self) -> None:
        tasks = [*self._typing.values(), *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- what editors show

    def note_shown(self, path: str, read: Callable[[], str | None]) -> None:
        """A document of the workspace is shown or was typed in; soon after, the text that `read` gives is found."""
        self._open[path] = read
        self._dirty.add(path)
        if self.started and path not in self._typing:
            self._typing[path] = asyncio.create_task(self._put_soon(path))

    def note_all_shown(self) -> None:
        """Indexes open documents again: none were yet, or a scan has skipped them."""
        for path, read in list(self._open.items()):
            self.note_shown(path, read)

    def note_closed(self, path: str) -> bool:
        """No editor shows it any more; whether one did, so that the disk's text counts again."""
        self._dirty.discard(path)
        return self._open.pop(path, None) is not None

    def put_soon_from_disk(self, path: str) -> None:
        if not load_control(self.ground.folder).paused:
            self._spawn(self.put_from_disk(path))

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _put_soon(self, path: str) -> None:
        pause = TYPING_S / 2
        try:
            while path in self._dirty:
                await asyncio.sleep(pause)
                self._dirty.discard(path)
                began = time.monotonic()
                await self._quietly(self._put_open(path))
                pause = max(TYPING_S, 5 * (time.monotonic() - began))
        finally:
            self._typing.pop(path, None)

    async def _put_open(self, path: str) -> None:
        read, ground = self._open.get(path), self.ground
        if (
            read is None
            or load_control(ground.folder).paused
            or not ground.enabled
            or not await self._may_hold(path)
        ):
            return
        text = read()
        if text is not None:
            hidden = len(text) > MOST_BYTES or is_generated(text)
            await self._put(path, "" if hidden else text, UNSAVED, 0)

    # -- what belongs into the index

    async def _may_hold(self, path: str) -> bool:
        if path not in self._belongs:
            if len(self._belongs) > 2000:
                self._belongs.clear()
            exclude = self.ground.rules().exclude
            self._belongs[path] = await asyncio.to_thread(belongs, self.ground.root, path, exclude)
        return self._belongs[path]

    def forget_rules(self, path: str | None = None) -> None:
        """Whether a path belongs (all of them, without one) is looked at again."""
        if path is None:
            self._belongs.clear()
        else:
            self._belongs.pop(path, None)

    # -- putting

    async def put_from_disk(self, path: str) -> None:
        """The file as it lies there; out of the index where it is gone or does not belong. No file makes it raise."""
        await self._quietly(self._put_from_disk(path))

    async def _put_from_disk(self, path: str) -> None:
        ground = self.ground
        if not await asyncio.to_thread(belongs, ground.root, path, ground.rules().exclude):
            await ground.store.drop_path(path)
            return
        try:
            stat = (ground.root / path).stat()
        except OSError:
            return
        text = await asyncio.to_thread(read_text_file, ground.root, path)
        await self._put(path, text or "", stat.st_mtime_ns, stat.st_size)

    async def _put(self, path: str, text: str, mtime_ns: int, size: int) -> None:
        ground, digest = self.ground, text_digest(text)
        known = await ground.store.known_file(path)
        if known is not None and known.digest == digest:
            if (known.mtime_ns, known.size) != (mtime_ns, size):
                await ground.store.note_seen(path, mtime_ns, size)
            return
        rows = await asyncio.to_thread(cut_file, path, text)
        await ground.store.put_file(path, mtime_ns, size, digest, rows)
        self.on_put()

    async def _quietly(self, work: Awaitable[None]) -> None:
        """A file that could not be put is looked at again by the next scan."""
        try:
            await work
        except (HalleyError, OSError) as error:
            logger.info("a file was not indexed: %s", error)
            self.missed = True
