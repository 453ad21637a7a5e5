"""A daemon whose ghost text is measured, and the bare calls it is held against.

`Typing` is one document in which each question is a new one, or the same again; `Bare` asks the same upstream with
nothing but aiohttp.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from bench.daemon import HALLEY, Daemon, home
from bench.simulated import simulator

REPLY = "width * height"
INVOKED, AUTOMATIC = 1, 2
_SETTINGS = "\n[completion]\ndebounce_ms = 0\ntimeout_ms = 60000\n"
"""The pause before asking is a choice, not a cost; on a busy machine an answer that comes late counts as well."""


@contextmanager
def completing() -> Iterator[tuple[Daemon, Bare]]:
    """A warm daemon and a bare client of the same simulator."""
    with simulator(REPLY, tokens_per_s=0) as url, home(url) as at, Bare(url) as bare:
        config = at / "config.toml"
        config.write_text(config.read_text() + _SETTINGS)
        with Daemon(HALLEY, at) as daemon:
            daemon.initialize()
            daemon.open()
            yield daemon, bare


class Typing:
    """A document of so many lines, written in at its middle."""

    def __init__(self, daemon: Daemon, name: str, lines: int = 200) -> None:
        self.daemon = daemon
        self.uri = (daemon.home / "workspace" / name).as_uri()
        self.version, self.row, self.written = 1, lines // 2, 0
        body = ["def total(items):", "    return sum(items)", "", ""]
        text = "\n".join(body[n % 4] for n in range(lines)) + "\n"
        item = {"uri": self.uri, "languageId": "python", "version": 1, "text": text}
        daemon.notify("textDocument/didOpen", {"textDocument": item})

    def new_line(self) -> None:
        """A line that was not there before, to be completed."""
        self.written += 1
        text = f"area_{self.written} = \n"
        self._change(self.row, 0, text)
        self.column = len(text) - 1

    def key(self, char: str) -> None:
        """One key at the cursor."""
        self._change(self.row, self.column, char)
        self.column += 1

    def _change(self, row: int, column: int, text: str) -> None:
        self.version += 1
        at = {"line": row, "character": column}
        changes = [{"range": {"start": at, "end": at}, "text": text}]
        document = {"uri": self.uri, "version": self.version}
        self.daemon.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})

    def question(self, trigger: int = AUTOMATIC) -> dict[str, Any]:
        return {
            "textDocument": {"uri": self.uri},
            "position": {"line": self.row, "character": self.column},
            "context": {"triggerKind": trigger},
        }

    def ask(self, trigger: int = AUTOMATIC) -> float:
        """Milliseconds from the question to its answer, which must be ghost text."""
        began = time.perf_counter()
        answer = self.daemon.request("textDocument/inlineCompletion", self.question(trigger))
        took = (time.perf_counter() - began) * 1000
        if not answer["items"]:
            raise RuntimeError("no ghost text came")
        return took


class Bare:
    """The same upstream, asked with nothing in between. Use it in a `with` statement."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/completions"
        self._runner = asyncio.Runner()
        self._session: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._session is not None:
            self._runner.run(self._session.close())
        self._runner.close()

    def ask(self, at_once: int = 1) -> float:
        """Milliseconds until that many concurrent calls have streamed to their end."""
        return self._runner.run(self._ask(at_once))

    async def _ask(self, at_once: int) -> float:
        if self._session is None:
            import aiohttp

            self._session = aiohttp.ClientSession(headers={"Authorization": "Bearer sk-sim"})
        began = time.perf_counter()
        await asyncio.gather(*(self._call() for _ in range(at_once)))
        return (time.perf_counter() - began) * 1000

    async def _call(self) -> None:
        body = {
            "model": "sim-fim",
            "prompt": "def total(items):\n    return sum(items)\n\n\n" * 25 + "area = ",
            "suffix": "\n\n",
            "max_tokens": 128,
            "stream": True,
        }
        async with self._session.post(self.url, json=body) as response:
            response.raise_for_status()
            async for _ in response.content.iter_any():
                pass
