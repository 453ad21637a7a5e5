"""What the rows of `faults.py` do. Each function is one misbehaviour, told by its row's sentence.

`Bend` is what they are given: the exchange as it would have gone.
"""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate
from functools import cache
from itertools import cycle, repeat
from random import Random
from typing import Any

import orjson

from halley.simulator.conversation import Answer, split_pieces
from halley.simulator.envelope import ApiError
from halley.simulator.frames import Frame
from halley.simulator.http import Ending, Response

BOMB_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bend:
    """The exchange to spoil. `normal(stream)` makes the response it should have been."""

    request_id: str
    anthropic: bool
    model: str
    body: Mapping[str, Any]
    settings: Mapping[str, str]
    random: Random
    origin: str
    normal: Callable[[bool], Response]
    error_frame: Callable[[str], Frame]


# -- instead of an answer


def ends(ending: Ending) -> Callable[[Bend], Response]:
    """Not a byte of an answer."""
    return lambda bend: Response(body=iter(()), ending=ending)


def error(
    status: int, message: str, type: str = "comet_api_error", code: Any = "", param: str | None = None
) -> Callable[[Bend], Response]:
    """An error in the wire's own envelope; `MODEL` in the message stands for the model that was asked."""

    def instead(bend: Bend) -> Response:
        problem = ApiError(status, message.replace("MODEL", bend.model), type, param=param, code=code)
        return problem.response(bend.request_id, bend.anthropic)

    return instead


def rate_limited(bend: Bend) -> Response:
    soon = time.time() + 2
    forms = {
        "date": {"retry-after": formatdate(soon, usegmt=True)},
        "ms": {"retry-after-ms": bend.settings.get("ms", "250")},
        "reset": {
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-requests": bend.settings.get("in", "500ms"),
        },
        "iso": {"anthropic-ratelimit-requests-reset": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(soon))},
        "none": {},
    }
    wish = bend.settings.get("retry_after", "1")
    response = error(429, "Rate limit reached for requests", "rate_limit_error", "rate_limit_exceeded")(bend)
    response.headers |= forms.get(wish, {"retry-after": wish})
    return response


def unsupported(bend: Bend) -> Response:
    """A 400 while the parameter is there; once it is left out the call goes through."""
    candidates = ("temperature", "stream_options", "max_tokens", "tools", "stop")
    name = bend.settings.get("param") or next((c for c in candidates if c in bend.body), "temperature")
    if name not in bend.body:
        return bend.normal(bool(bend.body.get("stream")))
    message = f"Unsupported parameter: '{name}' is not supported with this model."
    return error(400, message, "invalid_request_error", "unsupported_parameter", name)(bend)


def redirect(bend: Bend) -> Response:
    target = bend.settings.get("to") or f"{bend.origin.replace('127.0.0.1', 'localhost')}/elsewhere/v1"
    return Response(301, {"location": target}, b"")


def error_200(bend: Bend) -> Response:
    code = bend.settings.get("code", "rate_limit_exceeded")
    return error(200, "upstream error: 上游负载已饱和", code=code)(bend)


def bare(status: int, body: bytes = b"", kind: str = "", **headers: str) -> Callable[[Bend], Response]:
    return lambda bend: Response(status, ({"content-type": kind} if kind else {}) | headers, body)


def cloudflare(status: int) -> Callable[[Bend], Response]:
    page = (
        f"<!DOCTYPE html>\n<html><head><title>api.example | {status}: A timeout occurred</title></head>"
        f"<body><h1>Error {status}</h1><p>Cloudflare could not reach the origin web server.</p></body></html>"
    )
    return bare(status, page.encode(), "text/html", server="cloudflare", **{"cf-ray": "sim-ray"})


def gzip_bomb(bend: Bend) -> Response:
    """Under 300 KB on the wire."""
    return Response(200, {"content-type": "application/json", "content-encoding": "gzip"}, _bomb())


