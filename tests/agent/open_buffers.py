"""An editor with open buffers, in this process: the user types in it at any moment of an agent's edit.

What it is spoken to by is real: the documents, the workbench, the placing of edits, the checkpoints on disk. Only the
wire is left out, so that hundreds of interleavings take seconds. `kill` ends the daemon in the middle of an edit; the
buffers live on, as they do in an editor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from halley.core.settings import AgentSettings
from halley.core.text import apply_edits
from halley.features.agent.checkpoints import Keeper, Restored, restore
from halley.features.agent.editing import prepare_edit
from halley.features.agent.work import AgentWork
from halley.lsp.base.documents import DocumentStore
from halley.lsp.text.lines import line_index
from halley.lsp.window.agent.workbench import _WindowBench
from halley.stores.checkpoints import CheckpointStore

ENCODING = "utf-16"


class Killed(BaseException):
    """The daemon is gone in the middle of what it did."""


@dataclass
class Buffer:
    text: str
    version: int = 1


@dataclass
class OpenEditor:
    root: Path
    store: CheckpointStore
    chat: str
    buffers: dict[str, Buffer] = field(default_factory=dict[str, Buffer])
    """By name in the workspace."""
    on_edit: Callable[[], None] | None = None
    """What the user does in the moment an edit comes in, once."""
    kill: str = ""
    """`before` or `after` the next edit is made."""
    keeper: Keeper | None = None

    def __post_init__(self) -> None:
        self.documents = DocumentStore()
        self.start()

    # The user

    def open(self, name: str, text: str) -> None:
        (self.root / name).write_bytes(text.encode())
        self.buffers[name] = Buffer(text)
        self.documents.open(self._uri(name), "plaintext", 1, text)

    def type(self, name: str, at: int, text: str) -> None:
        old = self.buffers[name].text
        self._step(name, old[:at] + text + old[at:])

    def save(self, name: str) -> None:
        (self.root / name).write_bytes(self.buffers[name].text.encode())
        self.documents.save(self._uri(name))

    def text(self, name: str) -> str:
        return self.buffers[name].text

    def start(self) -> None:
        """The daemon starts; the editor tells it what it has open."""
        self.documents = DocumentStore()
        for name, buffer in self.buffers.items():
            self.documents.open(self._uri(name), "plaintext", buffer.version, buffer.text)
        client = SimpleNamespace(
            apply_edit=True, encoding=ENCODING, document_changes=True, change_annotations=False, saves=False,
            resource_operations=frozenset(("create", "rename", "delete")),
        )  # fmt: skip
        server = SimpleNamespace(documents=self.documents, encoding=ENCODING)
        self.session = SimpleNamespace(
            client=client, server=server, request=self._answer, document=self.documents.get, texts=self._texts
        )
        self.bench = _WindowBench(self.session, self.root)  # type: ignore[arg-type]

    # The agent

    def new_turn(self, turn: str) -> None:
        self.keeper = Keeper(self.store, self.chat, turn, "Turn of an agent")

    async def agent_edits(
        self, name: str, old: str, new: str, between: Callable[[], None] = lambda: None
    ) -> str:
        """One call of edit_file; `between` is what the user does while they are asked. Returns what the model reads."""
        work = AgentWork(
            self.root, "edit", self.bench, None, AgentSettings(), (), (), self.chat, lambda _: None, _keep_nothing,
            keeper=self.keeper,
        )  # type: ignore[arg-type]  # fmt: skip
        prepared = await prepare_edit(work, {"path": name, "old_text": old, "new_text": new}, "call")
        between()
        return (await prepared.run(60)).text

    async def agent_edits_a_part(self, name: str, old: str, new: str, which: int) -> tuple[str, str]:
        """Of an edit in several places the user approves one hunk; the text with just that, and what the model reads."""
        work = AgentWork(
            self.root, "edit", self.bench, None, AgentSettings(), (), (), self.chat, lambda _: None, _keep_nothing,
            keeper=self.keeper,
        )  # type: ignore[arg-type]  # fmt: skip
        arguments = {"path": name, "old_text": old, "new_text": new, "all": True}
        prepared = await prepare_edit(work, arguments, "call")
        number = which % len(prepared.hunks)
        wanted = apply_edits(self.text(name), prepared.hunks[number].edits)
        if len(prepared.hunks) > 1:
            assert prepared.part
            prepared = prepared.part(frozenset((number,)))
        return wanted, (await prepared.run(60)).text

    async def restores(self, id: str, *, force: bool = False) -> Restored:
        return await restore(self.store, self.bench, self.root, id, force=force)

    # The wire

    async def _answer(self, method: str, params: Any, _timeout_s: float | None = None) -> Any:
        assert method == "workspace/applyEdit"
        if self.kill == "before":
            raise Killed
        if self.on_edit:
            doing, self.on_edit = self.on_edit, None
            doing()
        (change,) = params["edit"]["documentChanges"]
        name = next(name for name in self.buffers if self._uri(name) == change["textDocument"]["uri"])
        if change["textDocument"]["version"] != self.buffers[name].version:
            return {"applied": False, "failureReason": "another version"}
        index = line_index(self.buffers[name].text)
        text = index.text
        for edit in sorted(change["edits"], key=lambda e: _start(index, e), reverse=True):
            end = index.offset(edit["range"]["end"], ENCODING)
            text = text[: _start(index, edit)] + edit["newText"] + text[end:]
        self._step(name, text)
        if self.kill == "after":
            raise Killed
        return {"applied": True}

    def _step(self, name: str, text: str) -> None:
        buffer = self.buffers[name]
        buffer.text, buffer.version = text, buffer.version + 1
        self.documents.change(self._uri(name), buffer.version, [{"text": text}], ENCODING)

    def _texts(self, change: Any) -> dict[str, str]:
        return {part.uri: self.documents.get(part.uri).text for part in change.changes}  # type: ignore[union-attr]

    def _uri(self, name: str) -> str:
        return (self.root / name).as_uri()


def _start(index: Any, edit: Any) -> int:
    return index.offset(edit["range"]["start"], ENCODING)


async def _keep_nothing(_plan: Any) -> None:
    """An agent without a plan."""
