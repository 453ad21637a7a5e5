"""An upstream that costs next to nothing: each chat is 50 chunks at 20 a second, and a chunk says when it was sent.

Run as a program it prints its base URL. The clock is CLOCK_MONOTONIC, which all processes of a machine share. A
model called `quick` is answered immediately.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

CHUNKS, INTERVAL_S = 50, 0.05
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_START = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":'
)
_TEXT = _START + b'{"content":"%.6f "},"finish_reason":null}]}\n\n'
_END = _START + b'{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


class Stream(asyncio.Protocol):
    """One connection, one request after another."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.data, self.sent = transport, b"", 0

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, separator, body = self.data.partition(b"\r\n\r\n")
        if not separator:
            return
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
        if len(body) < int(length or 0):
            return
        self.data, self.sent = b"", 0
        self.transport.write(_HEAD)
        if b'"quick"' in body:
            self.say(_TEXT % time.monotonic() + _END)
            self.transport.write(b"0\r\n\r\n")
            return
        self.at = asyncio.get_running_loop().time() + INTERVAL_S
        self.tick()

    def tick(self) -> None:
        if self.transport.is_closing():
            return
        if self.sent == CHUNKS:
            self.say(_END)
            self.transport.write(b"0\r\n\r\n")
            return
        self.sent += 1
        self.say(_TEXT % time.monotonic())
        asyncio.get_running_loop().call_at(self.at, self.tick)
        self.at += INTERVAL_S

    def say(self, data: bytes) -> None:
        self.transport.write(b"%x\r\n%b\r\n" % (len(data), data))


def figures(delays: list[float], wall_s: float, failed: int, cpu_s: float) -> dict[str, Any]:
    """Milliseconds a chunk was under way, how long all took, and what it cost."""
    ranked = sorted(delays) or [0.0]
    p50, p95 = (ranked[int((len(ranked) - 1) * share)] * 1000 for share in (0.5, 0.95))
    return {
        "p50_ms": p50, "p95_ms": p95, "max_ms": ranked[-1] * 1000, "wall_s": wall_s, "cpu_s": cpu_s,
        "failed": failed, "chunks": len(delays),
    }  # fmt: skip


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Stream, "127.0.0.1", 0, backlog=4096)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
