"""`halley ask --json`: the events of the protocol, by its names."""

from __future__ import annotations

import pytest
from pydantic.alias_generators import to_camel

from halley.cli.conversation.events import event_to_json
from halley.core.events import (
    Citation,
    Event,
    Finish,
    Image,
    Notice,
    ReasoningDelta,
    Recalled,
    TextDelta,
    ToolCalled,
    ToolEnded,
)
from halley.core.models import ModelRef, Times, Usage
from halley.lsp.protocol.replies import Event as Shown

NAMES = {to_camel(name) for name in Shown.model_fields} | {"url"}


@pytest.mark.parametrize(
    "event",
    [
        TextDelta("a"),
        ReasoningDelta("b"),
        Notice("c", ModelRef("p", "m")),
        Citation("https://one.example", "One"),
        ToolCalled("1", "demo", "note", "Note", "{}", read_only=True),
        ToolEnded("1", "done", "saved"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_an_event_has_the_names_of_the_protocol(event: Event) -> None:
    shown = event_to_json(event)
    assert set(shown) <= NAMES
    assert Shown.model_validate({**shown, "replyId": ""}).type == shown["type"]


def test_the_end_has_usage_and_what_a_program_needs_to_keep_the_text() -> None:
    assert event_to_json(Recalled(3)) == {"type": "recalled", "length": 3}
    assert event_to_json(Image("image/png", b"1234")) == {
        "type": "image",
        "mime": "image/png",
        "bytes": 4,
        "url": "",
    }
    finish = Finish("stop", usage=Usage(5, 7), model=ModelRef("p", "m"), times=Times(total_ms=2.04))
    assert event_to_json(finish)["usage"] == {"inputTokens": 5, "outputTokens": 7, "totalMs": 2.0}
