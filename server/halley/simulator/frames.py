"""Server-sent events before they are bytes: one `Frame` each, so that faults can bend the stream by kind.

Payloads are JSON bytes, encoded once by the wire that made them. `encode` writes them in the event-stream format
(https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["start", "reasoning", "text", "tool", "finish", "usage", "done", "error", "raw"]


@dataclass(frozen=True, slots=True)
class Frame:
    """`data` is the payload; for `raw` it is the bytes to send as they are."""

    kind: Kind
    data: bytes
    event: str = ""


DONE = Frame("done", b"[DONE]")


def encode(frames: Iterable[Frame], lines: bool = False) -> Iterator[bytes]:
    """The bytes of each frame: an event, or with `lines` a line of JSON."""
    for frame in frames:
        if frame.kind == "raw":
            yield frame.data
        elif lines:
            yield frame.data + b"\n"
        else:
            head = b"event: %b\n" % frame.event.encode() if frame.event else b""
            yield b"%bdata: %b\n\n" % (head, frame.data)
