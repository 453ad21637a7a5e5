"""Tasks of `tests/agent` as a script of VS Code's window plays them: the same cases, as JSON."""

from __future__ import annotations

from typing import Any

from stories import read_story

from casefile import FOLDER, read_case

ACTS = ("edit", "create", "delete", "move", "run", "shell")


def told(name: str) -> dict[str, Any]:
    """Files, what comes of them, and the turn of a case with a single turn, which the user may type before."""
    case = read_case(FOLDER / "agent" / f"{name}.md")
    *typed, turn = read_story(case.text("story"))
    assert turn.verb == "you" and all(step.verb == "types" for step in typed), name
    return {
        "files": case.texts("workspace"),
        "result": case.texts("result"),
        "types": [{"file": step.rest, "text": _line_before(step.body)} for step in typed],
        "prompt": turn.rest,
        "mode": turn.mode,
        "rounds": [
            {"text": one.says} | ({"tool_calls": [call.as_json() for call in one.calls]} if one.calls else {})
            for one in turn.rounds
        ],
        "answers": [call.answer for call in turn.calls if call.verb in ACTS],
        "last": turn.rounds[-1].says,
    }


def _line_before(body: list[str]) -> str:
    """The line that is typed at the top of a file."""
    assert body[0].startswith("+"), "only a line above the first is typed"
    return body[0][1:]
