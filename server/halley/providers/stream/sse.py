"""Bytes of a stream → its events, whatever way the bytes were cut.

`StreamDecoder` reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) and,
because hosts put other things under `text/event-stream`, recognizes them by their first byte that is not
blank: a JSON document, a web page, or plain text. Lines end at LF, CR or CRLF and nowhere else: U+2028 or
U+0085 inside JSON is text.

What an event means is the wires' business. Nothing here awaits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

MiB = 1024 * 1024
BOM = b"\xef\xbb\xbf"
LARGEST_EARLY_DOCUMENT = MiB
FIELDS = (b"data", b"event", b"id", b"retry")


@dataclass(frozen=True, slots=True)
class Caps:
    """How much a host may send before it counts as broken, in bytes."""

    line: int = 16 * MiB
    """A picture in a chunk is one line."""
    event: int = 32 * MiB
    body: int = 64 * MiB


class TooLarge(Exception):
    """A cap was passed; the argument says which (`line`, `event`, `body`)."""


_EVENT: Callable[..., StreamEvent] = tuple.__new__
"""As calling the class, which is a function of Python's own in between."""


class StreamEvent(NamedTuple):
    """One event: the value of its `event:` field (empty for most hosts) and its data."""

    name: bytes
    data: bytes


Kind = Literal["unknown", "events", "json", "html"]


class StreamDecoder:
    """Feed it bytes as they come; each call returns the events completed by them. Raises TooLarge.

    `kind` is known from the first byte that is not blank. For `json` and `html` there are no events: `body`
    is the text, complete once `close` was called.
    """

    __slots__ = (
        "_caps", "_data", "_event_size", "_name", "_plain", "_rest", "_rest_size", "_skip_lf", "_total", "kind",
    )  # fmt: skip

    def __init__(self, caps: Caps | None = None) -> None:
        self._caps = caps or Caps()
        self.kind: Kind = "unknown"
        # The pieces of the line that has not ended, joined once when it ends: a long line costs no square.
        self._rest: list[bytes] = []
        self._rest_size = 0
        self._skip_lf = False  # the last byte was a CR; an LF that follows belongs to it
        self._name = b""
        self._data: list[bytes] = []
        self._event_size = 0
        self._total = 0
        # Lines that are neither fields nor comments, for reporting what came instead of a stream.
        self._plain: list[bytes] = []

    @property
    def body(self) -> bytes:
        """What came where no events did: JSON, a web page, plain text."""
        return b"".join(self._rest) if self.kind in ("json", "html") else b"\n".join(self._plain)

    def may_be_document(self) -> bool:
        """Is it worth trying to parse `body` before the end: some hosts say an error and leave the
        connection open.
        """
        small = self.kind == "json" and self._total <= LARGEST_EARLY_DOCUMENT
        return small and bool(self._rest) and self._rest[-1].rstrip()[-1:] in (b"}", b"]")

    def feed(self, data: bytes) -> list[StreamEvent]:
        self._total += len(data)
        if self._total > self._caps.body:
            raise TooLarge("body")
        # One event of one `data:` line and nothing else, as nearly all are.
        if (
            self.kind == "events"
            and data.startswith(b"data: ")
            and data.endswith(b"\n\n")
            and data.count(b"\n") == 2
            and b"\r" not in data
            and not (self._rest or self._data or self._name or self._skip_lf)
            and len(data) <= self._caps.event
        ):
            return [_EVENT(StreamEvent, (b"", data[6:-2]))]
        if self.kind in ("json", "html"):
            self._rest.append(data)
            return []
        if self.kind == "unknown":
            data = self._tell_kind(data)
            if self.kind != "events":
                return []
        return self._read_lines(data)

    def close(self) -> list[StreamEvent]:
        """The end of the stream: what the last lines, ended or not, still give."""
        if self.kind == "unknown" and self._rest:
            self.kind = "events"
        if self.kind != "events":
            return []
        return [*self._read_lines(b"\n"), *self._read_lines(b"\n")]

    def _tell_kind(self, data: bytes) -> bytes:
        """Decides on the kind once a byte that is not blank has come; blanks before it mean nothing
        anywhere.
        """
        data = b"".join((*self._rest, data)).lstrip()
        self._rest = []
        while data.startswith(BOM):
            data = data[len(BOM) :].lstrip()
        if data and BOM.startswith(data):  # cut in the middle of a BOM
            self._rest.append(data)
            return b""
        first = data[:1]
        if not first:
            return b""
        if first not in b"{[<":
            self.kind = "events"
            return data
        self.kind = "html" if first == b"<" else "json"
        self._rest.append(data)
        return b""

    def _read_lines(self, data: bytes) -> list[StreamEvent]:
        if self._skip_lf and data:
            self._skip_lf = False
            if data[0] == 10:
                data = data[1:]
        if b"\r" in data:
            self._skip_lf = data[-1] == 13
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if b"\n" not in data:
            self._keep(data)
            return []
        if self._rest:
            data = b"".join((*self._rest, data))
            self._rest, self._rest_size = [], 0
        lines = data.split(b"\n")
        self._keep(lines.pop())
        events: list[StreamEvent] = []
        for line in lines:
            if line:
                self._read_line(line)
            elif self._data or self._name:
                events += self._dispatch()
        return events

    def _keep(self, piece: bytes) -> None:
        if piece:
            self._rest.append(piece)
            self._rest_size += len(piece)
            if self._rest_size > self._caps.line:
                raise TooLarge("line")

    def _read_line(self, line: bytes) -> None:
        if line.startswith(b"data:"):
            value = line[6:] if line[5:6] == b" " else line[5:]
            self._event_size += len(value)
            if self._event_size > self._caps.event:
                raise TooLarge("event")
            self._data.append(value)
            return
        field, colon, value = line.partition(b":")
        if field == b"event":
            self._name = value.removeprefix(b" ")
        elif field == b"data":  # the field's name alone
            self._data.append(b"")
        elif line[:1] == b"{":  # a gateway that fell out of its own stream, to say why
            self._data.append(line)
        elif field and field not in FIELDS and (not colon or b" " in field):
            self._plain_line(line)

    def _plain_line(self, line: bytes) -> None:
        if sum(map(len, self._plain)) < 8192:
            self._plain.append(line[:8192])

    def _dispatch(self) -> list[StreamEvent]:
        name, parts = self._name, self._data
        self._name, self._data, self._event_size = b"", [], 0
        if len(parts) == 1:
            return [StreamEvent(name, parts[0])]
        if len(parts) > 1 and _are_documents(parts):
            return [StreamEvent(name, part) for part in parts]
        return [StreamEvent(name, b"\n".join(parts))] if parts else []


