"""One workspace's index, as this process knows it.

    index.attach(attendant)     a window or a command is here: its settings hold, its person is asked
    index.start()               begin to keep it; whoever uses it calls this, so a folder merely opened costs nothing
    index.note_shown(path, read)  what an editor shows is found, saved or not
    index.status()  index.control(action)

Of all processes with the same workspace one keeps the index (it holds the file lock `keeper`): it scans, watches and
embeds. The others read it, and put what their own editors show; when the keeper goes, one of them goes on where it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halley.core.errors import HalleyError, NotConfigured, Problem, StoreFailed, problem_of
from halley.core.models import ModelRef
from halley.features.ask import Line
from halley.features.search.control import Control, change_control, control_file, load_control
from halley.features.search.cutting import cut_file
from halley.features.search.embedding import Embedder
from halley.features.search.scan import Progress, Rules, run_scan
from halley.features.search.watching import Watcher, belongs
from halley.stores.database import Database
from halley.stores.files import locked
from halley.stores.layers import Layer
from halley.stores.project_files import MOST_BYTES, is_generated, read_text_file
from halley.stores.search_index import (
    INDEX_STEPS,
    counts,
    drop_everything,
    drop_files,
    fact,
    files_below,
    index_folder,
    known_file,
    note_seen,
    put_file,
    set_fact,
    text_digest,
)
from halley.stores.search_vectors import all_models, count_embedded

if TYPE_CHECKING:
    from halley.features.room import EngineRoom

logger = logging.getLogger(__name__)
Json = dict[str, Any]

MANY_CHANGES = 200
"""From here on the child process looks at everything: a branch was changed."""
POLL_S = 2.0
"""How often a process that does not keep the index looks whether it should, and one that cannot watch looks around."""
RESCAN_S = 30.0
TYPING_S = 0.08
"""Pause between two puts of a text that is typed in, at least; five times what the last one took, if that is more."""
UNSAVED = -1
"""`mtime_ns` of a text that is not the disk's: the next scan looks at the file again."""


@dataclass(frozen=True, eq=False, slots=True)
class Attendant:
    """On whose behalf the index is kept. `ask` puts a yes-or-no question to the person; None: no answer."""

    line: Callable[[], Line]
    layers: Callable[[], tuple[Layer, ...]]
    changed: Callable[[], None] = lambda: None
    ask: Callable[[str], Awaitable[bool | None]] | None = None


