"""Every way a host misbehaves, by name.

A row of `FAULTS` says what the user on the other side sees, and bends an exchange at one or more of four places:

    instead   a response of its own; the request is never answered
    answer    its text
    frames    the events of the stream (or, through `body`, the bytes of a reply that does not stream)
    wire      the bytes on their way out, and how they end

What takes more than a line is in `misbehave.py`. A rule names a fault and says when: `500`, `429:0.1` (one in ten, seeded),
`reset_mid_stream:first=2` (the first two only), `429:retry_after=1.5`, `stall:on=/v1/models` (another path than the
model calls); parts combine with colons.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random

import orjson

from halley.simulator import misbehave as m
from halley.simulator.conversation import Answer
from halley.simulator.frames import Frame
from halley.simulator.http import Ending, Response, html_response
from halley.simulator.misbehave import Bend


@dataclass(frozen=True, slots=True)
class Fault:
    says: str
    instead: Callable[[Bend], Response] | None = None
    answer: Callable[[Answer, Bend], Answer] | None = None
    frames: Callable[[list[Frame], Bend], list[Frame]] | None = None
    body: Callable[[bytes, Bend], bytes] | None = None
    wire: Callable[[Iterator[bytes], Bend], Iterator[bytes]] | None = None
    ending: Ending = "end"
    at_accept: bool = False
    """Strikes when the connection is made, before a request is read; only for a whole run."""


@dataclass(frozen=True, slots=True)
class FaultRule:
    name: str
    probability: float = 1.0
    first: int | None = None
    """Only the first so many calls it applies to."""
    after: int = 0
    """Not before so many calls have passed."""
    on: str | None = None
    """Path prefix; by default every model call."""
    settings: tuple[tuple[str, str], ...] = field(default=())

    @property
    def fault(self) -> Fault:
        return FAULTS[self.name]

    def applies_to(self, path: str, method: str) -> bool:
        """Whether it can strike this call; those that strike when a connection is made strike no call."""
        return not self.fault.at_accept and (path.startswith(self.on) if self.on else method == "POST")

    def strikes(self, count: int, random: Random) -> bool:
        """`count` is how many calls the rule has already been asked about."""
        if count < self.after or (self.first is not None and count >= self.after + self.first):
            return False
        return self.probability >= 1 or random.random() < self.probability


FAULTS: dict[str, Fault] = {
    # before a request is answered
    "refuse": Fault("the connection is reset as soon as it is made", at_accept=True),
    "reset": Fault("the connection is reset after the request", instead=m.ends("reset")),
    "close": Fault("the connection is closed after the request, without a word", instead=m.ends("cut")),
    "stall": Fault("no first byte, ever", instead=m.ends("stall")),
    "headers_then_stall": Fault("headers, and then nothing", frames=lambda frames, bend: [Frame("raw", b": hello\n\n")], ending="stall"),
    "500": Fault("500", instead=m.error(500, "internal error")),
    "500_bad_request": Fault("500 that means a malformed request", instead=m.error(500, "invalid request", code="invalid_request")),
    "502": Fault("502 with an empty body", instead=m.bare(502)),
    "503": Fault("503", instead=m.error(503, "no available channel for this model", code=503)),
    "504": Fault("504 with plain text", instead=m.bare(504, b"upstream request timeout", "text/plain")),
    "524": Fault("524, Cloudflare's time-out, as HTML", instead=m.cloudflare(524)),
    "529": Fault("529, overloaded", instead=m.error(529, "Overloaded", type="overloaded_error")),
    "html_52x": Fault("Cloudflare's 520 page", instead=m.cloudflare(520)),
    "429": Fault("429; `retry_after` (seconds, a float, `date`, `ms`, `reset`) says when", instead=m.rate_limited),
    "429_quota": Fault("429 that means the money is gone", instead=m.error(429, "You exceeded your current quota", type="insufficient_quota", code="insufficient_quota")),
    "401": Fault("401", instead=m.error(401, "Invalid token", code=None)),
    "402": Fault("402, no credit", instead=m.error(402, "Insufficient credits")),
    "403": Fault("403", instead=m.error(403, "This token has no access to the model")),
    "403_quota": Fault("403 that means the token's quota is spent", instead=m.error(403, "token quota is not enough", code="insufficient_user_quota")),
    "404_model": Fault("404: no such model", instead=m.error(404, "The model `MODEL` does not exist or you do not have access to it.", "invalid_request_error", "model_not_found", "model")),
    "400_too_long": Fault("400: the prompt is longer than the context", instead=m.error(400, "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.", "invalid_request_error", "context_length_exceeded", "messages")),
    "400_unsupported_parameter": Fault("400 that names a parameter (`param`) until it is left out", instead=m.unsupported),
    "301": Fault("a redirect to another host", instead=m.redirect),
    "html_200": Fault("200 with a web page", instead=lambda bend: html_response("<!doctype html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>")),
    "json_error_200": Fault("200 whose body is an error", instead=m.error_200),
    "empty_200": Fault("200 with nothing", instead=m.bare(200)),
    "gzip_bomb": Fault("a small gzip body that unpacks to 256 MiB", instead=m.gzip_bomb),
    "endless_line": Fault("one line of a stream that never ends", instead=m.endless_line),
    "oversize": Fault("a JSON body of 256 MiB", instead=m.oversize),
    "endless_headers": Fault("header lines without end", instead=lambda bend: Response(200, {f"x-padding-{n}": "x" * 4000 for n in range(2000)}, b"{}")),
    # in the middle of a stream (or of a body)
    "reset_mid_stream": Fault("a TCP reset after some text", frames=m.half, body=m.half_body, ending="reset"),
    "stall_mid_stream": Fault("silence after some text", frames=m.half, body=m.half_body, ending="stall"),
    "cut_mid_stream": Fault("closed after some text, the chunked body unfinished", frames=m.half, body=m.half_body, ending="cut"),
    "eof_without_finish": Fault("a clean end after some text, no finish_reason, no [DONE]", frames=m.half, body=m.half_body),
    "done_but_cut": Fault("[DONE] after some text, no finish_reason", frames=lambda frames, bend: m.half(frames, bend) + [frame for frame in frames if frame.kind == "done"], body=m.half_body),
    "error_before_token": Fault("an error object as the first event of a 200 stream", frames=lambda frames, bend: [bend.error_frame("The server had an error processing your request")], body=m.error_body),
    "error_in_stream": Fault("an error object after some text; the socket stays open", frames=m.lost_midway, body=m.error_body, ending="stall"),
    "error_text_in_stream": Fault('`{"error": "text"}` after some text', frames=m.half_then(Frame("error", b'{"error":"upstream timed out"}')), body=m.error_body),
    "plain_text_in_stream": Fault("plain text as data after some text", frames=m.half_then(Frame("error", b"upstream connect error or disconnect/reset before headers")), body=m.error_body),
    "malformed_chunk": Fault("JSON cut in the middle of an event", frames=m.malformed, body=m.half_body),
    "invalid_utf8": Fault("bytes that are no UTF-8", frames=m.invalid_utf8, body=lambda body, bend: body.replace(b'"content":"', b'"content":"\xff\xfe', 1)),
    "cut_tool_arguments": Fault("a tool call whose arguments stop half-way", answer=m.cut_arguments),
    # odd, and to be read all the same
    "no_done": Fault("no [DONE]", frames=m.without("done")),
    "usage_null": Fault("usage is null, to the end", frames=m.usage_null, body=lambda body, bend: orjson.dumps(orjson.loads(body) | {"usage": None})),
    "choices_empty_first": Fault("a first chunk without choices, as content filters send it", frames=m.choices_empty_first),
    "content_null": Fault("`content: null` beside other deltas", frames=m.content_null),
    "content_parts": Fault("`content` as an array of parts", frames=m.content_parts),
    "message_beside_delta": Fault("an empty `delta` beside the whole `message`", frames=m.message_beside_delta),
    "finish_eos": Fault("finish_reason `eos_token`", frames=m.finish_eos),
    "finish_empty": Fault('finish_reason `""` until the last chunk', frames=m.finish_empty),
    "no_index": Fault("tool calls without an index", frames=m.no_index),
    "pings": Fault("comments and empty lines between events", frames=m.pings),
    "crlf": Fault("CRLF line ends, split between CR and LF", wire=m.crlf),
    "cr": Fault("CR line ends", wire=lambda pieces, bend: (piece.replace(b"\n", b"\r") for piece in pieces)),
    "no_space": Fault("`data:` without a space", wire=lambda pieces, bend: (re.sub(rb"\Adata: ", b"data:", piece) for piece in pieces)),
    "no_blank_line": Fault("a last event without a blank line", wire=m.no_blank_line),
    "multi_line_data": Fault("one event's JSON over several data lines", wire=m.multi_line_data),
    "split_utf8": Fault("one byte at a time", wire=lambda pieces, bend: (piece[i : i + 1] for piece in pieces for i in range(len(piece)))),
    "bom": Fault("a byte order mark first", wire=m.bom, body=lambda body, bend: b"\xef\xbb\xbf" + body),
    "blank_lines_first": Fault("blank lines before a JSON body", body=lambda body, bend: b"\n" * 20 + body),
    "think_tags": Fault("reasoning folded into <think>…</think>", answer=m.think_tags),
    "sse_as_json": Fault("a JSON body where a stream was asked for", instead=lambda bend: bend.normal(False)),
    "json_as_sse": Fault("a whole JSON reply under text/event-stream", instead=m.whole_as_event_stream),
    "unicode_lines": Fault("U+2028, U+2029 and U+0085 in the text", answer=lambda answer, bend: replace(answer, text=f"before\u2028between\u2029and\u0085after\u000b\n\n{answer.text}", pieces=None)),
    "content_filter": Fault("the host's filter stops it: finish_reason content_filter", answer=m.filtered),
}  # fmt: skip


def parse_rule(text: str) -> FaultRule:
    """`name[:probability][:first=N][:after=N][:on=PREFIX][:setting=value]…`. Raises ValueError."""
    name, *parts = text.split(":")
    if name not in FAULTS:
        raise ValueError(f"there is no fault {name!r}; `halley simulator --list-faults` shows them")
    given: dict[str, str] = {}
    probability = 1.0
    for part in parts:
        key, equals, value = part.partition("=")
        if equals:
            given[key] = value
        else:
            probability = float(key)
    if not 0 <= probability <= 1:
        raise ValueError(f"{text}: a probability lies between 0 and 1")
    first, after, on = given.pop("first", None), int(given.pop("after", "0")), given.pop("on", None)
    return FaultRule(
        name, probability, None if first is None else int(first), after, on, tuple(given.items())
    )
