"""An answer: status and headers, and a body that is read within bounds of time and size.

Wraps an `httpx.Response` so that only errors of `core.errors` come out of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from halley.core.errors import BadReply, UpstreamError
from halley.providers.http.connection_errors import interrupted, timed_out, too_large
from halley.providers.http.unpack import CannotUnpack, Unpacker
from halley.providers.http.watch import Watch

if TYPE_CHECKING:
    import httpx

    from halley.providers.endpoint import Endpoint

T = TypeVar("T")
BODY_LIMIT = 32 * 1024 * 1024
DRAIN_S = 2.0
DRAIN_BYTES = 64 * 1024


class HttpAnswer:
    """Status, headers (names in lower case) and a body still to be read. The caller closes it."""

    __slots__ = (
        "_chunks",
        "_on_close",
        "_on_finish",
        "_pieces",
        "_stream",
        "_unpacker",
        "_watch",
        "began_at",
        "endpoint",
        "headers",
        "status",
    )

    def __init__(
        self,
        endpoint: Endpoint,
        response: httpx.Response,
        on_close: Callable[[], None],
        on_finish: Callable[[HttpAnswer], None],
    ) -> None:
        """`on_close` is called once, when the body is closed; `on_finish` drains the answer in the background."""
        self.began_at = time.monotonic()
        self.status = response.status_code
        self.headers: dict[str, str] = _headers(response.headers.raw)
        self.endpoint = endpoint
        self._on_close: Callable[[], None] | None = on_close
        self._on_finish = on_finish
        self._stream: httpx.AsyncByteStream = response.stream  # pyright: ignore[reportAttributeAccessIssue]
        self._chunks = self._stream.__aiter__()
        self._watch = Watch(endpoint.stall_timeout_s, lambda: getattr(self._stream, "heard_at", 0.0))
        self._pieces: Iterator[bytes] = iter(())
        encoding = self.headers.get("content-encoding", "")
        self._unpacker: Unpacker | str | None = None if encoding.lower() in ("", "identity") else encoding

    async def next_chunk(self) -> bytes:
        """The next bytes as they came, empty at the end.

        Raises UpstreamTimeout after silence, Interrupted when the connection broke, BadReply for what cannot
        be unpacked.
        """
        if self._unpacker is None:
            return await self._next_raw()
        try:
            while True:
                if piece := next(self._pieces, b""):
                    return piece
                raw = await self._next_raw()
                if not raw:
                    return b""
                if isinstance(self._unpacker, str):
                    self._unpacker = Unpacker(self._unpacker)
                self._pieces = self._unpacker.feed(raw)
        except CannotUnpack as error:
            raise BadReply(
                f"{self.endpoint.label} sent an answer with an unexpected compression ({error}).",
                "A proxy in between may be broken.",
                provider=self.endpoint.id,
            ) from None

    async def pump(self, receive: Callable[[bytes], bool]) -> bool:
        """Hands the bytes to `receive` as they come off the socket, until it returns False or the body ends (then
        True). Raises as `next_chunk`; `receive` itself must not raise.

        Nothing awaits between the socket and `receive`, so a chunk costs no switch of tasks.
        """
        push = getattr(self._stream, "push", None)  # httpx's own streams can only be iterated
        if push is not None and self._unpacker is None:
            return await self._watched(push(receive))
        while data := await self.next_chunk():
            if not receive(data):
                return False
            await asyncio.sleep(0)  # bytes that are there already would keep everything else from its turn
        return True

    async def read(self, limit: int = BODY_LIMIT) -> bytes:
        """The whole body. Raises BadReply beyond `limit` bytes, unpacked."""
        pieces: list[bytes] = []
        size = 0
        while piece := await self.next_chunk():
            size += len(piece)
            if size > limit:
                raise too_large(self.endpoint)
            pieces.append(piece)
        return b"".join(pieces)

    def expect_end(self, seconds: float) -> None:
        """From here on only the end is waited for, and no longer than this."""
        self._watch.seconds = min(self._watch.seconds, seconds)
        self._watch.start()

    def finish(self) -> None:
        """The part that matters has been read: the rest is drained in the background."""
        self._on_finish(self)

    async def drain(self) -> None:
        """Reads the rest away, within bounds, and closes: so the connection can be used again."""
        read = 0
        try:
            async with asyncio.timeout(DRAIN_S):
                while read < DRAIN_BYTES and (chunk := await self.next_chunk()):
                    read += len(chunk)
        except (UpstreamError, TimeoutError):
            pass  # then the connection is not used again
        finally:
            await self.aclose()

    def close_at_end(self) -> bool:
        """Closes it without a wait if its body has ended, so that nothing is left to drain; whether it had."""
        has_ended = getattr(self._stream, "has_ended", None)  # httpx's own streams cannot say
        if has_ended is None or not has_ended():
            return False
        self._watch.stop()
        if self._on_close is not None:
            on_close, self._on_close = self._on_close, None
            on_close()
        return True

    async def aclose(self) -> None:
        """Closes it; an answer not read to its end takes its connection with it."""
        self._watch.stop()
        if self._on_close is not None:
            on_close, self._on_close = self._on_close, None
            on_close()
            await self._stream.aclose()

    async def _next_raw(self) -> bytes:
        try:
            return await self._watched(self._chunks.__anext__())
        except StopAsyncIteration:
            return b""

    async def _watched(self, reading: Awaitable[T]) -> T:
        watch = self._watch
        watch.begin()
        try:
            return await reading
        except StopAsyncIteration:
            raise
        except asyncio.CancelledError:
            if watch.expired():
                raise timed_out("stall", self.endpoint) from None
            raise
        except Exception as failure:  # whether anything of it counted is the reader's to say
            raise interrupted(self.endpoint, "closed the connection in the middle of its answer") from failure
        finally:
            watch.end()


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Names in lower case; repeated ones are joined, as RFC 9110 (5.3) says."""
    found: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("utf-8", "replace")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found
