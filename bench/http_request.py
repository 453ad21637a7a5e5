"""What a request costs by the road it takes: a streamed POST of 20 chunks, processor time of the client alone.

    python -m bench.http_request          the roads in turns, so that all meet the same machine; least and median

The host is another process. `make bench` (`http_request`) holds `Http.send` against aiohttp alone; the other roads
are for choosing a library.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from bench.table import Pair

One = Callable[[], Awaitable[None]]

ROUNDS, BATCH = 150, 20
CHUNKS = 20
BODY = b'{"model":"m","stream":true,"messages":[{"role":"user","content":"' + b"x" * 2000 + b'"}]}'
HEADERS = {"authorization": "Bearer sk-sim", "content-type": "application/json"}
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_DATA = b'data: {"choices":[{"index":0,"delta":{"content":"word "}}]}\n\n'
_CHUNK = b"%x\r\n%b\r\n" % (len(_DATA), _DATA)


async def serve() -> None:
    """The host; says its port on stdout."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(len(BODY))
                writer.write(_HEAD)
                for _ in range(CHUNKS):
                    writer.write(_CHUNK)
                    await asyncio.sleep(0)
                writer.write(b"0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def pairs(rounds: int) -> Iterator[Pair]:
    ours, theirs = "Halley's Http.send", "aiohttp alone"
    found = asyncio.run(_measured((ours, theirs), rounds))
    yield from zip(found[ours], found[theirs], strict=True)


async def measure(port: int, names: Sequence[str] = (), rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Milliseconds of the processor for one request, a figure for each batch; of all roads, or those named."""
    roads, closers = _roads(port)
    roads = {name: road for name, road in roads.items() if not names or name in names}
    found: dict[str, list[float]] = {name: [] for name in roads}
    for one in roads.values():
        for _ in range(2 * BATCH):
            await one()
    for _ in range(rounds):
        for name, one in roads.items():
            began = time.process_time()
            for _ in range(BATCH):
                await one()
            found[name].append((time.process_time() - began) * 1000 / BATCH)
    for close in closers:
        await close()
    return found


def _roads(port: int) -> tuple[dict[str, One], list[Callable[[], Awaitable[Any]]]]:
    from halley.providers.http.pool import load_libraries

    load_libraries()
    import aiohttp
    import httpx

    from halley.providers.endpoint import Endpoint
    from halley.providers.http.client import Http, HttpRequest
    from halley.providers.http.transport import Transport

    base = f"http://127.0.0.1:{port}/v1"
    url = f"{base}/chat/completions"
    session = aiohttp.ClientSession(auto_decompress=False, connector=aiohttp.TCPConnector(limit=0))
    http, endpoint = Http({}), Endpoint("bench", "Bench", "openai", base)
    client = httpx.AsyncClient(transport=Transport(), trust_env=False)

    async def aiohttp_alone() -> None:
        response = await session.post(url, headers=HEADERS, data=BODY, allow_redirects=False)
        while await response.content.readany():
            pass
        response.release()

    async def halley() -> None:
        answer = await http.send(endpoint, HttpRequest("POST", url, HEADERS, BODY))
        while await answer.next_chunk():
            pass
        await answer.aclose()

    async def by_client() -> None:
        async with client.stream("POST", url, headers=HEADERS, content=BODY) as response:
            async for _ in response.aiter_raw():
                pass

    roads = {
        "aiohttp alone": aiohttp_alone,
        "Halley's Http.send": halley,
        "our transport": _by_transport(url, transport := Transport()),
        "httpx.AsyncClient over it": by_client,
    }
    closers = [session.close, http.aclose, transport.aclose, client.aclose]
    try:
        from httpx_aiohttp import AiohttpTransport  # pyright: ignore[reportMissingImports]
    except ImportError:
        return roads, closers
    other = AiohttpTransport(client=session)
    return roads | {"httpx-aiohttp's transport": _by_transport(url, other)}, closers


def _by_transport(url: str, transport: Any) -> One:
    import httpx

    async def one() -> None:
        request = httpx.Request("POST", url, headers=HEADERS, content=BODY)
        response = await transport.handle_async_request(request)
        async for _ in response.stream:
            pass
        await response.stream.aclose()

    return one


async def _measured(names: Sequence[str] = (), rounds: int = ROUNDS) -> dict[str, list[float]]:
    host = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.http_request", "serve", stdout=asyncio.subprocess.PIPE
    )
    assert host.stdout is not None
    try:
        return await measure(int(await host.stdout.readline()), names, rounds)
    finally:
        host.kill()
        await host.wait()


async def _main() -> None:
    for name, times in (await _measured()).items():
        print(f"{name:28} {min(times):.3f} ms at best, {statistics.median(times):.3f} in the median")


if __name__ == "__main__":
    asyncio.run(serve() if sys.argv[1:] == ["serve"] else _main())
