"""What can be done to code: the ACTIONS table, one file per action.

    action.py      the shape of an action
    block.py       a block of code from a chat's reply as a change
    rewrite.py     the road of every action that edits in place
    document.py    documentation in the convention of the language
    edit.py        a change by an instruction
    explain.py     an explanation in Markdown
    fix.py         diagnostics, or what is wrong with a selection
    format.py      layout, with proof that nothing else changed
    generate.py    new code at the cursor
    illustrate.py  a picture for a passage of Markdown
    improve.py     the same behaviour, clearer code
    tests.py       tests, in the project's place for them
    translate.py   code in another language

To add one: write a file with an `ACTION`, a template of its name in `engine/templates`, a row below, and case files in
a folder of its name below `tests/cases`. Listing actions is `offers(snapshot)`: pure, quick, never a model call.
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
