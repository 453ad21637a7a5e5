"""An editor that is no more than it says: a buffer, the capabilities it was given, and a list of what it never offered.

It speaks to a real daemon in plain JSON. What the daemon sends is done if the capabilities offer it; the rest is kept
in `unoffered`, with the reason. The buffer counts positions by itself and refuses edits that do not fit.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from buffer import Buffer, Json
from setting import guarded

from lsp_base.rawclient import RawClient

_ALWAYS = {"window/showMessage", "window/logMessage", "telemetry/event", "$/cancelRequest"}
"""What LSP lets a server send to everybody."""
_NEEDS = {
    "workspace/applyEdit": "workspace.applyEdit",
    "workspace/configuration": "workspace.configuration",
    "workspace/codeLens/refresh": "workspace.codeLens.refreshSupport",
    "window/showDocument": "window.showDocument.support",
    "window/workDoneProgress/create": "window.workDoneProgress",
    "textDocument/publishDiagnostics": "textDocument.publishDiagnostics",
}


@dataclass(frozen=True)
class Kind:
    """What a client says of itself, and how it behaves."""

    capabilities: Json = field(default_factory=dict)
    folders: Callable[[Path], Json] = lambda root: {"rootUri": root.as_uri()}
    """The fields of `initialize` that name the workspace."""
    answers: bool = True
    """Whether it ever answers a request."""
    versions: str = "numbers"
    """How it counts its documents: `numbers`, `null`, or `absent`."""
    encoding: str = "utf-16"

    def has(self, path: str) -> Any:
        value: Any = self.capabilities
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return value


class PlainEditor:
    def __init__(self, kind: Kind, client: RawClient) -> None:
        self.kind, self.client = kind, client
        self.config = Path()
        """The daemon's `config.toml`."""
        self.buffers: dict[str, Buffer] = {}
        self.created: list[str] = []
        self.messages: list[Json] = []
        self.shown: list[Json] = []
        self.progress: list[Json] = []
        self.edits: list[Json] = []
        self.unoffered: list[str] = []
        self._registered: set[str] = set()
        self._tokens: set[Any] = set()
        self._answers: dict[Any, asyncio.Future[Json]] = {}
        self._news = asyncio.Condition()
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, kind: Kind, root: Path, socket: Path | None = None) -> PlainEditor:
        """With a daemon of its own over stdio, or at the socket of one that runs; `initialized` was said."""
        if socket:
            client = RawClient(*await asyncio.open_unix_connection(socket, limit=2**24))
        else:
            pipe = asyncio.subprocess.PIPE
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "halley", "serve", stdin=pipe, stdout=pipe, env=os.environ | guarded(), limit=2**24
            )  # fmt: skip
            assert process.stdout and process.stdin
            client = RawClient(process.stdout, process.stdin, process)
        editor = cls(kind, client)
        editor._reading = asyncio.create_task(editor._read())
        said = {"processId": os.getpid(), "capabilities": kind.capabilities, **kind.folders(root)}
        result = await editor.request("initialize", said)
        editor.server = result["capabilities"]
        assert editor.server["positionEncoding"] == kind.encoding
        await editor.client.notify("initialized", {})
        return editor

    async def close(self) -> int:
        """As editors end: the daemon's exit code, or 0 once it has closed the connection to its socket."""
        await self.request("shutdown")
        await self.client.notify("exit")
        assert self._reading
        async with asyncio.timeout(90):
            with contextlib.suppress(asyncio.IncompleteReadError):
                await self._reading
        code = await self.client.exit_code() if self.client.process else 0
        await self.aclose()
        return code

    async def aclose(self) -> None:
        if self._reading:
            self._reading.cancel()
        await self.client.aclose()

    # -- documents

    async def open(self, path: Path, text: str) -> Buffer:
        path.write_text(text, "utf-8", newline="")
        buffer = self.buffers[path.as_uri()] = Buffer(path.as_uri(), "python", text, self.kind.encoding)
        item = {"uri": buffer.uri, "languageId": "python", "text": text} | self._version(buffer)
        await self.client.notify("textDocument/didOpen", {"textDocument": item})
        return buffer

    async def type(self, buffer: Buffer, at: int, text: str) -> None:
        place = buffer.position(at)
        buffer.step(buffer.text[:at] + text + buffer.text[at:])
        await self._changed(buffer, {"range": {"start": place, "end": place}, "text": text})

    async def _changed(self, buffer: Buffer, change: Json) -> None:
        identifier = {"uri": buffer.uri} | self._version(buffer)
        await self.client.notify(
            "textDocument/didChange", {"textDocument": identifier, "contentChanges": [change]}
        )

    def _version(self, buffer: Buffer) -> Json:
        of = {"numbers": {"version": buffer.version}, "null": {"version": None}, "absent": {}}
        return of[self.kind.versions]

    # -- asking

    async def request(self, method: str, params: Any = None) -> Any:
        """The result. An error is an AssertionError."""
        answer = await self.ask(method, params)
        assert "error" not in answer, answer
        return answer["result"]

    async def ask(self, method: str, params: Any = None) -> Json:
        """The whole answer."""
        id = await self.client.ask(method, params)
        self._answers[id] = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(90):
            return await self._answers[id]

    async def command(self, command: Json) -> Any:
        return await self.request(
            "workspace/executeCommand", {"command": command["command"], "arguments": command.get("arguments")}
        )

    async def actions(self, buffer: Buffer, range: Json, **context: Any) -> list[Json]:
        params = {
            "textDocument": {"uri": buffer.uri},
            "range": range,
            "context": {"diagnostics": []} | context,
        }
        return await self.request("textDocument/codeAction", params)

    async def pick(self, buffer: Buffer, range: Json, title: str) -> Any:
        """Lists the actions, takes the first one whose title begins so, and runs its command as LSP says."""
        listed = await self.actions(buffer, range)
        found = next((one for one in listed if one["title"].lower().startswith(title)), None)
        assert found, f"{title} is not among {[one['title'] for one in listed]}"
        return await self.command(found if isinstance(found["command"], str) else found["command"])

    async def until(self, condition: Callable[[], Any], what: str = "") -> Any:
        try:
            async with asyncio.timeout(90), self._news:
                while not (value := condition()):
                    await self._news.wait()
                return value
        except TimeoutError:
            raise AssertionError(f"it did not happen: {what}; messages: {self.messages}") from None

    async def told(self, part: str) -> str:
        """The message in which the user read this."""
        return await self.until(
            lambda: next((m["message"] for m in self.messages if part in m["message"]), ""), f"said {part!r}"
        )

    # -- hearing

    async def _read(self) -> None:
        while True:
            message = await self.client.read()
            if "method" in message:
                await self._heard(message)
            elif (waiting := self._answers.get(message["id"])) and not waiting.done():
                waiting.set_result(message)
            async with self._news:
                self._news.notify_all()

    async def _heard(self, message: Json) -> None:
        method, params = message["method"], message.get("params") or {}
        if reason := self._not_offered(method, params):
            self.unoffered.append(f"{method}: {reason}")
        if method == "window/showMessage":
            self.messages.append(params)
        elif method == "$/progress":
            self.progress.append(params)
        if "id" not in message:
            return
        result: Any = None
        if method == "workspace/applyEdit":
            result = {"applied": True}
            await self._apply(params["edit"])
        elif method == "window/showDocument":
            self.shown.append(params)
            result = {"success": True}
        elif method == "workspace/configuration":
            result = [None for _ in params["items"]]
        elif method == "window/workDoneProgress/create":
            self._tokens.add(params["token"])
        elif method == "client/registerCapability":
            self._registered |= {one["id"] for one in params["registrations"]}
        if self.kind.answers:
            await self.client.send({"jsonrpc": "2.0", "id": message["id"], "result": result})

    def _not_offered(self, method: str, params: Json) -> str:
        """Why this may not be sent to a client of this kind; empty where it may."""
        if method in _ALWAYS:
            return ""
        if method in ("client/registerCapability", "client/unregisterCapability"):
            listed = params.get("registrations") or params.get("unregisterations")
            wrong = [one["method"] for one in listed if not self._is_dynamic(one["method"])]
            return f"no dynamic registration of {wrong}" if wrong else ""
        if method == "$/progress":
            return "" if params["token"] in self._tokens else "an unknown token"
        if method not in _NEEDS:
            return "not of LSP"
        if not self.kind.has(_NEEDS[method]) and self.kind.has(_NEEDS[method]) != {}:
            return f"no {_NEEDS[method]}"
        if method == "window/showDocument" and params["uri"].startswith("halley:"):
            return (
                "" if self.kind.has("workspace.textDocumentContent") is not None else "no textDocumentContent"
            )
        return self._wrong_edit(params["edit"]) if method == "workspace/applyEdit" else ""

    def _is_dynamic(self, method: str) -> bool:
        return self.kind.has(f"{method.replace('/', '.')}.dynamicRegistration") is True

    def _wrong_edit(self, edit: Json) -> str:
        if "documentChanges" not in edit:
            return "" if "changes" in edit else "an edit with nothing in it"
        if not self.kind.has("workspace.workspaceEdit.documentChanges"):
            return "no documentChanges"
        operations = self.kind.has("workspace.workspaceEdit.resourceOperations") or []
        wrong = [
            part["kind"] for part in edit["documentChanges"] if part.get("kind", "") not in ("", *operations)
        ]
        return f"no resource operations {wrong}" if wrong else ""

    async def _apply(self, edit: Json) -> None:
        self.edits.append(edit)
        parts = [(uri, edits) for uri, edits in edit.get("changes", {}).items()]
        for part in edit.get("documentChanges", []):
            if part.get("kind") == "create":
                self.created.append(part["uri"])
            else:
                parts.append((part["textDocument"]["uri"], part["edits"]))
                buffer = self.buffers.get(part["textDocument"]["uri"])
                if buffer and self.kind.versions == "numbers":
                    assert part["textDocument"]["version"] == buffer.version
        for uri, edits in parts:
            if buffer := self.buffers.get(uri):
                buffer.apply(edits)
                await self._changed(buffer, {"text": buffer.text})
