"""Which calls came, and how they ended: what a test asks the simulator afterwards.

In the process `Seen` holds everything. Over HTTP (`GET /_simulator/requests`) keys are masked: someone may have sent
a real one by mistake.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

KEPT = 10_000
"""Calls remembered; the oldest are forgotten."""

_SECRET = ("authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie")


@dataclass(slots=True)
class Seen:
    """One call. `state` is `open`, `complete`, `closed_early` (by the client), `reset`, `cut` or `stall`."""

    number: int
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    model: str = ""
    status: int = 0
    fault: str = ""
    scripted: bool = False
    stream: bool = False
    state: str = "open"
    pieces: int = 0
    """Streamed pieces written before it ended."""
    tokens: int = 0
    at: float = field(default_factory=time.monotonic)
    ended_at: float | None = None

    @property
    def json(self) -> Any:
        """The body, where it is JSON; otherwise None."""
        try:
            return orjson.loads(self.body) if self.body else None
        except orjson.JSONDecodeError:
            return None

    @property
    def key(self) -> str:
        bearer = self.headers.get("authorization", "").removeprefix("Bearer ").strip()
        return bearer or self.headers.get("x-api-key", "")

    @property
    def closed_early(self) -> bool:
        return self.state == "closed_early"

    def to_json(self) -> dict[str, Any]:
        return {
            "number": self.number, "method": self.method, "path": self.path.split("?")[0],
            "headers": {k: mask(v) if k in _SECRET else v for k, v in self.headers.items()}, "body": self.json,
            "model": self.model, "status": self.status, "fault": self.fault, "scripted": self.scripted,
            "stream": self.stream, "state": self.state, "pieces": self.pieces,
            "seconds": None if self.ended_at is None else round(self.ended_at - self.at, 6),
        }  # fmt: skip


class Records:
    """The calls seen so far."""

    def __init__(self) -> None:
        self.all: deque[Seen] = deque(maxlen=KEPT)
        self.open: set[int] = set()
        self.count = 0
        self.tokens = 0

    def add(self, seen: Seen) -> None:
        self.all.append(seen)
        self.open.add(seen.number)

    def end(self, seen: Seen, state: str, pieces: int) -> None:
        self.open.discard(seen.number)
        self.tokens += seen.tokens
        seen.state, seen.pieces, seen.ended_at = state, pieces, time.monotonic()


def mask(secret: str) -> str:
    """Enough to tell two keys apart, not enough to use one."""
    digest = hashlib.sha256(secret.encode()).hexdigest()[:8]
    return f"{secret[:9]}…sha256:{digest}"
