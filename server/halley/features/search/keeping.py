"""The index kept up to date: by one process of all that have the workspace, the one that holds the lock file `keeper`.

It has everything looked at (`scan.py`), watches what changes on disk, and has the vectors made. The others look now and
then whether the keeper has gone; one of them takes over.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from halley.core.errors import Problem, StoreFailed, problem_of
from halley.features.search.control import Control, control_file, load_control
from halley.features.search.embedding import Embedder
from halley.features.search.ground import Ground
from halley.features.search.live import LiveFiles
from halley.features.search.scan import Progress, Rules, run_scan
from halley.features.search.steps import Facts, State, next_state
from halley.features.search.watching import Watcher
from halley.stores.disk.files import locked

logger = logging.getLogger(__name__)

POLL_S = 2.0
"""How often a process that does not keep the index looks whether it should, and one that cannot watch looks around."""
RESCAN_S = 30.0


class Keeper:
    """Of one index, in this process. Idle until started."""

    def __init__(self, ground: Ground, live: LiveFiles, embedder: Embedder) -> None:
        self.ground, self.live, self.embedder = ground, live, embedder
        self.keeps = False
        """This process is the one that keeps the index."""
        self.progress: Progress | None = None
        """Of the scan under way, in the process that keeps the index."""
        self.problem: Problem | None = None
        self.scanned = asyncio.Event()
        """The whole workspace has been scanned, or another process keeps the index."""
        self.ready = asyncio.Event()
        """What lay on the disk is in the index, and later changes are watched for."""
        self.left_out = 0
        """Files beyond the limit, as the last scan counted them."""
        self.rescan = True
        self._task: asyncio.Task[None] | None = None
        self._nudge = asyncio.Event()
        self._paths: set[str] = set()
        self._watch_problem = ""
        self._watching = asyncio.Event()
        self._watcher: Watcher | None = None
        self._watched: tuple[str, ...] | None = None
        """The folders that are watched, and those the last scan found."""
        self._found: tuple[str, ...] | None = None
        self._rules: Rules | None = None
        self._scanned_at = 0.0

    @property
    def started(self) -> bool:
        return self._task is not None

    def start(self) -> bool:
        """Whether it had to be started."""
        if self._task is not None and not self._task.done():
            return False
        self._task = asyncio.create_task(self._keep(), name="workspace index")
        return True

    def nudge(self) -> None:
        """Look around: settings, what was asked, files."""
        self._nudge.set()

    def note_changed(self, path: str) -> None:
        """A file of the workspace changed on disk."""
        self._paths.add(str(self.ground.root / path))
        self.nudge()

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _nudged(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._nudge.wait()
        self._nudge.clear()

    # -- who keeps it

    async def _keep(self) -> None:
        while True:
            try:
                # The lock is a file lock, so the system frees it when a keeper is killed: the next poll of any other
                # process takes over.
                with contextlib.ExitStack() as held:
                    self.keeps = self._is_ours(held)
                    if self.keeps:
                        await self._lead()
                    else:
                        self.scanned.set()
                        self.ready.set()
                        self.ground.tell(at_most_every_s=5.0)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self.problem = problem_of(error)
                logger.warning("the index stopped: %s", self.problem.message)
                self.scanned.set()  # waiters learn why they wait in vain
                self.ready.set()
                self.ground.tell()
            self.keeps = False
            await self._nudged(POLL_S)

    def _is_ours(self, held: contextlib.ExitStack) -> bool:
        """Whether this process keeps the index from now on; it does until `held` is closed."""
        if not self.ground.enabled:
            return False
        try:
            held.enter_context(locked(self.ground.folder / "keeper", 0.0))
        except StoreFailed:
            return False
        return True

    # -- keeping it

    async def _lead(self) -> None:
        """Maintains the index until it is switched off or has no users: one step at a time (`steps.py`)."""
        steps = {
            State.PAUSED: self._pause,
            State.STARTING_TO_WATCH: self._start_to_watch,
            State.SCANNING: self._look_at_everything,
            State.CATCHING_UP: self._catch_up,
            State.RESTING: self._rest,
        }
        # Changes that went unwatched, between two keepers or while it was switched off, are found only by looking at
        # everything.
        self.rescan, self.problem = True, None
        self._rules, self._scanned_at = None, 0.0
        self._watched = self._found = None
        self.ready.clear()
        try:
            while self.ground.enabled:
                self._nudge.clear()  # before the facts are looked at: later news wakes the step that waits
                await steps[next_state(await self._facts())]()
        finally:
            self.ready.clear()
            self._stop_watching()
            await self.embedder.stop()

    async def _facts(self) -> Facts:
        control = load_control(self.ground.folder)
        if await self._begin_anew(control) or self._has_other_rules() or self.live.missed:
            self.rescan, self.live.missed = True, False
        # Where the system cannot watch (too many folders, a network file system), the whole workspace is scanned now
        # and then.
        if self._watch_problem and time.monotonic() - self._scanned_at > RESCAN_S:
            self.rescan = True
        return Facts(control.paused, self._found != self._watched, self.rescan, len(self._paths))

    def _has_other_rules(self) -> bool:
        now, before = self._rules_now(), self._rules
        if before is not None and (now.exclude, now.max_files) == (before.exclude, before.max_files):
            return False
        self._rules = now
        self.live.forget_rules()
        return True

    def _rules_now(self) -> Rules:
        return self.ground.rules(self.live.open_paths)

    async def _pause(self) -> None:
        self.rescan = True
        await self.embedder.stop()
        await self._nudged(POLL_S)

    async def _look_at_everything(self) -> None:
        # Before the scan starts: what changes while it runs must be looked at again, since the scan may have passed
        # it already.
        self.rescan, self._paths = False, set()
        done = await self._scan()
        if done is None:
            return
        self._scanned_at, self._found = time.monotonic(), done.folders
        self.scanned.set()
        self.live.note_all_shown()  # skipped by the scan

    async def _start_to_watch(self) -> None:
        self._stop_watching()
        self._watched = self._found
        self._watcher = self._watch(self._found or ())
        await self._watching.wait()
        # A second scan closes the gap between the first one and the moment from which changes are reported.
        self.rescan = not self._watch_problem

    def _stop_watching(self) -> None:
        if self._watcher:
            self._watcher.stop()
        self._watcher = None

    async def _catch_up(self) -> None:
        paths, self._paths = self._paths, set()
        await self._look_at(paths)

    async def _rest(self) -> None:
        if not self.ready.is_set():
            self.ready.set()
            self.ground.tell()
        self.embedder.start()
        await self._nudged(POLL_S if self._watch_problem else RESCAN_S)

    async def _begin_anew(self, control: Control) -> bool:
        return await self.ground.store.begin_generation(control.generation)

    async def _scan(self) -> Progress | None:
        """Looks at everything; None when it was paused or is to start over meanwhile."""
        ground = self.ground
        before = load_control(ground.folder)
        scan = asyncio.create_task(run_scan(self._rules_now(), self._note_progress))
        try:
            while not scan.done():
                nudged = asyncio.create_task(self._nudge.wait())
                await asyncio.wait({scan, nudged}, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED)
                nudged.cancel()
                self._nudge.clear()
                control = load_control(ground.folder)
                asked = (control.paused, control.generation) != (before.paused, before.generation)
                if asked or not ground.enabled:
                    self.rescan = True
                    return None
            done = scan.result()
        finally:
            scan.cancel()
            await asyncio.gather(scan, return_exceptions=True)
            self.progress = None
        self.problem, self.left_out = None, done.left_out
        self._nudge.set()  # look at what changed meanwhile
        return done

    def _note_progress(self, progress: Progress) -> None:
        self.progress = progress
        self.ground.tell(at_most_every_s=0.5)

    # -- what changes on disk

    def _watch(self, folders: tuple[str, ...]) -> Watcher:
        loop = asyncio.get_running_loop()
        self._watching = asyncio.Event()

        def call(what: Callable[..., None], *arguments: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(what, *arguments)

        watcher = Watcher(
            [self.ground.root / folder for folder in folders],
            control_file(self.ground.folder).with_name("watched"),
            lambda paths: call(self._changed, paths),
            lambda: call(self._watching.set),
            lambda reason: call(self._watch_failed, reason),
        )
        self._watch_problem = ""
        watcher.start()
        return watcher

    def _changed(self, paths: set[str]) -> None:
        # The index may lie inside the workspace; its own writes would wake it for ever.
        ours = str(self.ground.folder)
        self._paths |= {path for path in paths if not path.startswith(ours)}
        self.nudge()

    def _watch_failed(self, reason: str) -> None:
        self._watch_problem = reason
        self._watching.set()
        self.nudge()

    async def _look_at(self, paths: set[str]) -> None:
        """Files and folders that changed on disk."""
        root, live = self.ground.root, self.live
        for path in paths:
            try:
                relative = Path(path).relative_to(root).as_posix()
            except ValueError:
                continue
            live.forget_rules(relative)
            if relative.rsplit("/", 1)[-1] == ".gitignore":
                live.forget_rules()
                self.rescan = True
            # An open document is what its editor shows, which may be ahead of the disk.
            elif live.is_open(relative):
                continue
            # A folder that appears, is renamed or unpacked brings files of which no event came.
            elif await asyncio.to_thread((root / relative).is_dir):
                self.rescan = True
            else:
                await live.put_from_disk(relative)
        self.embedder.nudge()