@cache
def _bomb() -> bytes:
    """One packed megabyte again and again: after a full flush, deflate blocks depend on nothing before them."""
    block = b" " * (1024 * 1024)
    packer = zlib.compressobj(9, wbits=-15)
    packed = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    times, check = BOMB_BYTES // len(block), 0
    for _ in range(times):
        check = zlib.crc32(block, check)
    tail = packer.flush() + struct.pack("<II", check, BOMB_BYTES & 0xFFFFFFFF)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + packed * times + tail


def flood(kind: str, head: bytes, blocks: int | None = None, tail: bytes = b"") -> Callable[[Bend], Response]:
    """`head`, and so many blocks of 64 KiB of text after it; by default without end."""

    def pieces() -> Iterator[bytes]:
        yield head
        yield from repeat(b"x" * 65536) if blocks is None else repeat(b"x" * 65536, blocks)
        yield tail

    return lambda bend: Response(200, {"content-type": kind}, pieces())


endless_line = flood("text/event-stream", b'data: {"choices":[{"index":0,"delta":{"content":"')
oversize = flood(
    "application/json",
    b'{"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"content":"',
    BOMB_BYTES // 65536,
    b'"}}]}',
)


def whole_as_event_stream(bend: Bend) -> Response:
    response = bend.normal(False)
    response.headers["content-type"] = "text/event-stream"
    return response


# -- the events of a stream


def _middle(frames: list[Frame], bend: Bend) -> int:
    """Index after some, and before all, of the text: at least one visible token has gone."""
    visible = [at for at, frame in enumerate(frames) if frame.kind in ("text", "tool")]
    if len(visible) < 2:
        return visible[0] + 1 if visible else len(frames)
    return visible[bend.random.randint(1, len(visible) - 1)]


def half(frames: list[Frame], bend: Bend) -> list[Frame]:
    return frames[: _middle(frames, bend)]


def half_then(*more: Frame) -> Callable[[list[Frame], Bend], list[Frame]]:
    """Some of the text, and then these."""
    return lambda frames, bend: [*half(frames, bend), *more]


def lost_midway(frames: list[Frame], bend: Bend) -> list[Frame]:
    return [*half(frames, bend), bend.error_frame("The upstream connection was lost")]


def without(kind: str) -> Callable[[list[Frame], Bend], list[Frame]]:
    return lambda frames, bend: [frame for frame in frames if frame.kind != kind]


