"""Where a browser lands after a sign-in: a page on this machine, open for one sign-in, that takes one answer.

Any page and any program can send requests here. So only an answer with the state of this sign-in counts, and any other
is refused without ending the wait: no page can sign the user in as someone else, or end their sign-in.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from halley.mcp.values import ToolFailed

PATH = "/signed-in"
MOST_HEAD = 16_384
"""Bytes of a request; a code is some hundred."""
PATIENCE_S = 10.0
"""For one request."""
_HEADERS = (
    "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
    "Content-Security-Policy: default-src 'none'\r\nConnection: close\r\n"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the authorization server sent with the browser."""

    code: str
    state: str
    issuer: str | None


class Landing:
    """`address` is the redirect address of this one sign-in."""

    def __init__(self) -> None:
        self.port = 0
        self._state = ""
        self._answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}"

    def expect(self, state: str) -> None:
        """From now on the answer with this state counts."""
        self._state = state

    async def answer(self) -> Answer:
        """Waits for it. Raises ToolFailed when the sign-in page refused."""
        return await asyncio.shield(self._answer)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request of anyone on this machine."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                head = await reader.readuntil(b"\r\n\r\n")
                status, said = self._take(head.decode("latin-1"))
                page = f"<!doctype html><title>Halley</title><p>{said}</p>".encode()
                writer.write(f"HTTP/1.1 {status}\r\n{_HEADERS}Content-Length: {len(page)}\r\n\r\n".encode())
                writer.write(page)
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    def _take(self, head: str) -> tuple[str, str]:
        """(status, what the browser shows)."""
        first, *rows = head.split("\r\n")
        method, target, *_ = [*first.split(" "), "", ""]
        hosts = [row.partition(":")[2].strip() for row in rows if row.lower().startswith("host:")]
        try:
            parts = urlsplit(target)
            given = parse_qs(parts.query, max_num_fields=20)
        except ValueError:
            return "400 Bad Request", "This is no answer of a sign-in."
        # Another name for this machine is a page elsewhere that had its own name lead here.
        if method != "GET" or parts.path != PATH or hosts != [f"127.0.0.1:{self.port}"]:
            return "404 Not Found", "There is nothing here."
        state = given.get("state", [])
        if (
            not self._state
            or len(state) != 1
            or not secrets.compare_digest(state[0].encode(), self._state.encode())
        ):
            return (
                "400 Bad Request",
                "This answer belongs to no sign-in of Halley. Nothing was taken from it.",
            )
        if self._answer.done():
            return "400 Bad Request", "This sign-in has its answer already."
        return self._settle(given)

    def _settle(self, given: dict[str, list[str]]) -> tuple[str, str]:
        if error := "".join(c for c in given.get("error", [""])[0] if c.isalnum() or c in "_-.")[:80]:
            self._answer.set_exception(ToolFailed(f"The sign-in page refused ({error})."))
            self._answer.exception()  # there may be no one waiting yet
            return "200 OK", "Halley was not signed in. You can close this page."
        code, issuer = given.get("code", [""]), given.get("iss", [None])
        if len(code) != 1 or not code[0] or len(issuer) != 1:
            return "400 Bad Request", "This is no answer of a sign-in."
        self._answer.set_result(Answer(code[0], self._state, issuer[0]))
        return "200 OK", "Halley has your answer. You can close this page."


@asynccontextmanager
async def open_landing() -> AsyncIterator[Landing]:
    """Open on loopback, at a port the system chooses, as long as the block lasts."""
    landing = Landing()
    server = await asyncio.start_server(landing.serve, "127.0.0.1", 0, limit=MOST_HEAD)
    landing.port = server.sockets[0].getsockname()[1]
    try:
        yield landing
    finally:
        server.close()
