"""Each form of a model for next edits: its prompt holds what it must, and its reply is read as the region's new text."""

from __future__ import annotations

import pytest

from halley.core.calls import NextEditPrompt, PastEdit, Prompt, user
from halley.core.events import TextDelta
from halley.engine.typing.next_edit.reply import read_reply
from halley.providers.facts import known_facts
from halley.providers.wires.next_edit import build_body, fill, find_row, path_of, reader_of

REGION = "a = 1\nprint({b})\nc = 3\n"
PROMPT = NextEditPrompt(
    "x.py", "python", "before = 0\n", REGION, "after = 9\n", 6, "a = 0\nprint({b})\nc = 3\n",
    (PastEdit("x.py", "a = 0\n", "a = 1\n", "@@ -1,1 +1,1 @@\n-a = 0\n+a = 1\n"),), Prompt((user("chat"),)),
    (("y.py", "other = {path}\n"),),
)  # fmt: skip


@pytest.mark.parametrize(
    ("model", "form", "reply"),
    [
        ("zeta", "zeta", "```x.py\n<|editable_region_start|>\na = 2\n<|editable_region_end|>\n```"),
        ("zed-industries/zeta-2", "zeta-2", "a = 2\n"),
        ("zeta-2.1", "zeta-2-1", "<|marker_1|>a = 2\n<|marker_2|>"),
        ("sweep-next-edit-1.5b", "sweep", "a = 2\n"),
        ("mercury-edit-2", "mercury", "```python\na = 2\n```"),
    ],
)
def test_each_form_is_filled_and_read(model: str, form: str, reply: str):
    facts = known_facts(None, model)
    row = find_row(facts)
    assert row is not None and facts["next"] == form and "next" in facts["roles"]
    said = fill(row, PROMPT)
    for part in ("x.py", "print({b})", "c = 3", "a = 0"):
        assert part in said, part
    assert "other = {path}" in said or "file" not in row, "what a value holds is not filled again"
    body = build_body(model, row, PROMPT)
    assert body.get("prompt", "") == said or body["messages"][0]["content"] == said
    assert path_of(row) == ("/edit/completions" if form == "mercury" else "/completions")
    assert read_reply(streamed(row, reply), REGION) == "a = 2\n"


@pytest.mark.parametrize(("form", "reply"), [("zeta-2", "NO_EDITS"), ("mercury", "None"), ("sweep", "")])
def test_no_edit_is_nothing_in_each_form(form: str, reply: str):
    row = find_row({"next": form})
    assert row is not None
    assert read_reply(streamed(row, reply), REGION) is None


def test_the_cursor_and_the_blocks_are_marked():
    assert "a = 1\n<|user_cursor|>print({b})" in fill(find_row({"next": "zeta-2"}) or {}, PROMPT)
    blocks = fill(find_row({"next": "zeta-2-1"}) or {}, PROMPT)
    assert "<|marker_1|>\na = 1\n" in blocks and "c = 3\n<|marker_2|>" in blocks


def streamed(row: object, reply: str) -> str:
    """What the wire hands over of a reply that comes in pieces."""
    reader = reader_of(row)  # type: ignore[arg-type]
    events = [
        event
        for piece in (reply[:7], reply[7:])
        for event in reader.feed({"choices": [{"index": 0, "text": piece}]})
    ]
    events += reader.feed({"choices": [{"index": 0, "text": "", "finish_reason": "stop"}]})
    closing, _ = reader.close()
    return "".join(event.text for event in (*events, *closing) if isinstance(event, TextDelta))
