"""What a person can have done to code: the ACTIONS table, one file per action.

To add one: write `myaction.py` with an `ACTION`, a template `engine/templates/myaction.md`, a row below, and case
files under `tests/cases/myaction/`. Listing actions is `offers(snapshot)`: pure, quick, never a model call.
"""

from __future__ import annotations

from halley.core.errors import InvalidInput
from halley.features.actions import (
    document,
    edit,
    explain,
    fix,
    format,
    generate,
    illustrate,
    improve,
    tests,
    translate,
)
from halley.features.actions.action import Action, Job, Offer, Outcome

ACTIONS: dict[str, Action] = {
    action.id: action
    for action in (
        fix.ACTION,
        explain.ACTION,
        generate.ACTION,
        edit.ACTION,
        improve.ACTION,
        document.ACTION,
        tests.ACTION,
        translate.ACTION,
        format.ACTION,
        illustrate.ACTION,
    )
}


def find_action(id: str) -> Action:
    """Raises InvalidInput naming the actions there are."""
    action = ACTIONS.get(id)
    if action is None:
        raise InvalidInput(f"There is no action '{id}'.", f"Actions are: {', '.join(ACTIONS)}.")
    return action


__all__ = ["ACTIONS", "Action", "Job", "Offer", "Outcome", "find_action"]
