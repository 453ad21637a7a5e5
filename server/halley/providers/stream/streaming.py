"""One streamed answer → events and exactly one `Finish`, or one error: alike for every wire.

A wire brings a `Reader`, which knows what its chunks mean. Here it is decided when an answer is whole, when
it was cut, and when it never was one: before the first event an error is what the host says it is, after it
the reply is `Interrupted`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable
from typing import Any, Protocol

import orjson

from halley.core.errors import HalleyError, Interrupted, ProviderUnavailable, UpstreamError, UpstreamTimeout
from halley.core.events import Event, Finish, ReasoningDelta, Recalled, TextDelta, ToolCallDelta
from halley.core.models import HostNotes
from halley.providers.echoes import Stream
from halley.providers.endpoint import Endpoint
from halley.providers.http.answer import Answer
from halley.providers.http.connection_errors import interrupted, timed_out, too_large
from halley.providers.refusals.errors import (
    Asked,
    bad_call,
    error_of_answer,
    error_of_said,
    filtered,
    nothing_said,
    quote,
    request_id_of,
)
from halley.providers.refusals.said import Said, is_error, read_said, said_of
from halley.providers.stream.sse import StreamDecoder, StreamEvent, TooLarge

KEPT_ALIVE = 10
"""A host may keep a connection open with comments and pings while its model thinks, for so many times
`stall_timeout_s`. After that it is as silent as one that sends nothing."""
MOST_TEXT = 4_000_000
"""Characters of one reply, thinking and arguments of calls included: eight times what the longest models write."""
BREATH_S = 0.01
"""So long may a reply that comes faster than it is read keep everything else waiting."""
GRACE_S = 5.0
"""How long usage and `[DONE]` are waited for once the answer itself is whole."""


class Reader(Protocol):
    """Knows what the chunks of a wire mean; keeps what is needed from one to the next."""

    started: bool
    """Has any event come out."""
    finished: bool
    """Has the host said that its answer is whole."""

    def feed(self, chunk: Any) -> Iterable[Event]:
        """The events of one chunk. Raises ChunkError for an error in it."""
        ...

    def close(self) -> tuple[list[Event], Finish]:
        """What was held back, and the end. Only called when `finished`."""
        ...


class Decoder(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def body(self) -> bytes: ...
    def may_be_document(self) -> bool: ...
    def feed(self, data: bytes) -> list[StreamEvent]: ...
    def close(self) -> list[StreamEvent]: ...


class ChunkError(Exception):
    """A chunk that says the host failed."""

    def __init__(self, said: Said) -> None:
        super().__init__("the host reported an error")
        self.said = said


class BadCallError(Exception):
    """An end that says the model wrote a tool call which its host could not read."""


async def stream_events(
    answer: Answer,
    reader: Reader,
    asked: Asked,
    decoder: Decoder | None = None,
    may_be_empty: bool = True,
) -> AsyncGenerator[Event, None]:
    """Reads `answer` to its end. Left early it closes the connection; read to the end it gives it back.

    `may_be_empty`: whether nothing at all is an answer.
    """
    decoder = decoder or StreamDecoder()
    whole = False
    outlet, breath = _Outlet(asked), time.monotonic()
    try:
        try:
            more, heard = True, time.monotonic()
            while more:
                found, more = await _read_on(answer, decoder, reader)
                # Pings and comments keep the connection open for ever, and no silence is ever long enough for the
                # read's own limit.
                if any(event.name != b"ping" for event in found) or decoder.kind in ("json", "html"):
                    heard = time.monotonic()
                elif more and time.monotonic() - heard > KEPT_ALIVE * answer.endpoint.stall_timeout_s:
                    raise _only_kept_alive(reader, answer.endpoint)
                for event in found:
                    # Some hosts send more after it, or keep the connection open; neither belongs to the answer.
                    if event.data == b"[DONE]":
                        more = False
                        break
                    for shown in outlet.let_out(_feed(reader, event, asked)):
                        yield shown
                    # A host that sends much in one go would keep every other request of the process from its turn.
                    if time.monotonic() - breath > BREATH_S:  # what has come already never waits by itself
                        await asyncio.sleep(0)
                        breath = time.monotonic()
                if reader.finished:
                    answer.expect_end(GRACE_S)
                # Hosts that ignore `stream` answer in one document, and some never close the connection after it.
                if more and decoder.kind == "json" and (document := _document(decoder)) is not None:
                    more = False
                    for shown in outlet.let_out(_feed_value(reader, document, asked, answer)):
                        yield shown
                elif not more:
                    for shown in outlet.let_out(_feed_body(reader, decoder, asked, answer)):
                        yield shown
        except BadCallError:
            if reader.started:
                raise interrupted(asked.endpoint, "could not read a tool call that the model wrote") from None
            raise bad_call(asked) from None
        except ChunkError as error:
            raise _host_error(error.said, reader, asked, answer) from None
        held, finish = _end(reader, asked, answer)
        if not (may_be_empty or outlet.has_answer or any(map(_is_answer, held))):
            _check_end(finish, reader, asked)
        for shown in outlet.let_out(held):
            yield shown
        for shown in outlet.close():
            yield shown
        whole = True
        answer.finish()
        yield finish
    except HalleyError as error:
        for shown in outlet.close():
            yield shown
        error.about(**_whereabouts(asked, answer, error))
        raise
    finally:
        if not whole:
            await answer.aclose()


class _Outlet:
    """What leaves here: without keys that the host said back, and not without end."""

    __slots__ = ("_asked", "_size", "_stream", "has_answer")

    def __init__(self, asked: Asked) -> None:
        self.has_answer = False
        """Anything but thinking came."""
        self._asked, self._stream, self._size = asked, Stream(asked.mask), 0

    def let_out(self, events: Iterable[Event]) -> Iterable[Event]:
        """Raises Interrupted past `MOST_TEXT`; what came before has been passed on."""
        for event in events:
            self.has_answer = self.has_answer or _is_answer(event)
            if isinstance(event, TextDelta | ReasoningDelta):
                self._size += len(event.text)
            elif isinstance(event, ToolCallDelta):
                self._size += len(event.arguments)
            if self._size > MOST_TEXT:
                million = MOST_TEXT // 1_000_000
                how = f"sent more than {million} million characters, and Halley stopped reading"
                raise interrupted(self._asked.endpoint, how)
            yield from self._stream.feed(event)

    def close(self) -> Iterable[Event]:
        """What was held back."""
        return self._stream.close()


async def _read_on(answer: Answer, decoder: Decoder, reader: Reader) -> tuple[list[StreamEvent], bool]:
    """The next events, and whether more may follow."""
    try:
        chunk = await answer.next_chunk()
        return (decoder.feed(chunk), True) if chunk else (decoder.close(), False)
    except TooLarge as cap:
        raise too_large(answer.endpoint, str(cap)) from None
    except (UpstreamTimeout, Interrupted) as error:
        if reader.finished:
            return [], False  # the answer was whole, only the goodbye is missing
        if not reader.started:
            raise _before_the_first(error, answer.endpoint) from error.__cause__
        if isinstance(error, UpstreamTimeout):
            raise interrupted(
                answer.endpoint, "stopped sending in the middle of its answer"
            ) from error.__cause__
        raise


def _only_kept_alive(reader: Reader, endpoint: Endpoint) -> UpstreamError:
    if reader.started:
        return interrupted(endpoint, "sent nothing but comments in the middle of its answer")
    return timed_out("first_token", endpoint)


def _before_the_first(error: UpstreamError, endpoint: Endpoint) -> UpstreamError:
    """A connection that broke before anything was said is a host that does not answer."""
    if isinstance(error, UpstreamTimeout):
        return timed_out("first_token", endpoint)
    return ProviderUnavailable(error.problem.message, "Try again, or choose another model.")


def _feed(reader: Reader, event: StreamEvent, asked: Asked) -> Iterable[Event]:
    data = event.data
    if not data or data == b"[DONE]":
        return ()
    try:
        chunk = orjson.loads(data)
    except ValueError:
        # It began as JSON, so it is a chunk that broke; anything else is a proxy's or a host's error in plain text.
        if data.lstrip()[:1] in (b"{", b"[", b'"'):
            raise interrupted(asked.endpoint, "sent a malformed chunk in its answer") from None
        if data.strip() == b"[DONE]":
            return ()
        raise ChunkError(read_said(data)) from None
    if event.name == b"error" or not isinstance(chunk, dict):
        if isinstance(chunk, dict | str):
            raise ChunkError(said_of(chunk))
        return ()
    return reader.feed(chunk)


def _feed_body(reader: Reader, decoder: Decoder, asked: Asked, answer: Answer) -> Iterable[Event]:
    """What came where a stream should have: a whole JSON answer, an error, a web page, plain text."""
    body = decoder.body.strip()
    if not body:
        return ()
    if decoder.kind == "html":
        raise error_of_answer(answer.status, answer.headers, body, asked)
    if decoder.kind != "json":
        if reader.started or reader.finished:
            return ()
        raise ChunkError(read_said(body))
    try:
        value = orjson.loads(body)
    except ValueError:
        raise interrupted(asked.endpoint, "sent an answer that is not complete JSON") from None
    return _feed_value(reader, value, asked, answer)


def _feed_value(reader: Reader, value: Any, asked: Asked, answer: Answer) -> Iterable[Event]:
    if isinstance(value, list):
        value = value[0] if value else {}
    if is_error(value):
        raise error_of_said(said_of(value), asked, answer.status, answer.headers)
    return reader.feed(value) if isinstance(value, dict) else ()


def _document(decoder: Decoder) -> Any:
    """A JSON body that is whole already, though its host leaves the connection open."""
    if not decoder.may_be_document():
        return None
    try:
        return orjson.loads(decoder.body)
    except ValueError:
        return None


def _end(reader: Reader, asked: Asked, answer: Answer) -> tuple[list[Event], Finish]:
    if reader.finished:
        held, finish = reader.close()
        reason = "length" if _took_all(finish, asked.limit) else finish.reason
        return held, Finish(
            reason, finish.usage, finish.model, finish.request_id or request_id_of(answer.headers)
        )
    if reader.started:
        raise interrupted(asked.endpoint)
    raise nothing_said(asked)


def _took_all(finish: Finish, limit: int | None) -> bool:
    """Whether a reply that calls itself complete took every token it may have: llama.cpp's `/responses` says
    `completed` where it cut."""
    took = finish.usage.output_tokens if finish.usage else 0
    return finish.reason == "stop" and limit is not None and took >= limit


def _is_answer(event: Event) -> bool:
    """Whether a user has something of it; thinking alone is no answer."""
    if isinstance(event, TextDelta):
        return bool(event.text.strip())
    return not isinstance(event, ReasoningDelta | Recalled | HostNotes)


def _check_end(finish: Finish, reader: Reader, asked: Asked) -> None:
    """Raises for an end without an answer; one at the limit is reported by the caller, which knows the limit."""
    if finish.reason == "length":
        return
    if finish.reason == "content_filter":
        raise filtered(asked)
    if reader.started:
        raise interrupted(asked.endpoint, "ended its reply after thinking, without an answer")
    raise nothing_said(asked)


def _host_error(said: Said, reader: Reader, asked: Asked, answer: Answer) -> UpstreamError:
    """The host's own error: typed before the first event, an interruption after it."""
    if not reader.started:
        return error_of_said(said, asked, answer.status, answer.headers)
    error = interrupted(asked.endpoint, "failed in the middle of its answer")
    if told := quote(asked.mask.text(said.message), asked.private):
        error.about(help=f"{error.problem.help} It said: {told}.")
    return error


def _whereabouts(asked: Asked, answer: Answer, error: HalleyError) -> dict[str, Any]:
    return {
        "provider": asked.endpoint.id,
        "model": f"{asked.endpoint.id}/{asked.model}" if asked.model else error.problem.model,
        "request_id": error.problem.request_id or request_id_of(answer.headers),
    }
