"""Replies said word for word, so that a test can make a model say exact (broken, hostile) things.

    sim.script("```python\\nprint(1)\\n```")                  the next call's text
    sim.script(text="…", model="sim-fast", finish="length")   the next call of that model
    sim.script(chunks=["a", "b"], fault="reset_mid_stream")
    sim.script(status=418, body="short and stout")            any HTTP answer
    sim.script(raw="data: {…}\\n\\n")                          any bytes as the event stream

Over HTTP: `POST /_simulator/script` with one such object, or an array of them. A reply waits for the first call that it
fits (`model`, `path`, `contains`: a string in the request's body) and is used once, or `repeat` times (-1: always).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from halley.simulator.conversation import Answer, SaidToolCall
from halley.simulator.envelope import bad_request


@dataclass(slots=True)
class ScriptedReply:
    text: str = ""
    chunks: list[str] | None = None
    """How the text streams; by default in pieces the size of tokens."""
    finish: str = ""
    """`stop`, `length`, `tool_calls`, `content_filter`; by default what fits."""
    reasoning: str = ""
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    """`{name, arguments}` each; arguments as JSON text, possibly broken, or as an object."""
    fault: str = ""
    delay_ms: float | None = None
    tokens_per_s: float | None = None
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    raw: str | None = None
    model: str = ""
    path: str = ""
    contains: str = ""
    repeat: int = 1
    hold: int | None = None
    """Streamed pieces sent before it waits until it is released (`DELETE /_simulator/hold`); 0: not even headers."""

    def waits(self, sent: int) -> bool:
        return self.hold is not None and sent >= self.hold

    def fits(self, model: str, path: str, body: bytes) -> bool:
        if self.model and self.model != model:
            return False
        escaped = orjson.dumps(self.contains)[1:-1]
        return path.startswith(self.path) and (self.contains.encode() in body or escaped in body)

    def answer(self) -> Answer:
        calls = tuple(_call(call, at) for at, call in enumerate(self.tool_calls))
        pieces = tuple(self.chunks) if self.chunks is not None else None
        finish = self.finish or ("tool_calls" if calls else "stop")
        return Answer(self.text or "".join(pieces or ()), self.reasoning, calls, finish, pieces)


def _call(call: Mapping[str, Any], at: int) -> SaidToolCall:
    arguments = call.get("arguments", "{}")
    text = arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()
    return SaidToolCall(str(call.get("id") or f"call_sim_script_{at}"), str(call.get("name", "")), text)


class Script:
    """Scripted replies, first come, first served."""

    def __init__(self) -> None:
        self.waiting: list[ScriptedReply] = []
        self.held: list[ScriptedReply] = []

    def release(self) -> None:
        for reply in (*self.held, *self.waiting):
            reply.hold = None
        self.held.clear()

    def add_json(self, value: Any) -> int:
        """From `POST /_simulator/script`. Raises ApiError (400) for fields there are none of."""
        many = value if isinstance(value, list) else [value]
        try:
            replies = [ScriptedReply(**one) for one in many]
        except TypeError as error:
            raise bad_request(f"simulator script: {error}") from error
        self.waiting += replies
        return len(replies)

    def take(self, model: str, path: str, body: bytes) -> ScriptedReply | None:
        for at, reply in enumerate(self.waiting):
            if reply.fits(model, path, body):
                if reply.hold is not None:
                    self.held.append(reply)
                if reply.repeat > 0:
                    reply.repeat -= 1
                    if reply.repeat == 0:
                        del self.waiting[at]
                return reply
        return None