def _are_documents(parts: list[bytes]) -> bool:
    """Several `data:` lines that are a document each: a host that forgot the blank lines between its events."""
    return all(
        part == b"[DONE]" or (part[:1] == b"{" and part.rstrip()[-1:] == b"}" and _parses(part))
        for part in parts
    )


def _parses(part: bytes) -> bool:
    import orjson

    try:
        orjson.loads(part)
    except ValueError:
        return False
    return True


class LineDecoder:
    """The same for one JSON document a line (`application/x-ndjson`, Ollama's own protocol). Raises
    TooLarge.
    """

    __slots__ = ("_caps", "_rest", "_size", "_total")
    kind: Kind = "events"
    body = b""

    def __init__(self, caps: Caps | None = None) -> None:
        self._caps = caps or Caps()
        self._rest: list[bytes] = []
        self._size = self._total = 0

    def may_be_document(self) -> bool:
        return False

    def feed(self, data: bytes) -> list[StreamEvent]:
        self._total += len(data)
        if self._total > self._caps.body:
            raise TooLarge("body")
        *lines, rest = data.split(b"\n")
        if lines:
            lines[0] = b"".join((*self._rest, lines[0]))
            self._rest, self._size = [], 0
        self._rest.append(rest)
        self._size += len(rest)
        if self._size > self._caps.line:
            raise TooLarge("line")
        return [StreamEvent(b"", line) for line in lines if line.strip()]

    def close(self) -> list[StreamEvent]:
        return self.feed(b"\n")
