"""A client that sends exactly the given bytes, and shows exactly what comes back."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Callable
from typing import Any

PATIENCE_S = 120.0
"""Until a test gives up. On a machine with ten others at work a daemon takes ten seconds to start."""


def frame(message: Any) -> bytes:
    """A message as LSP frames it; bytes are taken as they are."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class RawClient:
    """One connection to a server: a process's pipes or a socket."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        process: asyncio.subprocess.Process | None = None,
    ) -> None:
        self.reader, self.writer, self.process = reader, writer, process
        self.notifications: list[dict[str, Any]] = []
        """What the server said on its own account while an answer was awaited; its requests too."""
        self.answer: Callable[[dict[str, Any]], Any] | None = None
        """Answers the server's requests; its result is sent unless it is None."""
        self._ids = itertools.count(1)
        self._answers: dict[Any, dict[str, Any]] = {}
        self._answered: set[Any] = set()

    async def send_bytes(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def send(self, message: Any) -> None:
        await self.send_bytes(frame(message))

    async def notify(self, method: str, params: Any = None) -> None:
        message = {"jsonrpc": "2.0", "method": method}
        await self.send(message if params is None else message | {"params": params})

    async def ask(self, method: str, params: Any = None) -> int:
        """Sends a request; its id."""
        id = next(self._ids)
        message = {"jsonrpc": "2.0", "id": id, "method": method}
        await self.send(message if params is None else message | {"params": params})
        return id

    async def read(self) -> dict[str, Any]:
        """The next message, whatever it is."""
        async with asyncio.timeout(PATIENCE_S):
            header = await self.reader.readuntil(b"\r\n\r\n")
            fields = dict(line.split(b": ") for line in header.strip().split(b"\r\n"))
            return json.loads(await self.reader.readexactly(int(fields[b"Content-Length"])))

    async def answer_to(self, id: Any) -> dict[str, Any]:
        """The response to `id`; whatever else comes meanwhile is kept or answered."""
        while id not in self._answers:
            await self._take(await self.read())
        return self._answers.pop(id)

    async def until(self, method: str, where: Callable[[Any], bool] = lambda _: True) -> dict[str, Any]:
        """The next message of the server's own with this method."""
        while True:
            for index, message in enumerate(self.notifications):
                if message["method"] == method and where(message.get("params")):
                    return self.notifications.pop(index)
            await self._take(await self.read())

    async def _take(self, message: dict[str, Any]) -> None:
        if "method" in message:
            self.notifications.append(message)
            if "id" in message and self.answer and (result := self.answer(message)) is not None:
                await self.send({"jsonrpc": "2.0", "id": message["id"], "result": result})
        else:
            assert message["id"] not in self._answered, "two answers to one request"
            self._answered.add(message["id"])
            self._answers[message["id"]] = message

    async def request(self, method: str, params: Any = None) -> dict[str, Any]:
        """The whole response to a request."""
        return await self.answer_to(await self.ask(method, params))

    async def result(self, method: str, params: Any = None) -> Any:
        response = await self.request(method, params)
        assert "error" not in response, response
        return response["result"]

    async def error(self, method: str, params: Any = None) -> dict[str, Any]:
        response = await self.request(method, params)
        assert "result" not in response, response
        return response["error"]

    async def initialize(self, capabilities: Any = None, **params: Any) -> dict[str, Any]:
        result = await self.result(
            "initialize", {"processId": None, "capabilities": capabilities or {}, **params}
        )
        await self.notify("initialized", {})
        return result

    async def exit_code(self) -> int:
        assert self.process is not None
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()

    async def log(self) -> str:
        """What the process wrote to stderr; waits for its end."""
        assert self.process is not None and self.process.stderr is not None
        async with asyncio.timeout(PATIENCE_S):
            return (await self.process.stderr.read()).decode()

    async def nothing_more(self) -> bytes:
        """What is left on stdout once the process has ended."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.read()

    async def aclose(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()
        if self.process is not None and self.process.returncode is None:
            try:
                async with asyncio.timeout(10):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
