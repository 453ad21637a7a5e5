"""pytest-lsp's client, made to carry plain JSON and custom requests, over stdio or a unix socket.

Three things of it are mended here: its `$/progress` handler refuses partial results; custom messages become
namedtuples whose names depend on their content; and there is no transport for sockets of the file system.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import sys
from pathlib import Path
from typing import Any

import warm
from lsprotocol import converters, types
from pygls.exceptions import JsonRpcException
from pygls.io_ import run_async
from pygls.protocol import default_converter
from pygls.protocol.json_rpc import JsonRPCNotification, JsonRPCRequestMessage, JsonRPCResponseMessage
from pytest_lsp import LanguageClient
from pytest_lsp.protocol import LanguageClientProtocol

Json = dict[str, Any]
_CONVERTER = converters.get_converter()


class RequestFailed(Exception):
    """An error answer: its `code`, and its `data` as `problem`."""

    def __init__(self, code: int, message: str, data: Any) -> None:
        super().__init__(f"{code}: {message} {json.dumps(data)}")
        self.code, self.message, self.problem = code, message, data or {}


class PlainProtocol(LanguageClientProtocol):
    """Checks what the specification defines, and hands on plain JSON."""

    def structure_message(self, data: Json) -> Any:
        if "jsonrpc" not in data:  # pygls calls this for every object inside a message too
            return data
        if "method" not in data:
            self._server.raw[data.get("id")] = dict(data)
            self._server.tell_window()
        method = data.get("method", "")
        if not method and "error" not in data and not self._is_typed(data.get("id")):
            return JsonRPCResponseMessage(data["id"], "2.0", data.get("result"))
        if method.startswith(("halley/", "$/progress")):
            params = data.get("params")
            if "id" in data:
                return JsonRPCRequestMessage(data["id"], method, "2.0", params)
            return JsonRPCNotification(method, "2.0", params)
        return super().structure_message(data)

    def _is_typed(self, id: Any) -> bool:
        return self._result_types.get(id, JsonRPCResponseMessage) is not JsonRPCResponseMessage


class Client(LanguageClient):
    """A connection; `window` answers and hears for it."""

    def __init__(self) -> None:
        super().__init__(protocol_cls=PlainProtocol, converter_factory=default_converter)
        self.window: Any = None
        self.raw: dict[Any, Json] = {}
        self._ids = itertools.count()
        self._telling: list[asyncio.Task[None]] = []
        self._writer: asyncio.StreamWriter | None = None
        for method in REQUESTS:
            self.feature(method)(_answering(method))
        for method in NOTIFICATIONS:
            self.feature(method)(_hearing(method))

    def tell_window(self) -> None:
        """An answer came, for those who wait `until` something."""
        if self.window is not None:
            self._telling.append(asyncio.get_running_loop().create_task(self.window.tell()))

    async def start_daemon(self, env: dict[str, str], *arguments: str) -> None:
        arguments, env = arguments or ("serve",), os.environ | env
        process = await warm.start(arguments, env)
        if process is None:
            await self.start_io(sys.executable, "-m", "halley", *arguments, env=env)
            return
        self._server = process  # type: ignore[assignment]
        self._async_tasks.append(asyncio.create_task(self._server_exit()))
        self._hear(process.stdout, process.stdin)

    async def connect(self, path: Path) -> None:
        """To a daemon's unix socket."""
        reader, self._writer = await asyncio.open_unix_connection(path)
        self._hear(reader, self._writer)

    def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.protocol.set_writer(writer)
        running = run_async(
            stop_event=self._stop_event,
            reader=reader,
            protocol=self.protocol,
            error_handler=self.report_server_error,
        )
        self._async_tasks.append(asyncio.create_task(running))

    async def open(self, folder: Path, capabilities: Json, options: Json) -> Json:
        params = {
            "processId": os.getpid(),
            "clientInfo": {"name": "tests"},
            "rootUri": folder.as_uri(),
            "workspaceFolders": [{"uri": folder.as_uri(), "name": folder.name}],
            "capabilities": capabilities,
            "initializationOptions": options,
        }
        typed = _CONVERTER.structure(params, types.InitializeParams)
        self.capabilities = typed.capabilities
        result = await self.request("initialize", params)
        self.notify("initialized", {})
        return result

    async def close(self) -> int | None:
        with contextlib.suppress(RequestFailed):
            await self.request("shutdown", None)
        self.notify("exit", None)
        if self._server:
            await self._server.wait()
        if self._writer:
            self._writer.close()
        await self.stop()
        return self._server.returncode if self._server else None

    async def kill(self) -> None:
        """End the daemon without a word, as a crash would."""
        if self._server and self._server.returncode is None:
            self._server.kill()
        for id, answering in list(self.protocol._request_futures.items()):
            if isinstance(answering, asyncio.Task):  # a question of the daemon's, which pygls could not end
                del self.protocol._request_futures[id]
                answering.cancel()
        if self._writer:
            self._writer.close()
        await self.stop()

    async def request(self, method: str, params: Any) -> Any:
        """The result as plain JSON, once pytest-lsp has found nothing wrong with it."""
        id = f"test-{next(self._ids)}-{method}"
        try:
            await self.protocol.send_request_async(method, _typed(method, params), msg_id=id)
        except JsonRpcException as error:
            answer = self.raw.get(id, {}).get("error") or {"code": error.code, "message": error.message}
            raise RequestFailed(answer["code"], answer["message"], answer.get("data")) from None
        except asyncio.CancelledError:
            self.protocol._request_futures.pop(id, None)  # its answer is kept in `raw`
            self.protocol.notify("$/cancelRequest", types.CancelParams(id=id))
            raise
        return self.raw[id].get("result")

    def notify(self, method: str, params: Any) -> None:
        self.protocol.notify(method, _typed(method, params))


def _typed(method: str, params: Any) -> Any:
    """As lsprotocol's type where the method has one, so that what tests send is checked too."""
    _, _, params_type, _ = types.METHOD_TO_TYPES.get(method, (None, None, None, None))
    return params if params is None or params_type is None else _CONVERTER.structure(params, params_type)


REQUESTS = (
    "workspace/applyEdit",
    "workspace/configuration",
    "window/showDocument",
    "window/showMessageRequest",
    "halley/tools/approve",
    "halley/tools/ask",
    "halley/agent/save",
    "halley/language/ask",
    "window/workDoneProgress/create",
    "client/registerCapability",
    "client/unregisterCapability",
    "workspace/codeLens/refresh",
    "workspace/textDocumentContent/refresh",
    "halley/secrets/get",
)
NOTIFICATIONS = (
    "$/progress",
    "window/showMessage",
    "window/logMessage",
    "textDocument/publishDiagnostics",
    "halley/status",
    "halley/operation",
    "halley/progress",
    "halley/changed",
    "halley/chat/state",
)


def _answering(method: str) -> Any:
    async def answer(client: Client, params: Any) -> Any:
        return await client.window.answer(method, _plain(params))

    return answer


def _hearing(method: str) -> Any:
    async def hear(client: Client, params: Any) -> None:
        await client.window.hear(method, _plain(params))

    return hear


def _plain(params: Any) -> Any:
    return _CONVERTER.unstructure(params) if hasattr(params, "__attrs_attrs__") else params
