"""One workspace's index, as this process knows it.

    index.attach(attendant)     a window or a command is here: its settings hold, its user is asked
    index.start()               start maintaining it; users of the index call this, so a folder merely
                                opened costs nothing
    index.note_shown(path, read)  what an editor shows is found, saved or not
    index.status()  index.control(action)

Of all processes with the same workspace one keeps the index: it scans, watches and embeds (`keeping.py`). The others
read it. Each puts what its own editors show (`live.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from halley.core.errors import Problem, StoreFailed
from halley.core.models import ModelRef
from halley.core.ports import SearchIndex
from halley.features.search.control import Control, change_control, load_control
from halley.features.search.embedding import Embedder
from halley.features.search.ground import Attendant, Ground, Models
from halley.features.search.keeping import Keeper
from halley.features.search.live import LiveFiles

Json = dict[str, Any]


class WorkspaceIndex:
    """Made once for each workspace folder of a process. Cheap until started."""

    def __init__(self, models: Models, root: Path, store: SearchIndex) -> None:
        self.ground = Ground(models, root, store)
        self.embedder = Embedder(self.ground, self.control)
        self.live = LiveFiles(self.ground, self.embedder.nudge)
        self.keeper = Keeper(self.ground, self.live, self.embedder)

    @property
    def root(self) -> Path:
        return self.ground.root

    @property
    def store(self) -> SearchIndex:
        return self.ground.store

    @property
    def folder(self) -> Path:
        return self.ground.folder

    # -- who is here

    def attach(self, attendant: Attendant) -> Callable[[], None]:
        """The newest attendant's settings hold. Returns what ends it; without any, nothing is kept."""
        self.ground.attendants.append(attendant)
        self.nudge()

        def detach() -> None:
            if attendant in self.ground.attendants:
                self.ground.attendants.remove(attendant)
            self.nudge()

        return detach

    @property
    def exists(self) -> bool:
        return self.ground.exists

    @property
    def enabled(self) -> bool:
        return self.ground.enabled

    @property
    def too_wide(self) -> bool:
        return self.ground.too_wide

    @property
    def started(self) -> bool:
        return self.keeper.started

    @property
    def is_ready(self) -> bool:
        """Whether all that lay on the disk is in it, and later changes are watched for."""
        return self.keeper.ready.is_set() and self.keeper.problem is None

    def start(self) -> None:
        if self.keeper.start():
            self.live.start()

    def nudge(self) -> None:
        """Look around: settings, what was asked, files."""
        self.keeper.nudge()

    async def wait_scanned(self) -> None:
        """Until the whole workspace has been scanned, or another process keeps the index."""
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
        """The model chosen for embeddings; there is no default."""
        return self.ground.embed_model()

    async def status(self) -> Json:
        """`IndexStatus` of the protocol. Raises StoreFailed when the index cannot be opened."""
        if not self.ground.enabled:
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
        if not keeper.started and not self.exists:
            return "idle"
        if keeper.keeps and not keeper.ready.is_set():
            return "indexing"
        if not keeper.keeps and not keeper.scanned.is_set():
            return "indexing" if keeper.started else "ready"
        return "embedding" if self.embedder.busy else "ready"

    def _left_out(self) -> Problem | None:
        progress = self.keeper.progress
        left = progress.left_out if progress else self.keeper.left_out
        if not left:
            return None
        return Problem(
            "blocked_by_policy",
            f"{left:,} files are not in the index: it takes {self.ground.rules().max_files:,}.",
            "Raise `search.max_files`, or exclude folders with .gitignore or `context.exclude`.",
            setting="search.max_files",
        )

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
        self.ground.tell()
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