def malformed(frames: list[Frame], bend: Bend) -> list[Frame]:
    at = _middle(frames, bend)
    if at >= len(frames):
        return [*frames, Frame("text", b'{"choices":[{"ind')]
    broken = replace(frames[at], data=frames[at].data[: len(frames[at].data) // 2])
    return [*frames[:at], broken, *frames[at + 1 :]]


def invalid_utf8(frames: list[Frame], bend: Bend) -> list[Frame]:
    at = _middle(frames, bend)
    bad = b'{"id":"x","object":"chat.completion.chunk","created":0,"model":"m","choices":[{"index":0,"delta":{"content":"\xff\xfe"}}]}'
    return [*frames[:at], Frame("text", bad), *frames[at:]]


def pings(frames: list[Frame], bend: Bend) -> list[Frame]:
    noise = cycle(
        (b": PING\n\n", b": OPENROUTER PROCESSING\n\n", b"\n\n", b": keep-alive\n", b"retry: 3000\n\n")
    )
    return [piece for frame in frames for piece in (Frame("raw", next(noise)), frame)]


def _each_choice(
    change: Callable[[dict[str, Any], dict[str, Any], Frame], None], **all: None
) -> Callable[[list[Frame], Bend], list[Frame]]:
    """Edits the JSON of frames: `change` is given each choice of chat completions, its delta, and the frame."""

    def changed(frame: Frame) -> Frame:
        value = orjson.loads(frame.data) | all
        for choice in value.get("choices") or ():
            change(choice, choice.get("delta", {}), frame)
        return replace(frame, data=orjson.dumps(value))

    return lambda frames, bend: [changed(one) if one.data.startswith(b"{") else one for one in frames]


def choices_empty_first(frames: list[Frame], bend: Bend) -> list[Frame]:
    first = orjson.loads(next(f.data for f in frames if f.data.startswith(b"{")))
    filtered = [{"prompt_index": 0, "content_filter_results": {}}]
    opening = first | {"choices": [], "prompt_filter_results": filtered}
    return [Frame("start", orjson.dumps(opening)), *frames]


@_each_choice
def content_null(choice: dict[str, Any], delta: dict[str, Any], frame: Frame) -> None:
    if frame.kind != "text":
        choice["delta"] = delta | {"content": None}


@_each_choice
def content_parts(choice: dict[str, Any], delta: dict[str, Any], frame: Frame) -> None:
    if isinstance(delta.get("content"), str):
        delta["content"] = [{"type": "text", "text": delta["content"]}]


@_each_choice
def no_index(choice: dict[str, Any], delta: dict[str, Any], frame: Frame) -> None:
    for call in delta.get("tool_calls") or []:
        call.pop("index", None)


@_each_choice
def finish_empty(choice: dict[str, Any], delta: dict[str, Any], frame: Frame) -> None:
    if choice.get("finish_reason") is None:
        choice["finish_reason"] = ""


@_each_choice
def finish_eos(choice: dict[str, Any], delta: dict[str, Any], frame: Frame) -> None:
    if choice.get("finish_reason"):
        choice["finish_reason"] = "eos_token"


def usage_null(frames: list[Frame], bend: Bend) -> list[Frame]:
    return _each_choice(lambda *_: None, usage=None)(without("usage")(frames, bend), bend)


def message_beside_delta(frames: list[Frame], bend: Bend) -> list[Frame]:
    """All the text in one chunk, under `message`, with `delta` empty."""
    deltas = [orjson.loads(frame.data) for frame in frames if frame.kind == "text"]
    whole = "".join(c["delta"].get("content") or "" for d in deltas for c in d.get("choices") or ())
    rest = [frame for frame in frames if frame.kind in ("finish", "usage", "done")]
    if not deltas:
        return frames
    message = {"role": "assistant", "content": whole}
    choice = {"index": 0, "delta": {}, "message": message, "finish_reason": None}
    return [Frame("text", orjson.dumps(deltas[0] | {"choices": [choice]})), *rest]


# -- bodies that do not stream, and bytes on their way out


def half_body(body: bytes, bend: Bend) -> bytes:
    return body[: max(1, len(body) // 2)]


def error_body(body: bytes, bend: Bend) -> bytes:
    return error(200, "The upstream connection was lost")(bend).body  # type: ignore[return-value]


def crlf(pieces: Iterator[bytes], bend: Bend) -> Iterator[bytes]:
    for piece in pieces:
        whole = piece.replace(b"\n", b"\r\n")
        yield whole[:-1]
        yield whole[-1:]


def no_blank_line(pieces: Iterator[bytes], bend: Bend) -> Iterator[bytes]:
    held = b""
    for piece in pieces:
        if held:
            yield held
        held = piece
    yield held.rstrip(b"\n")


def multi_line_data(pieces: Iterator[bytes], bend: Bend) -> Iterator[bytes]:
    """Broken after the first comma, where JSON takes a line end for white space."""
    for piece in pieces:
        yield piece.replace(b',"', b',\ndata: "', 1) if piece.startswith(b"data: {") else piece


def bom(pieces: Iterator[bytes], bend: Bend) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf"
    yield from pieces


# -- the text


def think_tags(answer: Answer, bend: Bend) -> Answer:
    thought = answer.reasoning or "The user wants an answer; let me look at what they sent."
    return replace(answer, text=f"<think>\n{thought}\n</think>\n\n{answer.text}", reasoning="", pieces=None)


def filtered(answer: Answer, bend: Bend) -> Answer:
    kept = split_pieces(answer.text)
    return replace(answer, text="".join(kept[: len(kept) // 3]), finish="content_filter", pieces=None)


def cut_arguments(answer: Answer, bend: Bend) -> Answer:
    calls = tuple(
        replace(c, arguments=c.arguments[: max(1, len(c.arguments) // 2)]) for c in answer.tool_calls
    )
    return replace(answer, tool_calls=calls)
