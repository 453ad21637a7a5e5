"""What was asked of a workspace's index, for every process that shares it: a small file beside the index.

It outlives the index: after a rebuild a pause still holds, and what was agreed to need not be asked again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from halley.stores.disk.state import load_state, update_state


@dataclass(frozen=True, slots=True)
class Control:
    """`answers` is what was said to each model's estimate; `generation` is raised by every rebuild."""

    paused: bool = False
    generation: int = 0
    answers: dict[str, bool] = field(default_factory=dict[str, bool])

    def agreed(self, model: str) -> bool:
        return self.answers.get(model) is True


def control_file(folder: Path) -> Path:
    """In a folder of its own, so that it can be watched without the index."""
    return folder / "control" / "control.json"


def load_control(folder: Path) -> Control:
    return _read(load_state(control_file(folder)))


def change_control(
    folder: Path, *, paused: bool | None = None, rebuild: bool = False, answer: tuple[str, bool] | None = None
) -> Control:
    """Changes what is named and leaves the rest. Raises StoreFailed when the disk refuses."""

    def change(value: dict[str, Any]) -> None:
        if paused is not None:
            value["paused"] = paused
        if rebuild:
            value["generation"] = _read(value).generation + 1
        if answer is not None:
            value["answers"] = _read(value).answers | {answer[0]: answer[1]}

    return _read(update_state(control_file(folder), change))


def _read(value: dict[str, Any]) -> Control:
    generation, answers = value.get("generation"), value.get("answers")
    kept = {k: v for k, v in answers.items() if isinstance(v, bool)} if isinstance(answers, dict) else {}
    return Control(value.get("paused") is True, generation if isinstance(generation, int) else 0, kept)
