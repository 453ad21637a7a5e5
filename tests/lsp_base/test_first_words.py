"""The first words of a reply are shown immediately, whatever was announced just before; those after them go together."""

from __future__ import annotations

import json
from typing import Any

from halley.lsp.window.partial_results import PartialResults


class FakeServer:
    """Takes what is sent; its channel can always be written."""

    def __init__(self) -> None:
        self.sent: list[list[dict[str, Any]]] = []
        self.channel = self
        self.is_writable = True

    def write(self, body: bytes) -> None:
        self.sent.append(json.loads(body)["params"]["value"])


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
