"""An agent's edits in words: as a diff for the user, and which parts were approved for the model."""

from __future__ import annotations

from difflib import unified_diff

from halley.engine.markdown.inert import visible


def diff_of(name: str, old: str, new: str) -> str:
    """A unified diff for a user to read, with what cannot be seen written out."""
    rows = unified_diff(old.splitlines(), new.splitlines(), name, name, lineterm="")
    ends = ""
    if old and new and old.splitlines() == new.splitlines():
        ends = f"{name}: only line ends change\n"
    return visible("\n".join(rows)) + "\n" + ends


def told_in_part(name: str, chosen: frozenset[int], count: int, old: str, made: str, wanted: str) -> str:
    """What a model reads of an edit approved in part: `old` became `made`, where it wanted `wanted`."""
    approved = _numbers(chosen)
    refused = _numbers(frozenset(range(count)) - chosen)
    return (
        f"Edited {name} in part: of {count} hunks the user approved {approved} and refused {refused}.\n\n"
        f"Applied:\n{diff_of(name, old, made)}\n"
        f"Refused, and not in the file. Do not make these changes again:\n{diff_of(name, made, wanted)}"
    )


def _numbers(chosen: frozenset[int]) -> str:
    *most, last = (str(number + 1) for number in sorted(chosen))
    return f"{', '.join(most)} and {last}" if most else last
