"""The first answer, before there is a server.

An editor starts a server and then waits for the answer to `initialize`; importing what answers everything else
takes ten times as long as answering that. So this module reads the first message with blocking reads and next to
no imports, answers it from `capabilities.py`, and hands over what it knows as an `Opening`:

    opening.params    what the client said of itself; None if the first message was no proper `initialize`
    opening.frames    the messages that are still to be handled, in order
    opening.parser    the parser, which may hold the beginning of the next one

The real server then starts as if it had answered itself (`Server.begin(params)`), and handles everything
that is not this one case: a wrong first message, an `initialize` sent twice, garbage.
"""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

from halley.lsp.base.frames import BadFrame, FrameParser, frame
from halley.lsp.capabilities import build_initialize_result
from halley.lsp.streams import write_all

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 64 * 1024


class Opening:
    """How far the conversation has come when the server takes over."""

    def __init__(self) -> None:
        self.parser = FrameParser()
        self.frames: list[bytes | BadFrame] = []
        self.params: dict[str, Any] | None = None
        self.at_end = False
        """The client closed its side before it said anything."""


def answer_initialize(stdin: int, stdout: int) -> Opening:
    """Reads up to the first message and answers it if it is `initialize`."""
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):  # nothing is open yet that would have to be closed
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: os._exit(0))
    return open_conversation(stdin, stdout)


def open_conversation(stdin: int, stdout: int, may_read: Callable[[], bool] = lambda: True) -> Opening:
    """As `answer_initialize`, for one client of several. Without leave to read it ends where it is: the opening then
    holds what was read."""
    opening = Opening()
    while not opening.frames and may_read():
        data = os.read(stdin, _CHUNK)
        if not data:
            opening.at_end = True
            return opening
        opening.frames = opening.parser.feed(data)
    request = _read_initialize(opening.frames[0]) if opening.frames else None
    if request is not None:
        params = opening.params = request["params"]
        del opening.frames[0]
        response = {"jsonrpc": "2.0", "id": request["id"], "result": build_initialize_result(params)}
        write_all(stdout, frame(json.dumps(response, separators=(",", ":")).encode()))
    return opening


def _read_initialize(first: bytes | BadFrame) -> dict[str, Any] | None:
    """The message, if it is an `initialize` request in perfect order; everything else is the server's."""
    if isinstance(first, BadFrame):
        return None
    try:
        message = json.loads(first)
        json.dumps(message, ensure_ascii=False, allow_nan=False).encode()  # no NaN, no half characters
    except (ValueError, RecursionError):
        return None
    in_order = (
        isinstance(message, dict)
        and message.get("jsonrpc") == "2.0"
        and message.get("method") == "initialize"
        and type(message.get("id")) in (int, str)
        and isinstance(message.get("params"), dict)
    )
    return message if in_order else None
