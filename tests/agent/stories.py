"""How the cases of `tests/cases/agent` tell what happens, line by line. Paragraphs are what the user does, or one round
of the model:

    you agent: Make the tests pass.      a turn begins, in this mode (without one: the mode that the chat is in)
    types a.py                           the user types: a passage of the buffer, as below
    opens a.py   saves a.py              … in an editor; without it a file is only on disk
    disk a.py                            another program changes the file, open or not
    restores 1 a.py   restores undo      back to before the chat's first checkpoint, for some files; and back again

    edit a.py [all]                      the model's calls; lines below say the passage: `-` goes, `+` comes, ` ` stays
    create a.py   delete a.py   move a.py to b.py
    run python -m unittest   shell …     `python` is the one that runs the tests
    read a.py   list .   search …   plan (with a `+` line for each step)   mark 1 done
    task Find it.   acting task …        a conversation of its own: the rounds below are its, until one without calls
    says Done.                           its text

Below a call stands what comes of it: `?` is the user's answer (`once` where none is given, `deny`, `chat`, `always`,
`stop`, `hunks 1 3`, or what they type, or `disk` changes, before they approve; `never` where they must not be asked),
`=>` what the model hears (`=> failed: not there`; a call without a state must be done), `stop when it runs` is the
user's, `writes a.py` and a passage say what the command does to a file.
"""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
STATES = ("done", "failed", "denied", "refused", "cut", "open", "unanswered")
_ACTS = "edit|create|delete|move|run|shell|read|list|search|plan|mark|task|acting task|raw"
_CALL = re.compile(rf"({_ACTS})(?: (.*))?$")
_YOU = re.compile(r"you(?: (ask|edit|agent|plan))?: (.*)$")


@dataclass
class Step:
    """What the user does. `verb`: `you` begins a turn, whose rounds follow."""

    verb: str
    rest: str = ""
    mode: str = ""
    body: list[str] = field(default_factory=list[str])
    rounds: list[Round] = field(default_factory=list["Round"])

    @property
    def calls(self) -> list[Call]:
        return [call for one in self.rounds for call in one.calls]


@dataclass
class Round:
    says: str = ""
    calls: list[Call] = field(default_factory=list["Call"])


@dataclass
class Call:
    verb: str
    rest: str
    body: list[str] = field(default_factory=list[str])
    answer: str | Json = "once"
    typed: Step | None = None
    """What the user types, or another program writes, while they are asked."""
    asks: bool = False
    """Whether the story says that the user is asked."""
    never_asks: bool = False
    was_asked: bool = False
    state: str = "done"
    hears: list[str] = field(default_factory=list[str])
    stops: bool = False
    writes: list[Step] = field(default_factory=list[Step])
    """Files that the command changes, with the passage."""

    def as_json(self) -> Json:
        """The call as a model makes it."""
        old, new = passage(self.body)
        match self.verb:
            case "edit":
                path = self.rest.removesuffix(" all")
                all = {"all": True} if path != self.rest else {}
                return _made("edit_file", path=path, old_text=old, new_text=new, **all)
            case "create":
                return _made("create_file", path=self.rest, text=f"{new}\n")
            case "delete":
                return _made("delete_file", path=self.rest)
            case "move":
                path, _, to = self.rest.partition(" to ")
                return _made("move_file", path=path, to=to)
            case "run":
                return _made("run_command", command=_with_python(shlex.split(self.rest)))
            case "shell":
                return _made("run_command", shell_line=self.rest)
            case "read":
                return _made("read_file", path=self.rest)
            case "list":
                return _made("list_files", folder=self.rest)
            case "search":
                return _made("search_workspace", query=self.rest)
            case "plan":
                return _made("write_plan", steps=new.splitlines())
            case "task":
                return _made("task", prompt=self.rest)
            case "acting task":
                return _made("task", prompt=self.rest, acts=True)
            case "mark":
                number, state = self.rest.split()
                return _made("mark_step", step=int(number), state=state)
            case _:
                name, _, arguments = self.rest.partition(" ")
                return {"name": name, "arguments": arguments}


def read_story(text: str) -> list[Step]:
    """Raises AssertionError for a line that means nothing."""
    steps: list[Step] = []
    last: Any = None
    fresh = True
    for line in text.split("\n"):
        if not line:
            fresh = True
            continue
        if line[0] in "-+ ":
            last.body.append(line)
            continue
        last = _read_line(line, steps, last, fresh)
        fresh = False
    return steps


def passage(body: list[str]) -> tuple[str, str]:
    """The text before and after: whole lines, the last one without its end."""
    old = "\n".join(line[1:] for line in body if line[0] in "- ")
    new = "\n".join(line[1:] for line in body if line[0] in "+ ")
    return old, new


def _read_line(line: str, steps: list[Step], last: Any, fresh: bool) -> Any:
    call = steps[-1].calls[-1] if steps and steps[-1].calls else None
    if found := _YOU.match(line):
        steps.append(Step("you", found[2], found[1] or ""))
        return steps[-1]
    if (found := re.match(r"(types|opens|saves|disk|restores) (.+)$", line)) and fresh:
        steps.append(Step(found[1], found[2]))
        return steps[-1]
    if line.startswith("? ") and call:
        return _answer(call, line[2:])
    if line.startswith("=> ") and call:
        state, _, rest = line[3:].partition(": ")
        said = state in STATES
        call.state = state if said else call.state
        call.hears += [rest] if said and rest else [] if said else [line[3:]]
        return call
    if line == "stop when it runs" and call:
        call.stops = True
        return call
    if line.startswith("writes ") and call:
        call.writes.append(Step("writes", line[7:]))
        return call.writes[-1]
    assert steps and steps[-1].verb == "you", f"nothing before {line!r}"
    if fresh:
        steps[-1].rounds.append(Round())
    if line.startswith("says "):
        steps[-1].rounds[-1].says = line[5:]
        return last
    found = _CALL.match(line)
    assert found, f"{line!r} means nothing"
    steps[-1].rounds[-1].calls.append(Call(found[1], found[2] or ""))
    return steps[-1].calls[-1]


def _answer(call: Call, said: str) -> Any:
    call.never_asks = said == "never"
    call.asks = not call.never_asks
    verb, _, rest = said.partition(" ")
    if verb in ("types", "disk"):
        call.typed = Step(verb, rest)
        return call.typed
    if verb == "hunks":
        call.answer = {"decision": "once", "hunks": [int(number) - 1 for number in rest.split()]}
    else:
        call.answer = said
    return call


def _made(name: str, /, **arguments: Any) -> Json:
    return {"name": name, "arguments": arguments}


def _with_python(argv: list[str]) -> list[str]:
    return [sys.executable, "-B", *argv[1:]] if argv[0] == "python" else argv
