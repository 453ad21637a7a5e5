"""Plays the stories of `tests/agent` (`stories.py`) through the Agent Client Protocol, with a client that answers approvals.

The client keeps open files unsaved until its user saves them, and writes the others to disk, as the editors of
`tests/agent` do: so the same case ends with the same files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acp_editor import Editor
from demo_tools import script
from playing import as_bytes, changed
from stories import Call, Step, passage

from halley.simulator import Simulator

Json = dict[str, Any]


def needs_files(steps: Sequence[Step]) -> bool:
    """Whether the user has texts in the editor, which an agent sees only where the client shows them."""
    return any(step.verb in ("opens", "types", "saves") for step in steps) or any(
        call.typed for step in steps for call in step.calls
    )


def needs_lsp(steps: Sequence[Step]) -> bool:
    """Whether hunks or checkpoints are picked, or the client would have to do what only editors do.

    `/restore` takes back the last turn, whole; an open file is neither moved nor deleted; other programs' writes are
    seen on disk.
    """
    calls = [call for step in steps for call in step.calls]
    if any(isinstance(call.answer, dict) or (call.typed and call.typed.verb == "disk") for call in calls):
        return True
    opened = {step.rest for step in steps if step.verb in ("opens", "types")}
    moved = {call.rest.partition(" to ")[0] for call in calls if call.verb in ("move", "delete")}
    if opened & moved or any(step.verb == "disk" for step in steps):
        return True
    turns = sum(step.verb == "you" for step in steps)
    picked = [step.rest for step in steps if step.verb == "restores" and step.rest != "undo"]
    return any(rest != str(turns) for rest in picked)


@dataclass
class AcpPlayer:
    editor: Editor
    simulator: Simulator
    open: dict[str, str] = field(default_factory=dict[str, str])
    """Texts of the editor's buffers, by path."""
    _waiting: list[Call] = field(default_factory=list[Call])

    async def play(self, files: dict[str, str], steps: Sequence[Step]) -> None:
        for name, text in files.items():
            self._write(name, text)
        self.editor.answers |= {"fs/read_text_file": self._shown, "fs/write_text_file": self._written}
        self.editor.decide = self._decide
        await self.editor.new()
        for step in steps:
            await self._step(step)

    def changed(self, files: dict[str, str]) -> dict[str, str]:
        return changed(files, self.editor.folder, self.open)

    async def _step(self, step: Step) -> None:
        match step.verb:
            case "you":
                await self._ask(step)
            case "types":
                self._type(step)
            case "opens":
                self._open(step.rest)
            case "saves":
                self._write(step.rest, self.open[step.rest])
            case _:
                await self.editor.prompt("/restore undo" if step.rest == "undo" else "/restore")

    # -- a turn

    async def _ask(self, step: Step) -> None:
        editor = self.editor
        for one in step.rounds:
            script(self.simulator, one.says, tool_calls=[call.as_json() for call in one.calls])
        if step.mode:
            await editor.request("session/set_mode", {"sessionId": editor.session, "modeId": step.mode})
        self._waiting, seen = step.calls, len(editor.updates)
        asked = editor.start_prompt(step.rest)
        if any(call.stops for call in step.calls):
            await editor.until(lambda: "ready" in str([use.get("content") for use in self._uses(seen)]))
            editor.cancel()
        stopped = any(call.stops or call.answer == "stop" for call in step.calls)
        assert await asked == {"stopReason": "cancelled" if stopped else "end_turn"}
        waiting = self.simulator._app.script.waiting
        assert stopped or not waiting, f"rounds that the model never came to: {waiting}"
        waiting.clear()
        uses = self._uses(seen)
        assert len(uses) == len(step.calls), uses
        for call, use in zip(step.calls, uses, strict=True):
            _check_call(call, use)

    def _uses(self, seen: int) -> list[Json]:
        """The calls that were shown since, each as it is after all its updates."""
        found: dict[str, Json] = {}
        for update in (one["update"] for one in self.editor.updates[seen:]):
            if update["sessionUpdate"] in ("tool_call", "tool_call_update"):
                use = found.setdefault(update["toolCallId"], {})
                use.update(update)
        return list(found.values())

    def _decide(self, asked: Json) -> str | None:
        arguments = asked["toolCall"]["rawInput"]
        call = next(
            one for one in self._waiting if one.as_json()["arguments"] == arguments and not one.was_asked
        )
        call.was_asked = True
        if call.typed:
            self._type(call.typed)
        if call.answer == "stop":
            self.editor.cancel()
            return None
        assert isinstance(call.answer, str)
        return call.answer

    # -- the user's editor

    def _open(self, name: str) -> None:
        self.open.setdefault(name, (self.editor.folder / name).read_bytes().decode())

    def _type(self, step: Step) -> None:
        self._open(step.rest)
        old, new = passage(step.body)
        assert self.open[step.rest].count(old) == 1, f"{old!r} is not in {step.rest} once"
        self.open[step.rest] = self.open[step.rest].replace(old, new)

    def _shown(self, params: Json) -> Json:
        name = self._name(params)
        return {
            "content": self.open[name] if name in self.open else Path(params["path"]).read_bytes().decode()
        }

    def _written(self, params: Json) -> None:
        if (name := self._name(params)) in self.open:
            self.open[name] = params["content"]
        else:
            self._write(name, params["content"])

    def _name(self, params: Json) -> str:
        return Path(params["path"]).relative_to(self.editor.folder).as_posix()

    def _write(self, name: str, text: str) -> None:
        path = self.editor.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(as_bytes(text))


def _check_call(call: Call, use: Json) -> None:
    """A call came out as its story says."""
    told = f"{call.verb} {call.rest}: {use['status']}: {use.get('rawOutput')}"
    assert (use["status"] == "completed") is (call.state == "done"), told
    assert call.was_asked or not call.asks, f"the user was not asked: {told}"
    assert not (call.was_asked and call.never_asks), f"the user was asked: {told}"
    for text in call.hears:
        assert text in use["rawOutput"], f"{text!r} is not in {told}"
