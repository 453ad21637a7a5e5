"""A small editor that speaks the Agent Client Protocol, in raw JSON. What it gets is checked against the SDK's schema.

    editor = Editor(folder, {"fs": {"readTextFile": True, "writeTextFile": True}})
    await editor.start()
    session = await editor.new()
    result = await editor.prompt("Hello")       its updates are in `editor.updates`

`decide` answers approvals; `buffers` are the texts of open files, by path.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import acp.schema as schema
from pydantic import BaseModel

from halley.acp.server import serve
from halley.acp.stdio import Lines
from halley.features.room import EngineRoom
from halley.features.shared import Shared

Json = dict[str, Any]

RESULTS: dict[str, type[BaseModel]] = {
    "initialize": schema.InitializeResponse,
    "authenticate": schema.AuthenticateResponse,
    "session/new": schema.NewSessionResponse,
    "session/load": schema.LoadSessionResponse,
    "session/resume": schema.ResumeSessionResponse,
    "session/list": schema.ListSessionsResponse,
    "session/close": schema.CloseSessionResponse,
    "session/delete": schema.DeleteSessionResponse,
    "session/prompt": schema.PromptResponse,
    "session/set_config_option": schema.SetSessionConfigOptionResponse,
    "session/set_mode": schema.SetSessionModeResponse,
    "nes/start": schema.StartNesResponse,
    "nes/suggest": schema.SuggestNesResponse,
    "nes/close": schema.CloseNesResponse,
}
ASKED: dict[str, type[BaseModel]] = {
    "session/update": schema.SessionNotification,
    "session/request_permission": schema.RequestPermissionRequest,
    "fs/read_text_file": schema.ReadTextFileRequest,
    "fs/write_text_file": schema.WriteTextFileRequest,
    "terminal/create": schema.CreateTerminalRequest,
    "terminal/output": schema.TerminalOutputRequest,
    "terminal/wait_for_exit": schema.WaitForTerminalExitRequest,
    "terminal/kill": schema.KillTerminalRequest,
    "terminal/release": schema.ReleaseTerminalRequest,
    "$/cancel_request": schema.CancelRequestNotification,
}


class Failed(Exception):
    """An error response."""

    def __init__(self, error: Json) -> None:
        super().__init__(json.dumps(error))
        self.code, self.message, self.data = error["code"], error["message"], error.get("data")


class Editor:
    def __init__(self, folder: Path, capabilities: Json) -> None:
        self.folder, self.capabilities = folder, capabilities
        self.session = ""
        self.updates: list[Json] = []
        self.asked: list[Json] = []
        """Requests of the agent's."""
        self.received: list[Json] = []
        self.decide: Callable[[Json], Any] = lambda asked: "once"
        self.answers: dict[str, Callable[[Json], Any]] = {}
        """By method: the result, an exception to answer with an error, or an awaitable of either."""
        self._waiting: dict[Any, tuple[str, asyncio.Future[Any]]] = {}
        self._last = 0
        self._arrived = asyncio.Event()
        self.wrong: list[str] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    # -- the connection

    async def start(self, version: int = 1) -> Json:
        """Starts the agent in this process, and initializes it."""
        self._room = EngineRoom.open()
        self.shared, self._ended = Shared(self._room), asyncio.Event()
        in_read, in_write = os.pipe()
        out_read, out_write = os.pipe()
        self._serving = asyncio.ensure_future(
            serve(lambda: self.shared, Lines(in_read, out_write), self._ended)
        )
        self._fds = in_read, out_write
        reader = asyncio.StreamReader(limit=1 << 26)
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(out_read, "rb", 0)
        )
        self._in: int | None = in_write
        await self._attend(reader)
        return await self.initialize(version)

    async def _attend(self, reader: asyncio.StreamReader) -> None:
        self._reading = asyncio.ensure_future(self._read(reader))

    async def initialize(self, version: int = 1) -> Json:
        return await self.request(
            "initialize",
            {
                "protocolVersion": version,
                "clientCapabilities": self.capabilities,
                "clientInfo": {"name": "test-editor", "title": "Test", "version": "1"},
            },
        )

    def write(self, line: bytes) -> None:
        assert self._in is not None
        os.write(self._in, line)

    async def hang_up(self) -> None:
        """The editor is gone."""
        if self._in is not None:
            os.close(self._in)
            self._in = None
            await self._serving
            os.close(self._fds[1])
            await self._reading
            os.close(self._fds[0])
            await self.shared.aclose()
            await self._room.aclose()

    async def aclose(self) -> None:
        await self.hang_up()
        assert not self.wrong, "\n".join(self.wrong)

    # -- asking

    def send(self, method: str, params: Json) -> asyncio.Future[Any]:
        """The future of the result; its number is `self._last`."""
        self._last += 1
        answer = asyncio.get_running_loop().create_future()
        self._waiting[self._last] = method, answer
        self.put({"id": self._last, "method": method, "params": params})
        return answer

    @property
    def last_id(self) -> int:
        return self._last

    def put(self, message: Json) -> None:
        self.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    def notify(self, method: str, params: Json) -> None:
        self.put({"method": method, "params": params})

    async def request(self, method: str, params: Json) -> Any:
        return await asyncio.wait_for(self.send(method, params), 90)

    async def new(self, **more: Any) -> str:
        result = await self.request("session/new", {"cwd": str(self.folder), "mcpServers": []} | more)
        self.session = result["sessionId"]
        self.options = result["configOptions"]
        return self.session

    def start_prompt(self, *blocks: Any, session: str = "") -> asyncio.Future[Any]:
        prompt = [{"type": "text", "text": block} if isinstance(block, str) else block for block in blocks]
        return self.send("session/prompt", {"sessionId": session or self.session, "prompt": prompt})

    async def prompt(self, *blocks: Any, session: str = "") -> Json:
        return await asyncio.wait_for(self.start_prompt(*blocks, session=session), 90)

    def cancel(self, session: str = "") -> None:
        self.notify("session/cancel", {"sessionId": session or self.session})

    async def until(self, found: Callable[[], Any]) -> Any:
        """What `found` returns, once it is true after a message."""

        async def wait() -> Any:
            while not (value := found()):
                self._arrived.clear()
                await self._arrived.wait()
            return value

        return await asyncio.wait_for(wait(), 90)

    # -- what was shown

    def of(self, kind: str, session: str = "") -> list[Json]:
        wanted = session or self.session
        return [
            u["update"]
            for u in self.updates
            if u["sessionId"] == wanted and u["update"]["sessionUpdate"] == kind
        ]

    def text(self, kind: str = "agent_message_chunk", session: str = "") -> str:
        return "".join(u["content"].get("text", "") for u in self.of(kind, session))

    # -- what the agent sends

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            message = json.loads(line)
            self.received.append(message)
            self._take(message)
            self._arrived.set()

    def _take(self, message: Json) -> None:
        if "method" not in message:
            method, answer = self._waiting.pop(message["id"], ("", None))
            if "error" in message:
                if answer is not None and not answer.done():
                    answer.set_exception(Failed(message["error"]))
                return
            self._check(RESULTS.get(method), message["result"], method)
            if answer is not None and not answer.done():
                answer.set_result(message["result"])
            return
        self._check(ASKED.get(message["method"]), message["params"], message["method"])
        if message["method"] == "session/update":
            self.updates.append(message["params"])
        elif "id" in message:
            self.asked.append(message)
            task = asyncio.ensure_future(self._reply(message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _check(self, model: type[BaseModel] | None, value: Any, name: str) -> None:
        """By the schema; and nothing in it that the schema does not know."""
        if model is None:
            self.wrong.append(f"{name} is not known to the schema")
            return
        try:
            read = model.model_validate(value)
        except ValueError as error:
            self.wrong.append(f"{name}: {error}\n{json.dumps(value)[:600]}")
            return
        if unknown := _unknown(value, json.loads(read.model_dump_json(by_alias=True))):
            self.wrong.append(f"{name} has fields that the schema does not know: {unknown}")

    async def _reply(self, message: Json) -> None:
        try:
            result = self._answer(message)
            if asyncio.iscoroutine(result) or isinstance(result, asyncio.Future):
                result = await result
        except Exception as error:
            self.put({"id": message["id"], "error": {"code": -32603, "message": str(error)}})
        else:
            if self._in is not None:
                self.put({"id": message["id"], "result": result})

    def _answer(self, message: Json) -> Any:
        method, params = message["method"], message["params"]
        if method in self.answers:
            return self.answers[method](params)
        if method == "session/request_permission":
            return self._decided(params)
        raise LookupError(f"this editor has no {method}")

    async def _decided(self, params: Json) -> Json:
        wanted = self.decide(params)
        if asyncio.iscoroutine(wanted) or isinstance(wanted, asyncio.Future):
            wanted = await wanted
        if wanted is None:
            return {"outcome": {"outcome": "cancelled"}}
        return {"outcome": {"outcome": "selected", "optionId": wanted}}


def _unknown(sent: Any, read: Any, at: str = "") -> list[str]:
    if at.rsplit(".", 1)[-1] in ("rawInput", "rawOutput", "_meta"):
        return []
    if isinstance(sent, dict) and isinstance(read, dict):
        missing = [f"{at}.{name}" for name in sent if name not in read]
        return missing + [
            bad for name in sent if name in read for bad in _unknown(sent[name], read[name], f"{at}.{name}")
        ]
    if isinstance(sent, list) and isinstance(read, list):
        return [bad for a, b in zip(sent, read, strict=False) for bad in _unknown(a, b, at)]
    return []


Connect = Callable[..., Awaitable[Editor]]
"""(capabilities, folder) → an editor whose agent is initialized."""
