"""One run of a macro: what each step has made so far."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from halley.core.errors import Problem

StepState = Literal["waiting", "running", "complete", "skipped", "failed"]


@dataclass(slots=True)
class StepResult:
    """What became of one step. `parts` is the text for each file of a `for_each`."""

    name: str
    kind: str
    state: StepState = "waiting"
    text: str = ""
    model: str = ""
    images: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    """`{mime, path}` each."""
    files: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    """Recordings and videos, as `{mime, path}`."""
    task: str = ""
    """The media task that makes it: resumed, never started twice."""
    tasks: dict[str, str] = field(default_factory=dict[str, str])
    """The same for each file of a `for_each`."""
    parts: dict[str, str] = field(default_factory=dict[str, str])
    problem: Problem | None = None


@dataclass(slots=True)
class Run:
    """One run of a macro; `values` are the variables and inputs it began with."""

    id: str
    macro: str
    digest: str
    """Of the macro's definition: a run of a changed macro is not resumed half-way."""
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
