"""One workspace's index, as this process knows it.

    index.attach(attendant)     a window or a command is here: its settings hold, its person is asked
    index.start()               begin to keep it; whoever uses it calls this, so a folder merely opened costs nothing
    index.note_shown(path, read)  what an editor shows is found, saved or not
    index.status()  index.control(action)

Of all processes with the same workspace one keeps the index: it scans, watches and embeds (`keeping.py`). The others
read it. Each puts what its own editors show (`live.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from halley.core.errors import NotConfigured, Problem, StoreFailed
from halley.core.models import ModelRef
from halley.core.ports import SearchIndex
from halley.features.search.control import Control, change_control, load_control
from halley.features.search.embedding import Embedder
from halley.features.search.keeping import Keeper
from halley.features.search.live import LiveFiles
from halley.features.search.parts import Attendant, Surroundings
from halley.features.search.scan import Rules

Json = dict[str, Any]


class WorkspaceIndex:
    """Made once for each workspace folder of a process. Cheap until started."""

    def __init__(self, room: Surroundings, root: Path, store: SearchIndex) -> None:
        self.room, self.root, self.store = room, root, store
        self.folder = store.folder
        self.attendants: list[Attendant] = []
        self.embedder = Embedder(self)
        self.keeper = Keeper(self)
        self.live = LiveFiles(self)
        self._told_at = 0.0

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
        return self.store.exists

    @property
    def enabled(self) -> bool:
        attendant = self.attendant
        return attendant is not None and not self.too_wide and attendant.line().settings.search.enabled

    @property
    def too_wide(self) -> bool:
        """A whole disk or home folder is nobody's project: it would take long, and hold what nobody meant to show."""
        return self.root in (Path(self.root.anchor), Path.home())

    @property
    def started(self) -> bool:
        return self.keeper.started

    def start(self) -> None:
        if self.keeper.start():
            self.live.note_all_shown()

    def nudge(self) -> None:
        """Look around: settings, what was asked, files."""
        self.keeper.nudge()

    def rules(self) -> Rules:
        """What belongs into the index, as the newest attendant's settings say."""
        attendant = self.attendant
        settings = attendant.line().settings if attendant else self.room.settings(self.root)
        return Rules(
            str(self.root),
            str(self.store.path),
            settings.context.exclude,
            settings.search.max_files,
            self.live.open_paths,
        )

    async def wait_scanned(self) -> None:
        """Until somebody has looked at the whole workspace, or another process keeps the index."""
        await self.keeper.scanned.wait()

    async def wait_ready(self) -> None:
        """Until everything that lay on the disk is in the index and later changes are watched for.

        Raises StoreFailed when the index cannot be kept.
        """
        await self.keeper.ready.wait()
        self.check()

    def check(self) -> None:
        """Raises StoreFailed when the index cannot be kept."""
        if (problem := self.keeper.problem) is not None:
            raise StoreFailed(problem.message, problem.help, setting=problem.setting)

    async def aclose(self) -> None:
        await self.keeper.aclose()
        await self.live.aclose()
        await self.embedder.aclose()
        await self.store.aclose()

    # -- how it stands

    def embed_model(self) -> ModelRef | None:
        """The model somebody chose for embeddings; there is no default."""
        attendant = self.attendant
        if attendant is None:
            return None
        try:
            return self.room.route("embed", attendant.line().settings, attendant.layers()).route[0]
        except (NotConfigured, StoreFailed):
            return None

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
            estimate = (
                self.embedder.estimate if self.keeper.keeps else await self.embedder.find_estimate(model)
            )
            if estimate and estimate["model"] == str(model):  # not that of the model chosen before
                found["estimate"] = estimate
        problem = self.keeper.problem or self.embedder.problem or self._left_out()
        return found | ({"problem": problem.to_json()} if problem else {})

    async def _figures(self, model: ModelRef | None) -> Json:
        kept = await self.store.figures(str(model) if model else None)
        answering = await self.embedder.answering()
        size = await asyncio.to_thread(_size_of, self.folder)
        running = self.keeper.progress
        return {
            "files": running.files if running else max(kept.listed, kept.indexed),
            "indexed": running.indexed if running else kept.indexed,
            "chunks": kept.chunks,
            "embedded": kept.embedded,
            "bytes": size,
        } | ({"answering": answering} if answering in kept.models else {})

    def _state(self, control: Control) -> str:
        if control.paused:
            return "paused"
        keeper = self.keeper
        if keeper.problem is not None:
            return "failed"
        if keeper.keeps and not keeper.ready.is_set():
            return "indexing"
        if not keeper.keeps and not keeper.scanned.is_set():
            return "ready" if self.exists and not keeper.started else "indexing"
        return "embedding" if self.embedder.busy else "ready"

    def _left_out(self) -> Problem | None:
        progress = self.keeper.progress
        left = progress.left_out if progress else self.keeper.left_out
        if not left:
            return None
        return Problem(
            "blocked_by_policy",
            f"{left:,} files are not in the index: it takes {self.rules().max_files:,}.",
            "Raise `search.max_files`, or leave folders out with .gitignore or `context.exclude`.",
            setting="search.max_files",
        )

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
        if action not in ("pause", "decline"):
            self.start()
        if action == "rebuild":
            self.keeper.ready.clear()
        self.nudge()
        self.embedder.nudge()
        self.tell()
        return await self.status()

    # -- what editors show and say

    def note_shown(self, path: str, read: Callable[[], str | None]) -> None:
        """A document of the workspace is shown or was typed in; soon after, the text that `read` gives is found."""
        self.live.note_shown(path, read)

    def note_closed(self, path: str) -> None:
        """No editor shows it any more: the disk's text counts again."""
        if self.live.note_closed(path):
            self.note_changed(path)

    def note_changed(self, path: str) -> None:
        """A file changed on disk, as an editor says."""
        if not self.started or self.live.is_open(path):
            return
        if self.keeper.keeps:
            self.keeper.note_changed(path)
        else:
            self.live.put_soon_from_disk(path)


def _size_of(folder: Path) -> int:
    total = 0
    for path in folder.glob("*"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size
    return total
