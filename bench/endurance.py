"""A daemon at work for long: what it holds stays flat.

    python -m bench.endurance                20,000 requests, 2,000 turns, 1,000 cancels, 500 clients that vanish
    python -m bench.endurance --share 0.01   a hundredth of each

One daemon serves them all over its socket. A first round of each kind brings it to its size; what it holds then
(memory, open files, threads, sockets, asyncio's tasks) is compared with what it holds at the end. Exits with 1 where
something grew.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
import psutil

from halley.simulator import Simulator

REQUESTS, TURNS, CANCELS, VANISHING = 20_000, 2_000, 1_000, 500
AT_ONCE = 20
MOST_MEMORY = 1.25
"""Times the memory after the first round, and `SPARE_MB`: allocators give little back."""
SPARE_MB = 12
CONFIG = """\
[providers.simulator]
preset = "simulator"
base_url = "{url}"
[roles]
chat = ["simulator/sim-chat"]
fast = ["simulator/sim-fast"]
complete = ["simulator/sim-fim"]
[search]
enabled = false
"""


DAEMON = """\
import asyncio, os, signal, sys
from halley.lsp.server import serve_pipe
def tell(*_):
    with open(sys.argv[2] + ".new", "w") as file:
        file.write(str(len(asyncio.all_tasks())))
    os.replace(sys.argv[2] + ".new", sys.argv[2])
signal.signal(signal.SIGUSR2, tell)
sys.exit(serve_pipe(sys.argv[1], sys.argv[3], "error"))
"""
"""`halley serve --pipe` that says on SIGUSR2 how many tasks it has; SIGUSR1 is `lsp/last_resort.py`'s."""
FEW_THREADS = (os.cpu_count() or 1) + 4
"""Of asyncio's pool, which makes them as they are needed and keeps them."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the daemon holds."""

    memory_mb: float
    files: int
    threads: int
    sockets: int
    tasks: int

    def grown(self, before: Held, at_once: int = 0) -> list[str]:
        """What is more than it was. As many connections to the host as chats ran at a time are kept for the next."""
        room = {"files": at_once, "threads": FEW_THREADS, "sockets": at_once, "tasks": 0}
        found = [
            f"{name}: {getattr(before, name)} → {getattr(self, name)}"
            for name, spare in room.items()
            if getattr(self, name) > getattr(before, name) + spare
        ]
        if self.memory_mb > before.memory_mb * MOST_MEMORY + SPARE_MB:
            found.append(f"memory: {before.memory_mb:.1f} → {self.memory_mb:.1f} MB")
        return found


