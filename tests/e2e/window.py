"""One editor window over a real daemon, spoken to through pytest-lsp: what a test drives.

pytest-lsp checks each message against the specification and what the client said it can do. Everything a test sees
is plain JSON. Nothing here sleeps: `until` waits for messages.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from buffer import Buffer, Json
from lspclient import Client, RequestFailed

PATIENCE_S = 90.0

CAPABILITIES: Json = {
    "general": {"positionEncodings": ["utf-16"]},
    "window": {"workDoneProgress": True, "showDocument": {"support": True}, "showMessage": {}},
    "workspace": {
        "applyEdit": True,
        "configuration": True,
        "didChangeConfiguration": {"dynamicRegistration": False},
        "executeCommand": {},
        "workspaceEdit": {"documentChanges": True, "resourceOperations": ["create", "rename", "delete"]},
        "workspaceFolders": True,
    },
    "textDocument": {
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "quickfix", "refactor"]}},
            "dataSupport": True,
        },
        "formatting": {},
        "inlineCompletion": {},
        "completion": {},
        "publishDiagnostics": {},
        "synchronization": {"didSave": True},
    },
    "notebookDocument": {"synchronization": {"dynamicRegistration": True}},
    "experimental": {"halley": {"chat": True}},
}


@dataclass
class Window:
    client: Client
    folder: Path
    buffers: dict[str, Buffer] = field(default_factory=dict)
    settings: Json = field(default_factory=dict)
    """What `workspace/configuration` answers for the section `halley`."""
    edits: list[Json] = field(default_factory=list)
    """The parameters of each `workspace/applyEdit`."""
    shown: list[Json] = field(default_factory=list)
    """The parameters of each `window/showDocument`."""
    messages: list[str] = field(default_factory=list)
    progress: list[Json] = field(default_factory=list)
    heard: list[tuple[str, Any]] = field(default_factory=list)
    """Every notification, in order: (method, params)."""
    diagnostics: dict[str, list[Json]] = field(default_factory=dict)
    refuse: str = ""
    """A reason to refuse edits for."""
    before_edit: Callable[[], Awaitable[None]] | None = None
    """Runs once when an edit comes in, before it is looked at: what the user typed in that moment."""
    says_applied: bool = False
    """Also of edits that it refuses as stale it says that they were applied, as Neovim does."""
    _tokens: Any = field(default_factory=lambda: itertools.count(1))
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    # -- life

    async def initialize(self, capabilities: Json | None = None, options: Json | None = None) -> Json:
        self.client.window = self
        return await self.client.open(
            self.folder, capabilities or CAPABILITIES, options or {"settings": self.settings}
        )

    async def close(self) -> int | None:
        """shutdown and exit, as editors do; the exit code where the daemon is ours alone."""
        return await self.client.close()

    # -- documents

    async def open(self, name: str, text: str | None = None, language_id: str = "python") -> Buffer:
        """Open a file of the workspace; with `text`, write it first."""
        path = self.folder / name
        if text is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8", newline="")
        buffer = Buffer(path.as_uri(), language_id, path.read_bytes().decode())
        self.buffers[buffer.uri] = buffer
        self._opened(buffer)
        return buffer

    def _opened(self, buffer: Buffer) -> None:
        item = {
            "uri": buffer.uri,
            "languageId": buffer.language_id,
            "version": buffer.version,
            "text": buffer.text,
        }
        self.notify("textDocument/didOpen", {"textDocument": item})

    async def type(self, buffer: Buffer, at: int, text: str, *, instead_of: int = 0) -> None:
        """Type at an index, over so many characters; sent as an incremental change."""
        range = {"start": buffer.position(at), "end": buffer.position(at + instead_of)}
        buffer.step(buffer.text[:at] + text + buffer.text[at + instead_of :])
        self._changed(buffer, {"range": range, "text": text})

    async def open_notebook(self, name: str, *cells: tuple[str, str]) -> list[Buffer]:
        """Write and open a notebook of (language, text) cells, as VS Code does; its cells."""
        path = self.folder / name
        sources = [
            {"cell_type": "markdown" if language == "markdown" else "code", "metadata": {}, "source": text}
            for language, text in cells
        ]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"cells": sources, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
        buffers = [
            Buffer(f"vscode-notebook-cell:{path}#W{n}sZmlsZQ%3D%3D", language, text, notebook=path.as_uri())
            for n, (language, text) in enumerate(cells)
        ]
        self.buffers |= {buffer.uri: buffer for buffer in buffers}
        notebook = {"uri": path.as_uri(), "notebookType": "jupyter-notebook", "version": 0}
        notebook["cells"] = [
            {"kind": 1 if buffer.language_id == "markdown" else 2, "document": buffer.uri}
            for buffer in buffers
        ]
        texts = [
            {"uri": b.uri, "languageId": b.language_id, "version": b.version, "text": b.text} for b in buffers
        ]
        self.notify("notebookDocument/didOpen", {"notebookDocument": notebook, "cellTextDocuments": texts})
        return buffers

    def _changed(self, buffer: Buffer, change: Json) -> None:
        identifier = {"uri": buffer.uri, "version": buffer.version}
        if buffer.notebook:
            text = {"document": identifier, "changes": [change]}
            notebook = {"uri": buffer.notebook, "version": buffer.version}
            change = {"cells": {"textContent": [text]}}
            self.notify("notebookDocument/didChange", {"notebookDocument": notebook, "change": change})
            return
        self.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": [change]})

    # -- asking

    def notify(self, method: str, params: Json) -> None:
        self.client.notify(method, params)

    async def request(self, method: str, params: Json) -> Any:
        """The result. Raises RequestFailed (`code`, `problem`) for an error."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.client.request(method, params)

    def start(self, method: str, params: Json) -> asyncio.Task[Any]:
        """A request in the background; cancel the task to cancel the request."""
        return asyncio.get_running_loop().create_task(self.request(method, params))

    async def command(self, command: str, *arguments: Any) -> Any:
        return await self.request(
            "workspace/executeCommand", {"command": command, "arguments": list(arguments)}
        )

    async def code_actions(
        self, buffer: Buffer, range: Json, *, only: str = "", diagnostics: list[Json] | None = None
    ) -> list[Json]:
        context: Json = {"diagnostics": diagnostics or [], "triggerKind": 1} | (
            {"only": [only]} if only else {}
        )
        identifier = {"uri": buffer.uri}
        params = {"textDocument": identifier, "range": range, "context": context}
        return await self.request("textDocument/codeAction", params) or []

    async def action(
        self, buffer: Buffer, range: Json, kind: str, diagnostics: list[Json] | None = None
    ) -> Json:
        """The first action of exactly this kind."""
        listed = await self.code_actions(buffer, range, only=kind, diagnostics=diagnostics)
        found = [action for action in listed if action.get("kind") == kind]
        assert found, f"no action of kind {kind}: {[a['title'] for a in listed]}"
        return found[0]

    async def run(self, action: Json) -> Json:
        """What picking a code action does."""
        command = action["command"]
        return await self.command(command["command"], *command["arguments"])

    def start_run(self, action: Json) -> asyncio.Task[Any]:
        command = action["command"]
        return self.start(
            "workspace/executeCommand", {"command": command["command"], "arguments": command["arguments"]}
        )

    async def chat(self, prompt: str, **params: Any) -> tuple[Json, list[Json]]:
        """`halley/chat/send`: the result, and the events that streamed before it."""
        token = f"chat-{next(self._tokens)}"
        result = await self.request(
            "halley/chat/send", {"prompt": prompt, "partialResultToken": token, **params}
        )
        return result, self.events(token)

    def events(self, token: str) -> list[Json]:
        batches = [p["value"] for p in self.progress if p["token"] == token and isinstance(p["value"], list)]
        return [event for batch in batches for event in batch]

    # -- waiting

    async def until(self, condition: Callable[[], Any], what: str = "") -> Any:
        """Waits for messages until `condition()` is true; its value."""
        try:
            async with asyncio.timeout(PATIENCE_S), self._news:
                while not (value := condition()):
                    await self._news.wait()
                return value
        except TimeoutError:
            raise AssertionError(f"it did not happen: {what or condition}; heard {self.heard[-5:]}") from None

    async def hear(self, method: str, params: Any) -> None:
        """A notification came."""
        self.heard.append((method, params))
        if method == "$/progress":
            self.progress.append(params)
        elif method == "halley/progress":
            self.progress += params["values"]
        elif method == "window/showMessage":
            self.messages.append(params["message"])
        elif method == "textDocument/publishDiagnostics":
            self.diagnostics[params["uri"]] = params["diagnostics"]
        await self.tell()

    async def tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    # -- answering

    async def answer(self, method: str, params: Json) -> Any:
        """A request came."""
        result = await getattr(self, "_" + method.replace("/", "_"), self._nothing)(params)
        self.heard.append((method, params))
        await self.tell()
        return result

    async def _nothing(self, params: Json) -> None:
        return None

    async def _workspace_configuration(self, params: Json) -> list[Any]:
        return [self.settings if item.get("section") == "halley" else None for item in params["items"]]

    async def _window_showDocument(self, params: Json) -> Json:
        self.shown.append(params)
        return {"success": True}

    async def _workspace_applyEdit(self, params: Json) -> Json:
        self.edits.append(params)
        if self.before_edit:
            hook, self.before_edit = self.before_edit, None
            await hook()
        if self.refuse:
            return {"applied": False, "failureReason": self.refuse}
        changes = params["edit"]["documentChanges"]
        if any(self._is_stale(change) for change in changes):
            return {"applied": self.says_applied, "failureReason": "the document has another version"}
        for change in changes:
            await self._apply(change)
        return {"applied": True}

    def _is_stale(self, change: Json) -> bool:
        identifier = change.get("textDocument", {})
        buffer = self.buffers.get(identifier.get("uri"))
        return buffer is not None and identifier["version"] != buffer.version

    async def _apply(self, change: Json) -> None:
        if change.get("kind") == "create":
            self.buffers[change["uri"]] = Buffer(change["uri"], "plaintext", "")
        elif change.get("kind") == "rename":
            self._rename(change["oldUri"], change["newUri"])
        elif change.get("kind") == "delete":
            self._path(change["uri"]).unlink()
            if self.buffers.pop(change["uri"], None):
                self.notify("textDocument/didClose", {"textDocument": {"uri": change["uri"]}})
        elif buffer := self.buffers.get(change["textDocument"]["uri"]):
            buffer.apply(change["edits"])
            self._changed(buffer, {"text": buffer.text})

    def _rename(self, old: str, new: str) -> None:
        """The file on disk, and its buffer with what is not saved, as VS Code does."""
        self._path(new).parent.mkdir(parents=True, exist_ok=True)
        self._path(old).rename(self._path(new))
        if buffer := self.buffers.pop(old, None):
            self.notify("textDocument/didClose", {"textDocument": {"uri": old}})
            buffer.uri = new
            self.buffers[new] = buffer
            self._opened(buffer)

    def _path(self, uri: str) -> Path:
        return Path(unquote(urlsplit(uri).path))


class Agreeing(Window):
    """A user who approves what is asked, and remembers it."""

    asked: list[str]
    answer_yes = True

    async def _window_showMessageRequest(self, params: Json) -> Json:
        self.asked = [*getattr(self, "asked", []), params["message"]]
        return {"title": "Yes" if self.answer_yes else "No"}


__all__ = ["CAPABILITIES", "Agreeing", "Buffer", "Client", "Json", "RequestFailed", "Window"]
