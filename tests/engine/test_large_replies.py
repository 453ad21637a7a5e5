"""Replies of tens of thousands of lines: time grows as their length does, whatever their form."""

from __future__ import annotations

import time

import pytest

from halley.core.snapshot import Selection
from halley.core.text import apply_edits
from halley.engine.replies.read import Target, read_reply

FORMS = ("whole", "bare", "deeper", "elided", "search")


def source(functions: int) -> str:
    return "".join(
        f"def f_{n}(a, b):\n    # step {n}\n    c = a + {n}\n    return b * c\n\n" for n in range(functions)
    )


def reply_for(form: str, old: str) -> tuple[str, str]:
    """A reply and what it means."""
    new = old.replace("a + 7\n", "a + 70\n")
    if form == "whole":
        return f"```python\n{new}```", new
    if form == "bare":
        return new, new
    if form == "deeper":
        shifted = "".join(f"    {line}" if line.strip() else line for line in new.splitlines(keepends=True))
        return f"```python\n{shifted}```", new
    if form == "elided":
        head, tail = new.split("def f_9(")[0], old[old.rindex("def ") :]
        return f"```python\n{head}# ... existing code ...\n{tail}```", new
    return (
        "<<<<<<< SEARCH\n    c = a + 7\n=======\n    c = a + 70\n>>>>>>> REPLACE",
        new,
    )


def seconds(form: str, functions: int) -> float:
    old = source(functions)
    reply, meant = reply_for(form, old)
    target = Target("file:///w/a.py", old, Selection(0, len(old)), language_id="python", path="a.py")
    best = 1e9
    for _ in range(2):
        began = time.process_time()
        read = read_reply(reply, target)
        best = min(best, time.process_time() - began)
    assert apply_edits(old, read.edits) == meant and not read.problems
    return best


@pytest.mark.parametrize("form", FORMS)
def test_eight_times_the_lines_take_about_eight_times_as_long(form: str) -> None:
    assert seconds(form, 1600) < 30 * max(seconds(form, 200), 0.002)
