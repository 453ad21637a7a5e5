"""A server of this process, a client at its socket, and a host in threads that answers for a model."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson

from halley.features.room import EngineRoom
from halley.features.shared import Shared
from halley.lsp.server import compose
from halley.lsp.socket_file import listening

EVENT = b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":%b}]}\n\n'
REPLY = EVENT % b'{"content":"Words."}' + EVENT % b'{},"finish_reason":"stop"' + b"data: [DONE]\n\n"


class Talk:
    """A client's end of the socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer, self._id = reader, writer, 0

    async def request(self, method: str, params: Any, changes: int = 0) -> Any:
        """The result, once it is there and `changes` of the list of chats were reported."""
        self._id += 1
        self.send({"id": self._id, "method": method, "params": params})
        result = None
        while result is None or changes > 0:
            message = await self.read()
            if message.get("id") == self._id and "method" not in message:
                result = message["result"]
            elif message.get("method") == "halley/changed":
                changes -= message["params"]["what"] == "chats"
            elif "id" in message:
                self.send({"id": message["id"], "result": None})
        return result

    async def chat(self) -> None:
        """One chat with its reply and its title."""
        asked = {"prompt": "Go.", "partialResultToken": f"t{self._id}"}
        result = await self.request("halley/chat/send", asked, changes=2)
        assert result["replies"][0]["text"] == "Words.", result

    def send(self, message: dict[str, Any]) -> None:
        body = orjson.dumps({"jsonrpc": "2.0", **message})
        self._writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    async def read(self) -> Any:
        """The next message, whatever it is."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        return orjson.loads(await self._reader.readexactly(length))


@asynccontextmanager
async def client(at: Path, url: str, **more: bool) -> AsyncIterator[Talk]:
    """A client of a server of this process, initialized with a workspace. `more` is what else it can do."""
    (at / "workspace").mkdir()
    home = at / "home"
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text(
        f'[providers.local]\nbase_url = "{url}"\nkey_needed = false\nconcurrency = 50\n\n[roles]\nchat = ["local/m"]\nfast = ["local/quick"]\n'
    )
    room = EngineRoom.open(environ={"HALLEY_HOME": str(home), "HOME": str(at)})
    shared = Shared(room)
    server = compose(shared)
    try:
        async with listening(str(at / "s"), server.connect):
            talk = Talk(*await asyncio.open_unix_connection(str(at / "s")))
            capabilities = {"experimental": {"halley": {"operations": True, "batchedProgress": True} | more}}
            await talk.request(
                "initialize",
                {"processId": None, "rootUri": (at / "workspace").as_uri(), "capabilities": capabilities},
            )
            talk.send({"method": "initialized", "params": {}})
            yield talk
            server.end(0)
            await server.aclose()
    finally:
        await shared.aclose()
        await room.aclose()


@contextmanager
def host(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A host's address."""
    serving = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{serving.server_port}/v1"
    finally:
        serving.shutdown()
        serving.server_close()
        thread.join(90)


class Host(BaseHTTPRequestHandler):
    """Answers each request with one chunk, and closes the connection."""

    def do_POST(self) -> None:
        self.asked = orjson.loads(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.reply()

    def reply(self) -> None:
        """`asked` is the request's body."""
        self.wfile.write(REPLY)

    def log_message(self, format: str, *args: Any) -> None: ...
