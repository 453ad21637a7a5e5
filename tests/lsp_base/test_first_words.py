"""The first words of a reply are shown immediately, whatever was announced just before; those after them go together."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from halley.lsp.window import partial_results
from halley.lsp.window.partial_results import Batch, PartialResults


class FakeServer:
    """Takes what is sent; its channel can always be written."""

    def __init__(self) -> None:
        self.sent: list[list[dict[str, Any]]] = []
        self.batches: list[list[tuple[str, list[dict[str, Any]]]]] = []
        self.channel = self
        self.batch: Batch | None = None
        self.streams: dict[Any, None] = {}
        self.is_writable = True

    def write(self, body: bytes) -> None:
        message = json.loads(body)
        if message["method"] == "halley/progress":
            self.batches.append([(one["token"], one["value"]) for one in message["params"]["values"]])
        else:
            self.sent.append(message["params"]["value"])


async def test_an_announcement_does_not_hold_up_the_first_words() -> None:
    server = FakeServer()
    with PartialResults(server, "token") as results:  # type: ignore[arg-type]
        results.send({"type": "start", "replyId": "r"})
        results.send({"type": "text", "replyId": "r", "delta": "One"})
        assert [[event["type"] for event in events] for events in server.sent] == [["start"], ["text"]]
        results.send({"type": "text", "replyId": "r", "delta": " two"})
        results.send({"type": "text", "replyId": "r", "delta": " three"})
        assert len(server.sent) == 2
    assert server.sent[2] == [{"type": "text", "replyId": "r", "delta": " two three"}]


@pytest.fixture
def batch(monkeypatch: pytest.MonkeyPatch) -> Callable[[FakeServer], Batch]:
    """Its window ends when a test says so."""
    monkeypatch.setattr(partial_results, "COALESCE_S", 60.0)

    def make(server: FakeServer) -> Batch:
        server.batch = Batch(server)  # type: ignore[arg-type]
        return server.batch

    return make


async def test_replies_at_the_same_time_share_a_message_where_the_client_can_read_it(batch: Any) -> None:
    server = FakeServer()
    together = batch(server)
    replies = [PartialResults(server, name) for name in "abc"]  # type: ignore[arg-type]
    for number in range(4):
        for name, results in zip("abc", replies, strict=True):
            results.send({"type": "text", "replyId": name, "delta": f"{number} "})
    assert server.batches == [[("a", [text("a", "0 ")])]], "the first immediately"
    together._on_timer()
    assert dict(server.batches[1]) == {
        "a": [text("a", "1 2 3 ")], "b": [text("b", "0 1 2 3 ")], "c": [text("c", "0 1 2 3 ")],
    }  # fmt: skip
    replies[1].send(text("b", "end"))
    replies[0].send(text("a", "end"))
    replies[1].flush()
    assert server.sent == [[text("b", "end")]], "before the answer to its request"
    together._on_timer()
    assert server.batches[2] == [("a", [text("a", "end")])], "what was flushed is not sent twice"


async def test_an_event_without_a_json_form_holds_up_no_other_reply(batch: Any) -> None:
    server = FakeServer()
    together = batch(server)
    first, broken, other = (PartialResults(server, name) for name in "abc")  # type: ignore[arg-type]
    first.send(text("a", "one"))
    broken.send({"type": "text", "replyId": "b", "at": float("nan")})
    other.send(text("c", "two"))
    with pytest.raises(ValueError):
        together._on_timer()
    first.send(text("a", "three"))
    together._on_timer()
    assert server.batches[1] == [("c", [text("c", "two")]), ("a", [text("a", "three")])]


async def test_a_client_that_does_not_read_gets_all_of_it_later(batch: Any) -> None:
    server = FakeServer()
    server.is_writable = False
    together = batch(server)
    results = PartialResults(server, "a")  # type: ignore[arg-type]
    results.send(text("a", "one "))
    together._on_timer()
    results.send(text("a", "two"))
    assert not server.batches
    server.is_writable = True
    together._on_timer()
    assert server.batches == [[("a", [text("a", "one two")])]]


def text(reply: str, delta: str) -> dict[str, Any]:
    return {"type": "text", "replyId": reply, "delta": delta}
