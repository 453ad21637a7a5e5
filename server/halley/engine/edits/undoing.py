"""Taking back edits that were made one after the other, from a text that may have been changed in between.

Each step is a text before and after one edit, None where there was no file. What was changed otherwise between or
after the steps stays, and is reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from halley.core.text import apply_edits
from halley.engine.edits.build import build_edits
from halley.engine.edits.rebase import rebase_edits

Step = tuple[str | None, str | None]
"""(text before, text after)"""


class TakenBack(NamedTuple):
    """`text` is without the steps; the text as it is where `fits` is false."""

    text: str | None
    changed: bool = False
    """Something else was changed since the first step, and stays in the text."""
    fits: bool = True
    """False where that is in the same place as a step."""


def take_back(now: str | None, steps: Sequence[Step]) -> TakenBack:
    """`now` without the steps, the last one first. A step that is not in the text any more needs nothing."""
    if steps and now == steps[0][0]:
        return TakenBack(now)
    text, changed = now, False
    for before, after in reversed(steps):
        if text == after:
            text = before
        elif text != before:
            if text is None or before is None or after is None:
                return TakenBack(now, changed=True, fits=False)
            rebased = rebase_edits(after, text, build_edits(after, before))
            if rebased.conflicts:
                return TakenBack(now, changed=True, fits=False)
            text, changed = apply_edits(text, rebased.edits), True
    return TakenBack(text, changed)
