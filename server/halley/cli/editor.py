"""A very small editor: the client's half of LSP over a daemon's stdio, for `halley try`.

It holds documents in memory, applies the edits it is sent, remembers what it was shown, and passes streamed events on.
Positions are negotiated as UTF-32, so that a character is a Python character.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

Json = dict[str, Any]

CAPABILITIES: Json = {
    "general": {"positionEncodings": ["utf-32"]},
    "window": {"workDoneProgress": True, "showDocument": {"support": True}, "showMessage": {}},
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {"documentChanges": True, "resourceOperations": ["create", "rename", "delete"]},
        "workspaceFolders": True,
        "textDocumentContent": {},
    },
    "textDocument": {
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}, "dataSupport": True},
        "inlineCompletion": {},
        "synchronization": {"didSave": True},
    },
    "experimental": {"halley": {"proposals": True, "chat": True}},
}


class ServerError(Exception):
    """The daemon answered with an error; `problem` is its data where it has any."""

    def __init__(self, error: Json) -> None:
        super().__init__(error.get("message", "error"))
        self.code: int = error.get("code", 0)
        self.problem: Json = error.get("data") or {}


@dataclass(slots=True)
class Buffer:
    """One open document."""

    uri: str
    language_id: str
    text: str
    version: int = 1

    def apply(self, edits: list[Json]) -> None:
        """Apply LSP text edits, last first, so that earlier ones keep their places."""
        for edit in sorted(edits, key=lambda e: _at(e["range"]["start"]), reverse=True):
            start, end = self.offset(edit["range"]["start"]), self.offset(edit["range"]["end"])
            self.text = self.text[:start] + edit["newText"] + self.text[end:]
        self.version += 1

    def offset(self, position: Json) -> int:
        lines = self.text.split("\n")
        row = min(position["line"], len(lines) - 1)
        return sum(len(line) + 1 for line in lines[:row]) + min(position["character"], len(lines[row]))

    def position(self, offset: int) -> Json:
        before = self.text[:offset]
        return {"line": before.count("\n"), "character": offset - (before.rfind("\n") + 1)}


def _at(position: Json) -> tuple[int, int]:
    return position["line"], position["character"]


@dataclass(slots=True)
class Editor:
    """A connection to one daemon. Open with `start`, leave with `stop`."""

    process: asyncio.subprocess.Process
    buffers: dict[str, Buffer] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)
    """URIs and messages the daemon asked to show."""
    on_progress: Callable[[Json], None] | None = None
    on_message: Callable[[str, Json], None] | None = None
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _waiting: dict[int, asyncio.Future[Any]] = field(default_factory=dict)
    _reader: asyncio.Task[None] | None = None

    async def initialize(self, root: Path, settings: Json | None = None) -> Json:
        result = await self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "clientInfo": {"name": "halley try"},
                "rootUri": root.as_uri(),
                "workspaceFolders": [{"uri": root.as_uri(), "name": root.name}],
                "capabilities": CAPABILITIES,
                "initializationOptions": {"settings": settings or {}},
            },
        )
        await self.notify("initialized", {})
        return result

    async def open(self, path: Path, language_id: str) -> Buffer:
        buffer = Buffer(path.as_uri(), language_id, path.read_text("utf-8"))
        self.buffers[buffer.uri] = buffer
        await self.notify("textDocument/didOpen", {"textDocument": _item(buffer)})
        return buffer

    async def replace(self, buffer: Buffer, text: str) -> None:
        """Type a whole new text into the buffer."""
        buffer.text, buffer.version = text, buffer.version + 1
        await self._changed(buffer)

    async def _changed(self, buffer: Buffer) -> None:
        identifier = {"uri": buffer.uri, "version": buffer.version}
        await self.notify(
            "textDocument/didChange", {"textDocument": identifier, "contentChanges": [{"text": buffer.text}]}
        )

    async def request(self, method: str, params: Json | None = None, timeout: float = 120.0) -> Any:
        """The result. Raises ServerError for an error answer, TimeoutError when none comes."""
        id = next(self._ids)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[id] = future
        await self._send({"id": id, "method": method, "params": params or {}})
        return await asyncio.wait_for(future, timeout)

    async def notify(self, method: str, params: Json) -> None:
        await self._send({"method": method, "params": params})

    async def stop(self) -> int:
        """shutdown, exit, and the daemon's exit code."""
        with contextlib.suppress(ServerError, TimeoutError, ConnectionError):
            await self.request("shutdown", timeout=10)
            await self.notify("exit", {})
        try:
            return await asyncio.wait_for(self.process.wait(), 10)
        except TimeoutError:
            self.process.kill()
            return await self.process.wait()
        finally:
            if self._reader:
                self._reader.cancel()

    async def _send(self, message: Json) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await self.process.stdin.drain()

    async def read_forever(self) -> None:
        assert self.process.stdout is not None
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                header = await self.process.stdout.readuntil(b"\r\n\r\n")
                length = int(header.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                await self._receive(json.loads(await self.process.stdout.readexactly(length)))
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ConnectionError("the daemon ended"))

    async def _receive(self, message: Json) -> None:
        if "method" not in message:
            future = self._waiting.pop(message.get("id", 0), None)
            if future and not future.done():
                self._settle(future, message)
        elif "id" in message:
            handler = SERVER_REQUESTS.get(message["method"])
            answer = await handler(self, message.get("params") or {}) if handler else None
            await self._send({"id": message["id"], "result": answer})
        elif message["method"] == "$/progress" and self.on_progress:
            self.on_progress(message["params"])
        elif self.on_message:
            self.on_message(message["method"], message.get("params") or {})

    @staticmethod
    def _settle(future: asyncio.Future[Any], message: Json) -> None:
        if "error" in message:
            future.set_exception(ServerError(message["error"]))
        else:
            future.set_result(message.get("result"))


