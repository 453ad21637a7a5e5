"""What a run of a macro has made so far: `state/macros/<id>.json`, readable by its owner only.

Saved after every step, so that a run that failed, was stopped or was killed is taken up where it ended; removed when
it is complete. Pictures, recordings and videos are media tasks' (`stores/media.py`).
"""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from halley.core.errors import InvalidInput, Problem
from halley.stores.disk.files import load_json, save_private

MOST_KEPT = 50

StepState = Literal["waiting", "running", "complete", "skipped", "failed"]


@dataclass(slots=True)
class StepResult:
    """What became of one step. `parts` is the text for each file of a `for_each`."""

    name: str
    kind: str
    state: StepState = "waiting"
    text: str = ""
    model: str = ""
    images: list[dict[str, str]] = field(default_factory=list)
    """`{mime, path}` each."""
    files: list[dict[str, str]] = field(default_factory=list)
    """Recordings and videos, as `{mime, path}`."""
    task: str = ""
    """The media task that makes it: taken up again, never begun twice."""
    tasks: dict[str, str] = field(default_factory=dict)
    """The same for each file of a `for_each`."""
    parts: dict[str, str] = field(default_factory=dict)
    problem: Problem | None = None


@dataclass(slots=True)
class Run:
    """One run of a macro; `values` are the variables and inputs it began with."""

    id: str
    macro: str
    digest: str
    """Of the macro's definition: a changed macro is not taken up half-way."""
    workspace: str | None
    values: dict[str, str]
    steps: list[StepResult]
    created: float = 0.0

    @property
    def failed(self) -> StepResult | None:
        return next((step for step in self.steps if step.state == "failed"), None)

    @property
    def is_complete(self) -> bool:
        return all(step.state in ("complete", "skipped") for step in self.steps)


def new_run(
    macro: str, digest: str, workspace: str | None, values: Mapping[str, str], steps: list[StepResult]
) -> Run:
    return Run(f"m-{secrets.token_hex(6)}", macro, digest, workspace, dict(values), steps, time.time())


def save_run(folder: Path, run: Run) -> None:
    """Raises StoreFailed when the disk refuses."""
    save_private(folder / f"{run.id}.json", json.dumps(asdict(run), ensure_ascii=False))


def forget_run(folder: Path, run: Run) -> None:
    with contextlib.suppress(OSError):
        (folder / f"{run.id}.json").unlink()


def load_run(folder: Path, id: str) -> Run:
    """A run by its id. Raises InvalidInput for one that is not there (any more)."""
    value = load_json(folder / f"{id}.json") if id.startswith("m-") and id[2:].isalnum() else {}
    try:
        steps = [
            StepResult(**{**step, "problem": Problem(**step["problem"]) if step["problem"] else None})
            for step in value["steps"]
        ]
        return Run(**{**value, "steps": steps})
    except (KeyError, TypeError):
        raise InvalidInput(f"There is no run '{id}' to take up.", "Run the macro anew.") from None


def find_last_run(folder: Path, macro: str, workspace: str | None) -> Run:
    """The newest unfinished run of a macro in a workspace. Raises InvalidInput when there is none."""
    for path in sorted(folder.glob("m-*.json"), key=_written, reverse=True):
        with contextlib.suppress(InvalidInput):
            run = load_run(folder, path.stem)
            if run.macro == macro and run.workspace == workspace:
                return run
    raise InvalidInput(f"No unfinished run of '{macro}' is kept here.", "Run the macro anew.")


def forget_old_runs(folder: Path) -> None:
    """Keeps the newest so many."""
    for path in sorted(folder.glob("m-*.json"), key=_written, reverse=True)[MOST_KEPT:]:
        with contextlib.suppress(OSError):
            path.unlink()


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def to_json(run: Run) -> dict[str, Any]:
    """The run as clients see it."""
    steps = [
        {
            "name": step.name, "kind": step.kind, "state": step.state, "text": step.text, "model": step.model,
            "images": step.images, "files": step.files, **({"problem": step.problem.to_json()} if step.problem else {}),
        }
        for step in run.steps
    ]  # fmt: skip
    state = "complete" if run.is_complete else "failed" if run.failed else "stopped"
    return {"id": run.id, "macro": run.macro, "state": state, "steps": steps}
