"""Plays a story of `tests/agent` in a real Neovim: by keys and commands, held against the same that was agreed."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neovim import Neovim
from playing import Player
from stories import Json, Step, passage

CHAT = "require('halley.chat').of()"
KEYS = {"once": "gy", "chat": "gc", "always": "gA", "deny": "gn"}
WORDS = {"done": "✓", "failed": "✗", "denied": "✗", "refused": "✗"}
NEXT = f"""(function(before)
    local buf = vim.api.nvim_get_current_buf()
    local asked = require('halley.chat.approving').first(buf)
    if asked and asked.callId ~= before then
      return vim.json.encode({{ callId = asked.callId, tool = asked.tool, arguments = asked.arguments }})
    end
    return not asked and {CHAT}.id and not require('halley.chat').busy(buf) and 'over' or nil
end)(...)"""
ASK_DAEMON = """
    local method, params = ...
    local client = vim.lsp.get_clients({ name = 'halley' })[1]
    local answer = client:request_sync(method, params, 90000)
    return vim.json.encode(answer.result)
"""
TEXT = """
    local buf = vim.fn.bufnr(...)
    return table.concat(vim.api.nvim_buf_get_lines(buf, 0, -1, true), '\\n') .. (vim.bo[buf].endofline and '\\n' or '')
"""
TYPE = """
    local name, row, column, last, last_column, text = ...
    vim.api.nvim_buf_set_text(vim.fn.bufnr(name), row, column, last, last_column, vim.split(text, '\\n'))
"""
TURN = f"""
    for number, turn in ipairs({CHAT}.text.turns) do
      if turn.id == ... then return number end
    end
