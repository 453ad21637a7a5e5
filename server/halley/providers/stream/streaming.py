"""One streamed answer → events and exactly one `Finish`, or one error: alike for every wire.

A wire brings a `Reader`, which knows what its chunks mean. Here it is decided when an answer is whole, when
it was cut, and when it never was one: before the first event an error is what the host says it is, after it
the reply is `Interrupted`.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

import orjson

from halley.core.errors import HalleyError, Interrupted, ProviderUnavailable, UpstreamError, UpstreamTimeout
from halley.core.events import Event, Finish, Image, ReasoningDelta, Recalled, TextDelta, ToolCallDelta
from halley.core.models import HostNotes
from halley.core.ports import Take
from halley.providers.echoes import Stream
from halley.providers.endpoint import Endpoint
from halley.providers.http.answer import HttpAnswer
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


async def feed_events(
    answer: HttpAnswer,
    reader: Reader,
    asked: Asked,
    take: Take,
    decoder: Decoder | None = None,
    may_be_empty: bool = True,
    on_empty: Callable[[], None] | None = None,
) -> None:
    """Reads `answer` to its end and hands its events to `take`, the Finish last. Stopped early it closes the
    connection; read to the end it gives it back.

    `may_be_empty`: whether nothing at all is an answer. `on_empty` is called when the reply ended at its limit before
    it said anything.
    """
    reply = _Reply(answer, reader, asked, take, decoder or StreamDecoder())
    whole = False
    try:
        try:
            await _read_all(answer, reply)
            held, finish = _end(reader, asked, answer)
        except BadCallError:
            if not reader.started:
                raise bad_call(asked) from None
            error = interrupted(asked.endpoint, "could not read a tool call that the model wrote")
            error.empty = not reply.has_answer
            raise error from None
        except ChunkError as error:
            raise _host_error(error.said, reader, asked, answer) from None
        if not (may_be_empty or reply.has_answer or any(map(_is_answer, held))):
            _check_end(finish, reader, asked)
        reply.let_out(held)
        reply.close()
        whole = True
        answer.finish()
        if finish.reason == "length" and not reply.has_said and on_empty is not None:
            on_empty()
        take(finish)
    except HalleyError as error:
        reply.close()
        error.about(**_whereabouts(asked, answer, error))
        if isinstance(error, Interrupted) and not reader.started:
            error.about(help="Try again, or choose another model.")  # there is no part of it to continue
        raise
    finally:
        if not whole:
            await answer.aclose()


async def _read_all(answer: HttpAnswer, reply: _Reply) -> None:
    """Until the body ends, or the reply wants no more of it. Where events cannot be taken now, the host waits."""
    while not reply.is_whole:
        try:
            has_ended = await answer.pump(reply.feed)
        except (UpstreamTimeout, Interrupted) as error:
            reply.break_off(error)
            return
        if has_ended:
            reply.end()
        await reply.catch_up()


class _Reply:
    """A reply while it comes: bytes in, events out in one pass, without waiting for anything in between."""

    __slots__ = (
        "_answer", "_asked", "_decoder", "_failure", "_found", "_has_ended", "_heard", "_masked", "_reader", "_size",
        "_take", "_wait", "has_answer", "has_said", "is_whole",
    )  # fmt: skip

    def __init__(
        self, answer: HttpAnswer, reader: Reader, asked: Asked, take: Take, decoder: Decoder
    ) -> None:
        self._answer, self._reader, self._asked, self._decoder = answer, reader, asked, decoder
        self._take = take
        self._masked = Stream(asked.mask) if asked.mask else None
        self._found: deque[StreamEvent] = deque()
        """Read, and still to be handed over."""
        self._wait: Awaitable[object] | None = None
        """What the taker wants to be waited for."""
        self._failure: BaseException | None = None
        self._heard = time.monotonic()
        self._size = 0
        self._has_ended = False
        self.is_whole = False
        """No more of the body is wanted."""
        self.has_answer = False
        """Anything but thinking came."""
        self.has_said = False
        """Text, a call or a picture came."""

    def feed(self, data: bytes) -> bool:
        """Hands over the events of these bytes. False when `catch_up` has to come before more bytes; never raises."""
        decoder, reader = self._decoder, self._reader
        try:
            try:
                found = decoder.feed(data)
            except TooLarge as cap:
                raise too_large(self._answer.endpoint, str(cap)) from None
            if found and found[0].name != b"ping":
                self._heard = time.monotonic()
            else:
                self._check_is_alive(found)
            if len(found) == 1 and not self._found and not self.is_whole and found[0].data != b"[DONE]":
                self.let_out(_feed(reader, found[0], self._asked))
            else:
                self._found.extend(found)
                self._hand_over()
            if reader.finished:
                self._answer.expect_end(GRACE_S)
            # Hosts that ignore `stream` answer in one document, and some never close the connection after it.
            if decoder.kind == "json" and (document := _document(decoder)) is not None:
                self.is_whole = True
                self.let_out(_feed_value(reader, document, self._asked, self._answer))
        except (
            BaseException
        ) as failure:  # the caller is the connection; `catch_up` raises it in the call's own task
            self._failure = failure
            return False
        return not (self.is_whole or self._found or self._wait is not None)

    async def catch_up(self) -> None:
        """Hands over what is left, with a breath in between; raises what went wrong in `feed`."""
        while self._failure is not None or self._wait is not None or self._found:
            if self._failure is not None:
                failure, self._failure = self._failure, None
                raise failure
            if self._wait is not None:
                wait, self._wait = self._wait, None
                await wait
            else:
                await asyncio.sleep(0)
            self._hand_over()

    def end(self) -> None:
        """The body has ended, and with it its last event, whole or not."""
        try:
            self._found.extend(self._decoder.close())
        except TooLarge as cap:
            raise too_large(self._answer.endpoint, str(cap)) from None
        self._has_ended = True
        self._hand_over()

    def break_off(self, error: UpstreamTimeout | Interrupted) -> None:
        """The connection broke or its host is silent: raises, unless the reply itself was whole already."""
        reader, endpoint = self._reader, self._answer.endpoint
        if reader.finished:
            return
        if not reader.started:
            raise _before_the_first(error, endpoint) from error.__cause__
        if isinstance(error, UpstreamTimeout):
            raise interrupted(endpoint, "stopped sending in the middle of its answer") from error.__cause__
        raise error

    def let_out(self, events: Iterable[Event]) -> None:
        """Raises Interrupted past `MOST_TEXT`; what came before has been passed on."""
        for event in events:
            if not self.has_said:
                self._look_at(event)
            # Nearly all are text: asked first, and in the cheapest way.
            if type(event) is TextDelta or isinstance(event, ReasoningDelta):
                self._size += len(event.text)
            elif isinstance(event, ToolCallDelta):
                self._size += len(event.arguments)
            if self._size > MOST_TEXT:
                raise _too_long(self._asked.endpoint)
            for shown in (event,) if self._masked is None else self._masked.feed(event):
                if (wait := self._take(shown)) is not None:
                    self._wait = wait

    def close(self) -> None:
        """Lets out what was held back because a key may have begun there."""
        for event in self._masked.close() if self._masked is not None else ():
            self._take(event)

    def _check_is_alive(self, found: list[StreamEvent]) -> None:
        """Pings and comments keep the connection open for ever, and no silence is ever long enough for the bound on a
        read."""
        now = time.monotonic()
        if any(event.name != b"ping" for event in found) or self._decoder.kind in (
            "json",
            "html",
        ):
            self._heard = now
        elif now - self._heard > KEPT_ALIVE * self._answer.endpoint.stall_timeout_s:
            raise _only_kept_alive(self._reader, self._answer.endpoint)

    def _hand_over(self) -> None:
        """What was found, as long as nothing else has to wait for it; at the end what came instead of events."""
        found, reader, asked = self._found, self._reader, self._asked
        until = time.monotonic() + BREATH_S
        while found and not self.is_whole:
            event = found.popleft()
            # Some hosts send more after it, or keep the connection open; neither belongs to the answer.
            if event.data == b"[DONE]":
                self._has_ended = True
                found.clear()
                break
            self.let_out(_feed(reader, event, asked))
            # A host that sends much in one go would keep every other request of the process from its turn.
            if found and time.monotonic() > until:
                return
        if self._has_ended and not self.is_whole:
            self.is_whole = True
            self.let_out(_feed_body(reader, self._decoder, asked, self._answer))

    def _look_at(self, event: Event) -> None:
        self.has_answer = self.has_answer or _is_answer(event)
        if isinstance(event, TextDelta):
            self.has_said = bool(event.text.strip())
        else:
            self.has_said = isinstance(event, ToolCallDelta | Image)


def _too_long(endpoint: Endpoint) -> Interrupted:
    million = MOST_TEXT // 1_000_000
    return interrupted(endpoint, f"sent more than {million} million characters, and Halley stopped reading")


def _only_kept_alive(reader: Reader, endpoint: Endpoint) -> UpstreamError:
    if reader.started:
        return interrupted(endpoint, "sent nothing but comments in the middle of its answer")
    return timed_out("first_token", endpoint)


def _before_the_first(error: UpstreamError, endpoint: Endpoint) -> UpstreamError:
    """A connection that broke before anything was said is a host that does not answer."""
    if isinstance(error, UpstreamTimeout):
        return timed_out("first_token", endpoint)
    said = f"{endpoint.label} closed the connection before its answer began."
    return ProviderUnavailable(said, "Try again, or choose another model.")


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


def _feed_body(reader: Reader, decoder: Decoder, asked: Asked, answer: HttpAnswer) -> Iterable[Event]:
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


def _feed_value(reader: Reader, value: Any, asked: Asked, answer: HttpAnswer) -> Iterable[Event]:
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


def _end(reader: Reader, asked: Asked, answer: HttpAnswer) -> tuple[list[Event], Finish]:
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
        error = interrupted(asked.endpoint, "ended its reply after thinking, without an answer")
        error.empty = True
        raise error
    raise nothing_said(asked)


def _host_error(said: Said, reader: Reader, asked: Asked, answer: HttpAnswer) -> UpstreamError:
    """The host's own error: typed before the first event, an interruption after it."""
    if not reader.started:
        return error_of_said(said, asked, answer.status, answer.headers)
    error = interrupted(asked.endpoint, "failed in the middle of its answer")
    if told := quote(asked.mask.text(said.message), asked.private):
        error.about(help=f"{error.problem.help} It said: {told}.")
    return error


def _whereabouts(asked: Asked, answer: HttpAnswer, error: HalleyError) -> dict[str, Any]:
    return {
        "provider": asked.endpoint.id,
        "model": f"{asked.endpoint.id}/{asked.model}" if asked.model else error.problem.model,
        "request_id": error.problem.request_id or request_id_of(answer.headers),
    }
