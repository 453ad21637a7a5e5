"""A chat's requests as a macro: what was asked, turn by turn, to be asked again about other code.

One turn becomes a prompt, several become the steps of a pipeline, each working on the result before. What a turn
brought in is brought in again by a variable where macros have one; a file it named stays a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from halley.core.errors import InvalidInput
from halley.engine.chat_input import read_input
from halley.stores.chats.values import Turn

Json = dict[str, Any]

WORDS = {
    "selection": "the selection",
    "buffer": "this file",
    "diagnostics": "these problems",
    "diff": "these changes",
    "open": "the open files",
    "recent": "the recent edits",
}
"""Variables of chats that macros have too, and how a prompt speaks of them; their values follow it."""


def record_macro(turns: Sequence[Turn]) -> Json:
    """The table of `[macros.NAME]` in config.toml. Raises InvalidInput where no turn asked a model."""
    asked = [turn for turn in turns if not turn.undone and _is_question(turn)]
    if not asked:
        raise InvalidInput(
            "No turn here asked a model.", "Choose turns with a question; searches are left out."
        )
    steps = [_step(turn, is_first=index == 0) for index, turn in enumerate(asked)]
    return steps[0] if len(steps) == 1 else {"steps": steps}


def _is_question(turn: Turn) -> bool:
    return (
        bool(turn.details.get("said", turn.prompt)) and not {"search", "macro", "media"} & turn.details.keys()
    )


def _step(turn: Turn, *, is_first: bool) -> Json:
    text, used = _spoken(str(turn.details.get("said", turn.prompt)))
    if turn.excerpts and not used:
        used = ["diff"] if read_input(turn.prompt).command == "commit" else ["selection"]
    parts = [text, *(f"{{{{{name}}}}}" for name in used)]
    if not is_first:
        parts.append("The result so far:\n\n{{previous}}")
    models = turn.details.get("models") or []
    return {"prompt": "\n\n".join(parts)} | ({"model": str(models[0])} if len(models) == 1 else {})


def _spoken(said: str) -> tuple[str, list[str]]:
    """The text with its `#variables` in words, and those whose values are to follow; braces of the user's own are none
    of a template's."""
    typed = read_input(said)
    text, used = typed.text, list[str]()
    for variable in reversed(typed.variables):
        word = WORDS.get(variable.name, f"`{variable.argument}`")
        text = text[: variable.start] + word + text[variable.end :]
        used = [variable.name, *used] if variable.name in WORDS else used
    return text.strip().replace("{{", "{ {"), list(dict.fromkeys(used))