class WorkspaceIndex:
    """Made once for each workspace folder of a process. Cheap until started."""

    def __init__(self, room: EngineRoom, root: Path) -> None:
        self.room, self.root = room, root
        self.folder = index_folder(room.paths, root)
        self.reader = Database(self.folder / "index.db", INDEX_STEPS, disposable=True)
        self.writer = Database(self.folder / "index.db", INDEX_STEPS, disposable=True)
        self.attendants: list[Attendant] = []
        self.progress: Progress | None = None
        """Of the scan under way, in the process that keeps the index."""
        self.problem: Problem | None = None
        self.scanned = asyncio.Event()
        """Somebody has looked at the whole workspace, or another process keeps the index."""
        self.embedder = Embedder(self)
        self.keeps = False
        self._open: dict[str, Callable[[], str | None]] = {}
        """How to read the documents open in editors, by path: they win over the disk's."""
        self._dirty: set[str] = set()
        self._belongs: dict[str, bool] = {}
        self._typing: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._keeper: asyncio.Task[None] | None = None
        self._nudge = asyncio.Event()
        self._paths: set[str] = set()
        self._rescan = True
        self._watch_problem = ""
        self._told_at = 0.0
        self._ready = asyncio.Event()

    # -- who is here

    def attach(self, attendant: Attendant) -> Callable[[], None]:
        """The newest attendant's settings hold. Returns what ends it; without any, nothing is kept."""
        self.attendants.append(attendant)
        self.nudge()

        def detach() -> None:
            if attendant in self.attendants:
                self.attendants.remove(attendant)
            self.nudge()

        return detach

    @property
    def attendant(self) -> Attendant | None:
        return self.attendants[-1] if self.attendants else None

    @property
    def exists(self) -> bool:
        return self.reader.path.exists()

    @property
    def enabled(self) -> bool:
        attendant = self.attendant
        return attendant is not None and attendant.line().settings.search.enabled

    def start(self) -> None:
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep(), name="workspace index")
            for path, read in list(self._open.items()):
                self.note_shown(path, read)

    def nudge(self) -> None:
        """Look around: settings, what was asked, files."""
        self._nudge.set()

    async def wait_ready(self) -> None:
        """Until everything that lay on the disk is in the index and later changes are watched for.

        Raises StoreFailed when the index cannot be kept.
        """
        await self._ready.wait()
        self.check()

    def check(self) -> None:
        """Raises StoreFailed when the index cannot be kept."""
        if (problem := self.problem) is not None:
            raise StoreFailed(problem.message, problem.help, setting=problem.setting)

    async def aclose(self) -> None:
        tasks = [task for task in (self._keeper, *self._typing.values(), *self._tasks) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.embedder.aclose()
        await self.reader.aclose()
        await self.writer.aclose()

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # -- how it stands

    def embed_model(self) -> ModelRef | None:
        """The model somebody chose for embeddings: one that only would be the default is not asked."""
        attendant = self.attendant
        if attendant is None:
            return None
        try:
            found = self.room.route("embed", attendant.line().settings, attendant.layers())
        except (NotConfigured, StoreFailed):
            return None
        return found.route[0] if found.scope not in ("default",) else None

    async def status(self) -> Json:
        """`IndexStatus` of the protocol. Raises StoreFailed when the index cannot be opened."""
        if self.attendant is None or not self.enabled:
            return {"state": "off"}
        control, model = load_control(self.folder), self.embed_model()
        found: Json = {"state": self._state(control), "paused": control.paused}
        if self.exists:
            found |= await self._figures(model)
        if model is not None:
            found["embedModel"] = str(model)
        if model is not None and self.exists and not control.paused and str(model) not in control.answers:
            estimate = self.embedder.estimate if self.keeps else await self.embedder.find_estimate(model)
            if estimate and estimate["model"] == str(model):  # not that of the model chosen before
                found["estimate"] = estimate
        problem = self.problem or self.embedder.problem or self._left_out()
        return found | ({"problem": problem.to_json()} if problem else {})

    async def _figures(self, model: ModelRef | None) -> Json:
        def look(db: Any) -> tuple[int, int, int, int, list[str]]:
            files, chunks = counts(db)
            embedded = count_embedded(db, str(model)) if model else 0
            return files, int(fact(db, "files") or 0), chunks, embedded, [one.name for one in all_models(db)]

        indexed, listed, chunks, embedded, models = await self.reader.read(look)
        answering = await self.embedder.answering()
        size = await asyncio.to_thread(_size_of, self.folder)
        running = self.progress
        return {
            "files": running.files if running else max(listed, indexed),
            "indexed": running.indexed if running else indexed,
            "chunks": chunks,
            "embedded": embedded,
            "bytes": size,
        } | ({"answering": answering} if answering in models else {})

    def _state(self, control: Control) -> str:
        if control.paused:
            return "paused"
        if self.problem is not None:
            return "failed"
        if self.keeps and not self._ready.is_set():
            return "indexing"
        if not self.keeps and not self.scanned.is_set():
            return "ready" if self.exists and self._keeper is None else "indexing"
        return "embedding" if self.embedder.busy else "ready"

    def _left_out(self) -> Problem | None:
        left = self.progress.left_out if self.progress else self._last_left_out
        if not left:
            return None
        return Problem(
            "bad_request",
            f"{left:,} files are not in the index: it takes {self._rules().max_files:,}.",
            "Raise `search.max_files`, or leave folders out with .gitignore or `context.exclude`.",
            setting="search.max_files",
        )

    _last_left_out = 0

    def tell(self, *, at_most_every_s: float = 0.0) -> None:
        """Tell the attendants that something about the index is new."""
        now = time.monotonic()
        if now - self._told_at >= at_most_every_s:
            self._told_at = now
            for attendant in list(self.attendants):
                attendant.changed()

    async def control(self, action: str) -> Json:
        """Does what was asked, for every process with this workspace, and says how things stand then."""
        model = self.embed_model()
        if action in ("embed", "decline") and model is None:
            from halley.routing.selection import nothing_configured

            raise nothing_configured("embed")
        changes: Json = {
            "pause": {"paused": True},
            "resume": {"paused": False},
            "rebuild": {"rebuild": True},
            "embed": {"answer": (str(model), True)},
            "decline": {"answer": (str(model), False)},
        }[action]
        await asyncio.to_thread(change_control, self.folder, **changes)
        self.embedder.problem = None
        if action != "pause":
            self.start()
        if action == "rebuild":
            self._ready.clear()
        self.nudge()
        self.embedder.nudge()
        self.tell()
        return await self.status()

    # -- what editors show

    def note_shown(self, path: str, read: Callable[[], str | None]) -> None:
        """A document of the workspace is shown or was typed in; soon after, the text that `read` gives is found."""
        self._open[path] = read
        self._dirty.add(path)
        if self._keeper is not None and path not in self._typing:
            self._typing[path] = asyncio.create_task(self._put_soon(path))

    def note_closed(self, path: str) -> None:
        """No editor shows it any more: the disk's text counts again."""
        self._dirty.discard(path)
        if self._open.pop(path, None) is not None:
            self.note_changed(path)

    def note_changed(self, path: str) -> None:
        """A file changed on disk, as an editor says."""
        if self._keeper is None or path in self._open:
            return
        if self.keeps:
            self._paths.add(str(self.root / path))
            self.nudge()
        elif not load_control(self.folder).paused:
            self._spawn(self._quietly(self._put_from_disk(path)))

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
        read = self._open.get(path)
        if (
            read is None
            or load_control(self.folder).paused
            or not self.enabled
            or not await self._may_hold(path)
        ):
            return
        text = read()
        if text is not None:
            hidden = len(text) > MOST_BYTES or is_generated(text)
            await self._put(path, "" if hidden else text, UNSAVED, 0)

    async def _may_hold(self, path: str) -> bool:
        if path not in self._belongs:
            if len(self._belongs) > 2000:
                self._belongs.clear()
            self._belongs[path] = await asyncio.to_thread(belongs, self.root, path, self._rules().exclude)
        return self._belongs[path]

    async def _put_from_disk(self, path: str) -> None:
        if not await asyncio.to_thread(belongs, self.root, path, self._rules().exclude):
            await self.writer.run(lambda db: drop_files(db, [path, *files_below(db, path)]))
            return
        try:
            stat = (self.root / path).stat()
        except OSError:
            return
        text = await asyncio.to_thread(read_text_file, self.root, path)
        await self._put(path, text or "", stat.st_mtime_ns, stat.st_size)

    async def _put(self, path: str, text: str, mtime_ns: int, size: int) -> None:
        digest = text_digest(text)
        known = await self.reader.read(lambda db: known_file(db, path))
        if known is not None and known.digest == digest:
            if (known.mtime_ns, known.size) != (mtime_ns, size):
                await self.writer.run(lambda db: note_seen(db, path, mtime_ns, size))
            return
        rows = await asyncio.to_thread(cut_file, path, text)
        await self.writer.run(lambda db: put_file(db, path, mtime_ns, size, digest, rows))
        self.embedder.nudge()

    async def _quietly(self, work: Awaitable[None]) -> None:
        """A file that could not be put is looked at again by the next scan."""
        try:
            await work
        except (HalleyError, OSError) as error:
            logger.info("a file was not indexed: %s", error)
            self._rescan = True

    # -- keeping it

    def _rules(self) -> Rules:
        attendant = self.attendant
        settings = attendant.line().settings if attendant else self.room.settings(self.root)
        return Rules(
            str(self.root),
            str(self.writer.path),
            settings.context.exclude,
            settings.search.max_files,
            tuple(self._open),
        )

    async def _keep(self) -> None:
        while True:
            try:
                with contextlib.ExitStack() as held:
                    self.keeps = await self._is_ours(held)
                    if self.keeps:
                        await self._lead()
                    else:
                        self.scanned.set()
                        self._ready.set()
                        self.tell(at_most_every_s=5.0)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self.problem = problem_of(error)
                logger.warning("the index stopped: %s", self.problem.message)
                self.scanned.set()  # whoever waits is told why it is in vain
                self._ready.set()
                self.tell()
            self.keeps = False
            await self._nudged(POLL_S)

    async def _is_ours(self, held: contextlib.ExitStack) -> bool:
        """Whether this process keeps the index from now on; it does until `held` is closed."""
        if not self.enabled:
            return False
        try:
            held.enter_context(locked(self.folder / "keeper", 0.0))
        except StoreFailed:
            return False
        return True

    async def _lead(self) -> None:
        """Keeps the index until it is switched off or nobody is here."""
        loop = asyncio.get_running_loop()
        watcher: Watcher | None = None
        watched: tuple[str, ...] | None = None
        rules: Rules | None = None
        scanned_at = 0.0
        self._rescan, self.problem = True, None
        self._ready.clear()
        try:
            while self.enabled:
                self._nudge.clear()
                control = load_control(self.folder)
                if await self._begin_anew(control):
                    self._rescan = True
                now = self._rules()
                if rules is None or (now.exclude, now.max_files) != (rules.exclude, rules.max_files):
                    self._rescan, rules = True, now
                    self._belongs.clear()
                if self._watch_problem and time.monotonic() - scanned_at > RESCAN_S:
                    self._rescan = True
                if control.paused:
                    self._rescan = True
                    await self.embedder.stop()
                    await self._nudged(POLL_S)
                    continue
                if self._rescan or len(self._paths) > MANY_CHANGES:
                    self._rescan, self._paths = False, set()
                    done = await self._scan()
                    if done is None:
                        continue
                    scanned_at = time.monotonic()
                    self.scanned.set()
                    for path, read in list(self._open.items()):  # skipped by the scan
                        self.note_shown(path, read)
                    if done.folders != watched:
                        if watcher:
                            watcher.stop()
                        watcher, watched = self._watch(loop, done.folders), done.folders
                        await self._started(watcher)
                        self._rescan = not self._watch_problem  # what changed before it began
                        continue
                if self._paths:
                    paths, self._paths = self._paths, set()
                    await self._look_at(paths)
                if not (self._rescan or self._paths):
                    if not self._ready.is_set():
                        self._ready.set()
                        self.tell()
                    self.embedder.start()
                    await self._nudged(POLL_S if self._watch_problem else RESCAN_S)
        finally:
            self._ready.clear()
            if watcher:
                watcher.stop()
            await self.embedder.stop()

    async def _begin_anew(self, control: Control) -> bool:
        def begin(db: Any) -> bool:
            if int(fact(db, "generation") or 0) == control.generation:
                return False
            drop_everything(db)
            set_fact(db, "generation", str(control.generation))
            return True

        return await self.writer.run(begin)

    async def _scan(self) -> Progress | None:
        """Looks at everything; None when it was paused or is to begin anew meanwhile."""
        before = load_control(self.folder)
        scan = asyncio.create_task(run_scan(self._rules(), self._note_progress))
        try:
            while not scan.done():
                nudged = asyncio.create_task(self._nudge.wait())
                await asyncio.wait({scan, nudged}, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED)
                nudged.cancel()
                self._nudge.clear()
                control = load_control(self.folder)
                if (control.paused, control.generation) != (
                    before.paused,
                    before.generation,
                ) or not self.enabled:
                    self._rescan = True
                    return None
            done = scan.result()
        finally:
            scan.cancel()
            await asyncio.gather(scan, return_exceptions=True)
            self.progress = None
        self.problem, self._last_left_out = None, done.left_out
        self._nudge.set()  # what came meanwhile is looked at now
        return done

    def _note_progress(self, progress: Progress) -> None:
        self.progress = progress
        self.tell(at_most_every_s=0.5)

    def _watch(self, loop: asyncio.AbstractEventLoop, folders: tuple[str, ...]) -> Watcher:
        self._watching = asyncio.Event()

        def call(what: Callable[..., None], *arguments: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(what, *arguments)

        watcher = Watcher(
            [self.root / folder for folder in folders],
            control_file(self.folder).with_name("watched"),
            lambda paths: call(self._changed, paths),
            lambda: call(self._watching.set),
            lambda reason: call(self._watch_failed, reason),
        )
        self._watch_problem = ""
        watcher.start()
        return watcher

    async def _started(self, watcher: Watcher) -> None:
        await self._watching.wait()

    def _changed(self, paths: set[str]) -> None:
        ours = str(self.folder)
        self._paths |= {path for path in paths if not path.startswith(ours)}
        self.nudge()

    def _watch_failed(self, reason: str) -> None:
        self._watch_problem = reason
        self._watching.set()
        self.nudge()

    async def _look_at(self, paths: set[str]) -> None:
        """Files and folders that changed on disk."""
        for path in paths:
            try:
                relative = Path(path).relative_to(self.root).as_posix()
            except ValueError:
                continue
            self._belongs.pop(relative, None)
            if relative.rsplit("/", 1)[-1] == ".gitignore":
                self._belongs.clear()
                self._rescan = True
            elif relative in self._open:
                continue
            elif await asyncio.to_thread((self.root / relative).is_dir):
                self._rescan = True
            else:
                await self._quietly(self._put_from_disk(relative))
        self.embedder.nudge()

    async def _nudged(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._nudge.wait()
        self._nudge.clear()


def _size_of(folder: Path) -> int:
    total = 0
    for path in folder.glob("*"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size
    return total
