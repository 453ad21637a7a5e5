"""Plays a story (`stories.py`) against a daemon, and holds what comes of it against what was agreed (`agreed.py`)."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from agreed import Agreed, lines_of
from harness import Agent, of_kind
from stories import Call, Json, Step, passage
from window import Buffer

from halley.engine.code.languages import language_id_of


@dataclass
class Player:
    agent: Agent
    agreed: Agreed = field(default_factory=Agreed)
    open: dict[str, Buffer] = field(default_factory=dict[str, Buffer])
    saved: dict[str, str] = field(default_factory=dict[str, str])
    """What is on disk of the files that are open: only the user saves them."""
    _waiting: list[Call] = field(default_factory=list[Call])
    _turn: int = 0
    _undo: str = ""

    async def play(self, files: dict[str, str], steps: list[Step]) -> None:
        for name, text in files.items():
            self.agent.write(name, as_bytes(text))
            self.agreed.set(name, text)
        for step in steps:
            match step.verb:
                case "you":
                    await self._ask(step)
                case "types" | "disk":
                    await self._change(step)
                case "opens":
                    await self._open(step.rest)
                case "saves":
                    self._save(step.rest)
                case _:
                    await self._restore(step.rest.split())
            self.check()

    # -- what comes of it

    def check(self) -> None:
        """Every file and every buffer is exactly what was agreed."""
        on_disk = tree(self.agent.folder)
        seen = on_disk | {name: buffer.text for name, buffer in self.open.items()}
        assert {name: lines_of(text) for name, text in seen.items()} == self.agreed.texts
        for name, text in self.saved.items():
            assert on_disk[name] == text, f"{name} is open: its editor saves it, not the agent"

    def changed(self, files: dict[str, str]) -> dict[str, str]:
        return changed(files, self.agent.folder, {name: buffer.text for name, buffer in self.open.items()})

    # -- the user

    async def _open(self, name: str) -> None:
        self.open[name] = await self.agent.window.open(name, language_id=language_id_of(name))
        self.saved[name] = self.open[name].text

    def _save(self, name: str) -> None:
        self.saved[name] = self.open[name].text
        self.agent.write(name, self.saved[name])
        self.agent.window.notify("textDocument/didSave", {"textDocument": {"uri": self.open[name].uri}})

    async def _change(self, step: Step) -> None:
        if step.verb == "types":
            await self._type(step)
        else:
            self._write(step)

    def _write(self, step: Step) -> None:
        """By another program: of a file that is open the editor's text stays what it is."""
        (old, new), text = passage(step.body), self.agent.read(step.rest)
        assert text.count(old) == 1, f"{old!r} is not in {step.rest} once"
        text = text.replace(old, new)
        self.agent.write(step.rest, text)
        if step.rest in self.open:
            self.saved[step.rest] = text
        else:
            self.agreed.set(step.rest, text)

    async def _type(self, step: Step) -> None:
        if step.rest not in self.open:
            await self._open(step.rest)
        buffer, (old, new) = self.open[step.rest], passage(step.body)
        assert buffer.text.count(old) == 1, f"{old!r} is not in {step.rest} once"
        await self.agent.window.type(buffer, buffer.text.index(old), new, instead_of=len(old))
        self.agreed.set(step.rest, buffer.text)

    async def _restore(self, words: list[str]) -> None:
        window, agreed = self.agent.window, self.agreed
        listed = await window.request("halley/checkpoints/list", {"chatId": self.agent.chat})
        if words[0] == "undo":
            result = await window.request("halley/checkpoints/restore", {"id": self._undo})
            agreed.restore(agreed.undo, [])
        else:
            id = listed["checkpoints"][int(words[0]) - 1]["id"]
            files = {"files": words[1:]} if words[1:] else {}
            result = await window.request("halley/checkpoints/restore", {"id": id, **files})
            agreed.restore(agreed.turns[int(words[0]) - 1], words[1:])
        assert not result["changed"] and not result["failed"], result
        self._undo = result["undo"]

    # -- a turn

    async def _ask(self, step: Step) -> None:
        for one in step.rounds:
            self.agent.says(*filter(None, (one.says, *(call.as_json() for call in one.calls))))
        before, self._turn = self.agreed.before_turn(), self._turn + 1
        self._waiting = step.calls
        self.agent.decide = self._decide
        uses = await self._run(step)
        if any(use.get("diff") and use["state"] == "done" for use in uses):
            self.agreed.turns.append(before)
        assert len(uses) == len(step.calls), [use["result"] for use in uses]
        for call, use in zip(step.calls, uses, strict=True):
            _check_call(call, use)

    async def _run(self, step: Step) -> list[Json]:
        """The calls as they are kept; each edit that was done is part of what was agreed from then on."""
        window, token = self.agent.window, f"turn-{self._turn}"
        params: Json = {"prompt": step.rest, "partialResultToken": token}
        params |= {"mode": step.mode} if step.mode else {}
        params |= {"chatId": self.agent.chat} if self.agent.chat else {}
        self._running = window.start("halley/chat/send", params)
        if any(call.stops for call in step.calls):
            await window.until(lambda: of_kind(window.events(token), "terminal"), "the command runs")
            self._running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            self.agent.chat = (await self._running)["chatId"]
            left = self.agent.simulator._app.script.waiting
            assert not left, f"rounds that the model never came to: {left}"
        reply = await self._ended(of_kind(window.events(token), "start")[0]["chatId"])
        self._agree_all(step, reply["tools"])
        return reply["tools"]

    def _agree_all(self, step: Step, uses: list[Json]) -> None:
        for call, use in zip(step.calls, uses, strict=False):
            self._agree(use)
            for written in call.writes:
                self.agreed.write(written.rest, *passage(written.body))

    async def _ended(self, chat: str) -> Json:
        self.agent.chat = chat
        reply = await self.agent.ended(chat)
        self.agent.simulator._app.script.waiting.clear()
        return reply

    async def _decide(self, asked: Json) -> str | Json:
        made = {"name": asked["tool"], "arguments": asked["arguments"]}
        call = next(one for one in self._waiting if one.as_json() == made and not one.was_asked)
        call.was_asked = True
        if call.typed:
            await self._change(call.typed)
        if call.answer == "stop":
            self._running.cancel()
            await asyncio.Event().wait()
        return call.answer

    def _agree(self, use: Json) -> None:
        if use["state"] == "done" and use.get("diff"):
            self.agreed.make(use["diff"])
            path = json.loads(use["arguments"])["path"]
            if use["tool"] == "delete_file":
                self.agreed.delete(path)
                self.open.pop(path, None)
                self.saved.pop(path, None)
            if use["tool"] == "move_file" and path in self.open:
                to = json.loads(use["arguments"])["to"]
                self.open[to], self.saved[to] = self.open.pop(path), self.saved.pop(path)


def _check_call(call: Call, use: Json) -> None:
    """A call came out as its story says."""
    told = f"{call.verb} {call.rest}: {use['state']}: {use['result']}"
    assert use["state"] == call.state, told
    assert call.was_asked or not call.asks, f"the user was not asked: {told}"
    assert not (call.was_asked and call.never_asks), f"the user was asked: {told}"
    for text in call.hears:
        assert text in use["result"], f"{text!r} is not in {told}"


def changed(files: dict[str, str], folder: Path, open: dict[str, str]) -> dict[str, str]:
    """What is other than it was: texts by path, `(gone)` for a file that is no more, `(not saved)` for a buffer."""
    on_disk = tree(folder)
    found = {name: text for name, text in on_disk.items() if files.get(name) != text}
    found |= {f"{name} (gone)": "" for name in files if name not in on_disk}
    unsaved = {name: text for name, text in open.items() if on_disk.get(name) != text}
    return dict(sorted((found | {f"{name} (not saved)": text for name, text in unsaved.items()}).items()))


def as_bytes(text: str) -> bytes:
    """UTF-8; bytes that are none are written as `\\udce4` in a case."""
    return text.encode(errors="surrogateescape")


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder, by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes().decode(errors="surrogateescape")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }
