"""Runs of macros on disk: `state/macros/<id>.json`, readable by its owner only.

Saved after every step, so that a run that failed, was stopped or was killed resumes where it ended; removed when
it is complete. Pictures, recordings and videos are media tasks' (`stores/media.py`).
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from halley.core.errors import InvalidInput, Problem
from halley.core.macro_runs import Run, StepResult
from halley.stores.disk.files import save_private
from halley.stores.disk.state import load_state

MOST_KEPT = 50


class MacroRunStore:
    """Implements `core.ports.MacroRuns` on a folder. Nothing is read or made before it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, run: Run) -> None:
        """Raises StoreFailed when the disk refuses."""
        save_private(self.folder / f"{run.id}.json", json.dumps(asdict(run), ensure_ascii=False))

    def forget(self, run: Run) -> None:
        with contextlib.suppress(OSError):
            (self.folder / f"{run.id}.json").unlink()

    def load(self, id: str) -> Run:
        """A run by its id. Raises InvalidInput for one that is not there (any more)."""
        if (run := self._read(id)) is None:
            raise InvalidInput(f"There is no run '{id}' to resume.", "Run the macro again.")
        return run

    def find_last(self, macro: str, workspace: str | None) -> Run:
        """The newest unfinished run of a macro in a workspace. Raises InvalidInput when there is none."""
        for path in self._newest_first():
            run = self._read(path.stem)
            if run is not None and (run.macro, run.workspace) == (macro, workspace):
                return run
        raise InvalidInput(f"There is no unfinished run of '{macro}' here.", "Run the macro again.")

    def forget_old(self) -> None:
        """Keeps the newest `MOST_KEPT`."""
        for path in self._newest_first()[MOST_KEPT:]:
            with contextlib.suppress(OSError):
                path.unlink()

    def _read(self, id: str) -> Run | None:
        """None for a file that is gone, or that is no run."""
        if not (id.startswith("m-") and id[2:].isalnum()):
            return None
        return _run_of(load_state(self.folder / f"{id}.json", lambda value: _run_of(value) is not None))

    def _newest_first(self) -> list[Path]:
        return sorted(self.folder.glob("m-*.json"), key=_written, reverse=True)


def _run_of(value: Mapping[str, Any]) -> Run | None:
    """None for what is no run."""
    try:
        steps = [
            StepResult(**{**step, "problem": Problem(**step["problem"]) if step["problem"] else None})
            for step in value["steps"]
        ]
        return Run(**{**value, "steps": steps})
    except (KeyError, TypeError, AttributeError):
        return None


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