async def start(command: list[str] | None = None, env: Mapping[str, str] = MappingProxyType({})) -> Editor:
    """A daemon as a child process, and the editor that talks to it. Its log goes to `HALLEY_HOME`."""
    process = await asyncio.create_subprocess_exec(
        *(command or [sys.executable, "-P", "-m", "halley", "serve"]),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=os.environ | dict(env),
        limit=2**26,
    )
    editor = Editor(process)
    editor._reader = asyncio.create_task(editor.read_forever())
    return editor


async def _apply_edit(editor: Editor, params: Json) -> Json:
    for change in params["edit"].get("documentChanges", []):
        if change.get("kind") == "create":
            editor.buffers[change["uri"]] = Buffer(change["uri"], "plaintext", "", 0)
        elif "textDocument" in change:
            buffer = editor.buffers.get(change["textDocument"]["uri"])
            if buffer is None:
                return {"applied": False, "failureReason": "not open"}
            if change["textDocument"].get("version") not in (None, buffer.version):
                return {"applied": False, "failureReason": "another version"}
            buffer.apply(change["edits"])
            await editor._changed(buffer)
    return {"applied": True}


async def _show_document(editor: Editor, params: Json) -> Json:
    editor.shown.append(params["uri"])
    return {"success": True}


async def _nothing(_editor: Editor, _params: Json) -> None:
    return None


async def _configuration(_editor: Editor, params: Json) -> list[None]:
    return [None for _ in params.get("items", [])]


SERVER_REQUESTS: dict[str, Callable[[Editor, Json], Awaitable[Any]]] = {
    "workspace/applyEdit": _apply_edit,
    "window/showDocument": _show_document,
    "window/workDoneProgress/create": _nothing,
    "client/registerCapability": _nothing,
    "workspace/configuration": _configuration,
}


def _item(buffer: Buffer) -> Json:
    return {
        "uri": buffer.uri,
        "languageId": buffer.language_id,
        "version": buffer.version,
        "text": buffer.text,
    }
