"""What an editor answers to edits. Asking is `ports.Editor`; the edits themselves are `text.py`'s."""

from __future__ import annotations

from dataclasses import dataclass

from halley.core.errors import HalleyError, Problem, StaleDocument, error_of


@dataclass(frozen=True, slots=True)
class Applied:
    """The edits were made, as one undo step. No edits: the user looked at them and took none."""

    edits: int
    moved: bool = False
    """The text had changed since the edits were made for it, and they were moved to where it has gone."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was changed. `kept` is the new text, so that it can be shown: it is never lost."""

    problem: Problem
    kept: str = ""

    @property
    def is_stale(self) -> bool:
        """The text has changed in the same place, or is gone; otherwise the editor takes no such edits."""
        return self.problem.code == StaleDocument.code

    @property
    def error(self) -> HalleyError:
        """For callers that can do nothing but report it."""
        return error_of(self.problem)
