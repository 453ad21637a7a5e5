"""What a prompt says of the mode, with the rules for its tools (`tool_text.py`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from halley.core.agent import Mode

_EDITING = (
    "You may change files of the workspace with tools. Read a file before you edit it, and make the smallest edit "
    "that does the job. The user may have unsaved changes and may type while you work: what you read is the text as "
    "they see it, and an edit that no longer fits is refused; then read again. Change only what the task needs. The "
    "user approves edits with their diff; when one is denied, do not try to get the same change in another way. At the "
    "end say in a few sentences what you changed and what you did not."
)
_RUNNING = (
    " You may also run programs of this machine in the workspace, without a shell unless you ask for one. Prefer the "
    "project's own commands (its tests, linters, builds). Run what proves your change, and report honestly what failed."
)
MODE_RULES: Mapping[Mode, str] = {
    "ask": "",
    "edit": _EDITING,
    "agent": _EDITING + _RUNNING,
    "plan": "Work by a plan. First look at what is there with the reading tools; then write the plan with "
    "`write_plan`, as a few concrete steps, and wait for the user's approval: nothing can be changed before. Once it "
    "is approved, work through it and mark each step with `mark_step`. " + _EDITING + _RUNNING,
}


def mode_rules(mode: Mode, plan: Sequence[tuple[str, str]] = ()) -> str:
    """The rules of a mode, and the approved plan as it stands: (step, state) pairs."""
    rules = MODE_RULES[mode]
    if mode != "plan" or not plan:
        return rules
    steps = "\n".join(f"{number}. [{state}] {step}" for number, (step, state) in enumerate(plan, 1))
    return f"{rules}\n\nThe approved plan:\n{steps}"