"""


@dataclass
class Shown:
    """A file that is open in Neovim."""

    editor: Neovim
    path: Path

    @property
    def text(self) -> str:
        return self.editor.lua(TEXT, str(self.path))

    @property
    def is_modified(self) -> bool:
        return self.editor.lua("return vim.bo[vim.fn.bufnr(...)].modified", str(self.path))


class NeovimPlayer(Player):
    editor: Neovim

    def play_in(self, editor: Neovim, files: dict[str, str], steps: list[Step]) -> None:
        """As `play`, with the Neovim of a test."""
        self.editor = editor
        _done(self.play(files, steps))

    def ask_daemon(self, method: str, **params: Any) -> Any:
        return json.loads(self.editor.lua(ASK_DAEMON, method, params or {"refresh": False}))

    def on_question(self) -> None:
        """Called while a call waits."""

    def check(self) -> None:
        """A file without unsaved changes is on disk as it is seen: Neovim has saved it, before a command or for its user."""
        for name, shown in self.open.items():
            if not shown.is_modified:  # type: ignore[attr-defined]
                self.saved[name] = shown.text
        super().check()

    # -- the user

    async def _open(self, name: str) -> None:
        path = self.agent.folder / name
        self.editor.lua("vim.cmd('1wincmd w | edit ' .. vim.fn.fnameescape(...))", str(path))
        self.editor.attached()
        self.open[name] = Shown(self.editor, path)  # type: ignore[assignment]
        self.saved[name] = self.open[name].text

    def _save(self, name: str) -> None:
        self.editor.lua(
            "vim.api.nvim_buf_call(vim.fn.bufnr(...), vim.cmd.write)", str(self.agent.folder / name)
        )
        self.saved[name] = self.open[name].text

    async def _type(self, step: Step) -> None:
        if step.rest not in self.open:
            await self._open(step.rest)
        (old, new), text = passage(step.body), self.open[step.rest].text
        assert text.count(old) == 1, f"{old!r} is not in {step.rest} once"
        start = text.index(old)
        places = [_place(text, at) for at in (start, start + len(old))]
        self.editor.lua(TYPE, str(self.agent.folder / step.rest), *places[0], *places[1], new)
        self.agreed.set(step.rest, self.open[step.rest].text)

    async def _restore(self, words: list[str]) -> None:
        agreed, number = self.agreed, words[0]
        self._to_chat()
        if number != "undo":
            listed = self.ask_daemon("halley/checkpoints/list", chatId=self.agent.chat)["checkpoints"]
            number = str(self.editor.lua(TURN, listed[int(number) - 1]["turnId"]))
        self.editor.lua("vim.cmd('messages clear')")
        self.editor.type(f":Halley restore {' '.join([number, *words[1:]])}<CR>")
        self.editor.wait("vim.api.nvim_exec2('messages', { output = true }).output:find('estored') ~= nil")
        agreed.restore(agreed.undo if number == "undo" else agreed.turns[int(words[0]) - 1], words[1:])

    # -- a turn

    def _to_chat(self) -> None:
        if not self.agent.chat:
            self.editor.lua("vim.cmd('1wincmd w | Halley chat')")
        self.editor.lua("vim.cmd('2wincmd w')")
        self.editor.wait(f"{CHAT} ~= nil and {CHAT}.mode ~= nil")

    async def _run(self, step: Step) -> list[Json]:
        editor = self.editor
        self._to_chat()
        if step.mode:
            editor.lua("vim.cmd('Halley mode ' .. ...)", step.mode)
            editor.wait(f"{CHAT}.mode == ...", step.mode)
        editor.lua(f"require('halley.chat.transcript').set_prompt({CHAT}.text, ...)", step.rest)
        editor.type("<CR>")
        editor.wait(f"{CHAT}.asked ~= nil or {CHAT}.id ~= nil")
        call = ""
        while (told := editor.wait(NEXT, call)) != "over":
            asked = json.loads(told)
            call = asked["callId"]
            self.on_question()
            self._answer(_done(self._decide(asked)), call)
        self.agent.chat = editor.lua(f"return {CHAT}.id")
        left = self.agent.simulator._app.script.waiting
        assert not left, f"rounds that the model never came to: {left}"
        uses = self.ask_daemon("halley/chat/get", chatId=self.agent.chat)["turns"][-1]["replies"][0]["tools"]
        self._see(step, uses)
        self._agree_all(step, uses)
        return uses

    def _answer(self, answer: str | Json, call: str) -> None:
        """By the keys of the chat."""
        if isinstance(answer, dict):
            for number in range(
                self.editor.lua(
                    "return #require('halley.chat.approving').first(vim.api.nvim_get_current_buf()).hunks"
                )
            ):
                if number not in answer["hunks"]:
                    self._untick(number)
            answer = "once"
        self.editor.type(KEYS[answer])
        first = "require('halley.chat.approving').first(vim.api.nvim_get_current_buf())"
        self.editor.wait(f"not {first} or {first}.callId ~= ...", call)

    def _untick(self, number: int) -> None:
        rows = [at for at, line in enumerate(self.editor.text().splitlines(), 1) if line.startswith("> - [")]
        self.editor.lua("vim.api.nvim_win_set_cursor(0, { ..., 0 })", rows[number])
        self.editor.type("gh")
        self.editor.wait("vim.fn.getline(...):find('> - [ ] line ', 1, true) == 1", rows[number])

    def _see(self, step: Step, uses: list[Json]) -> None:
        """The chat shows each call with how it ended, in order."""
        shown = self.editor.text().split(f"## You\n\n{step.rest}\n")[-1].splitlines()
        marks = [line[2] for line in shown if line[:2] == "> " and line[3:6] == " **"]
        assert marks == [WORDS.get(use["state"], "✗") for use in uses], "\n".join(shown)


def _done(work: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine returns that awaits nothing but others like it: pynvim runs a loop of its own."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits for something")


def _place(text: str, at: int) -> tuple[int, int]:
    """Row and column in bytes, from 0."""
    before = text[:at]
    return before.count("\n"), len(before.rpartition("\n")[2].encode())