class Client:
    """An editor window on the daemon's socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._reading = asyncio.ensure_future(self._read())

    @classmethod
    async def open(cls, socket: Path, folder: Path) -> Client:
        client = cls(*await asyncio.open_unix_connection(socket))
        params = {"processId": os.getpid(), "rootUri": folder.as_uri(), "capabilities": {}}
        await client.ask("initialize", params)
        client.send({"method": "initialized", "params": {}})
        uri = (folder / "sample.py").as_uri()
        item = {"uri": uri, "languageId": "python", "version": 1, "text": "def f(x):\n    return x\n"}
        client.send({"method": "textDocument/didOpen", "params": {"textDocument": item}})
        return client

    def send(self, message: dict[str, Any]) -> None:
        body = orjson.dumps({"jsonrpc": "2.0", **message})
        self._writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def begin(self, method: str, params: Any) -> tuple[int, asyncio.Future[Any]]:
        id = next(self._ids)
        future = self._waiting[id] = asyncio.get_running_loop().create_future()
        self.send({"id": id, "method": method, "params": params})
        return id, future

    async def ask(self, method: str, params: Any) -> Any:
        """The whole response, `result` or `error`."""
        return await self.begin(method, params)[1]

    def vanish(self) -> None:
        """Without a word, as an editor that was killed."""
        self._reading.cancel()
        self._writer.transport.abort()

    async def _read(self) -> None:
        try:
            await self._read_messages()
        except (OSError, EOFError) as error:  # the daemon hung up: its answers are not waited for for ever
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(ConnectionError(f"the daemon hung up: {error!r}"))

    async def _read_messages(self) -> None:
        while True:
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            message = orjson.loads(await self._reader.readexactly(length))
            if "method" in message:
                if "id" in message:
                    self.send({"id": message["id"], "result": None})
            elif (waiting := self._waiting.pop(message.get("id"), None)) and not waiting.done():
                waiting.set_result(message)


@dataclass(slots=True)
class Run:
    """One daemon, and what is done with it."""

    process: psutil.Process
    socket: Path
    folder: Path
    told: Path
    at_once: int

    async def round(self, share: float, vanishing: float) -> None:
        """So much of each kind; `vanishing` is the share of clients that vanish.

        Those come faster than the daemon takes leave of them, so many windows are open together, and allocators keep
        the most they ever needed: rounds can be compared where as many vanish.
        """
        client = await Client.open(self.socket, self.folder)
        for number, work in (
            (REQUESTS * share, self._request), (TURNS * share, self._turn), (CANCELS * share, self._cancel),
            (VANISHING * vanishing, self._vanish),
        ):  # fmt: skip
            await self._all(max(self.at_once, round(number)), lambda work=work: work(client))
        await client.ask("shutdown", None)
        client.send({"method": "exit"})
        client.vanish()

    async def _all(self, number: int, work: Callable[[], Awaitable[None]]) -> None:
        numbers = iter(range(number))

        async def some() -> None:
            for _ in numbers:
                await work()

        await asyncio.gather(*(some() for _ in range(self.at_once)))

    async def _request(self, client: Client) -> None:
        at = {"line": 0, "character": 4}
        params = {
            "textDocument": {"uri": (self.folder / "sample.py").as_uri()},
            "range": {"start": at, "end": at},
            "context": {"diagnostics": []},
        }
        assert (await client.ask("textDocument/codeAction", params))["result"]

    async def _turn(self, client: Client) -> None:
        done = (await client.ask("halley/chat/send", {"prompt": "Hello"})).get("result")
        assert done and done["replies"][0]["status"] == "complete", done

    async def _cancel(self, client: Client) -> None:
        id, answer = client.begin("halley/chat/send", {"prompt": "Never mind"})
        client.send({"method": "$/cancelRequest", "params": {"id": id}})
        await answer

    async def _vanish(self, _client: Client) -> None:
        window = await Client.open(self.socket, self.folder)
        window.begin("halley/chat/send", {"prompt": "This will not be read"})
        window.vanish()

    async def held(self, at_most: Held | None = None, patience_s: float = 30.0) -> Held:
        """What it holds once it is quiet: no more than `at_most`, or whatever it holds after a while."""
        give_up = time.monotonic() + patience_s
        before: Held | None = None
        while True:
            now = await self._measure()
            quiet = before is not None and asdict(now) | {"memory_mb": 0} == asdict(before) | {"memory_mb": 0}
            if (
                quiet and (at_most is None or not now.grown(at_most, self.at_once))
            ) or time.monotonic() > give_up:
                return now
            before = now
            await asyncio.sleep(0.2)

    async def _measure(self) -> Held:
        self.told.unlink(missing_ok=True)
        self.process.send_signal(signal.SIGUSR2)
        async with asyncio.timeout(60):  # a daemon that does not answer a signal has a fault
            while not self.told.exists():  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(0.01)
        return Held(
            self.process.memory_info().rss / 2**20,
            self.process.num_fds(),
            self.process.num_threads(),
            len(self.process.net_connections("all")),
            int(self.told.read_text()),
        )


@contextlib.asynccontextmanager
async def a_run(home: Path, at_once: int) -> AsyncIterator[Run]:
    """A daemon that uses the simulator, with `home` as its HALLEY_HOME."""
    folder = home / "workspace"
    folder.mkdir(parents=True)
    async with Simulator() as simulator:
        (home / "config.toml").write_text(CONFIG.format(url=simulator.base_url))
        socket, told = home / "s", home / "tasks"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", DAEMON, str(socket), str(told), str(home / "log"),
            env=os.environ | {"HALLEY_HOME": str(home)},
        )  # fmt: skip
        try:
            while not socket.exists():
                assert process.returncode is None, "the daemon ended"
                await asyncio.sleep(0.02)
            yield Run(psutil.Process(process.pid), socket, folder, told, at_once)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def endure(home: Path, share: float = 1.0, at_once: int = AT_ONCE) -> tuple[Held, Held]:
    """What the daemon held after a first round, and at the end."""
    async with a_run(home, at_once) as run:
        await run.round(min(share, 0.02), share)
        first = await run.held()
        await run.round(share, share)
        return first, await run.held(at_most=first)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--share", type=float, default=1.0, help="how much of it (default: all)")
    share = parser.parse_args().share
    with tempfile.TemporaryDirectory(prefix="halley-endurance-") as home:
        began = time.monotonic()
        first, last = asyncio.run(endure(Path(home), share))
    print(f"{'':>10} {'first round':>12} {'at the end':>12}")
    for name, value in asdict(first).items():
        print(f"{name:>10} {value:>12.4g} {getattr(last, name):>12.4g}")
    grown = last.grown(first, AT_ONCE)
    print(f"{time.monotonic() - began:.0f} s; " + (f"grown: {'; '.join(grown)}" if grown else "flat"))
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
