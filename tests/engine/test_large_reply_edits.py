"""Replies of tens of thousands of lines: time grows as their length does, whatever their form."""

from __future__ import annotations

import time

import pytest

from halley.core.snapshot import Selection
from halley.core.text import apply_edits
from halley.engine.replies.read import Target, read_reply

FORMS = (
    *("whole", "many", "bare", "bare many", "deeper", "elided", "gaps", "pieces"),
    *("search", "searches", "diff", "hunks", "patch"),
)


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
    if form in ("many", "bare many"):
        new = old.replace("c = a + 1", "c = a - 1")
        return (f"```python\n{new}```" if form == "many" else new), new
    if form == "gaps":
        return f"```python\n{with_gaps(new)}```", new
    if form == "pieces":
        return pieces(old)
    if form in ("searches", "hunks", "patch"):
        return in_hunks(form, old)
    if form == "diff":
        rows = zip(old.splitlines(), new.splitlines(), strict=True)
        lines = [line for a, b in rows for line in ([f" {a}"] if a == b else [f"-{a}", f"+{b}"])]
        return "```diff\n" + "\n".join(["--- a/a.py", "+++ b/a.py", "@@ @@", *lines]) + "\n```", new
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


def with_gaps(new: str) -> str:
    """Five functions left out with a placeholder, twenty times over."""
    parts = [f"def f_{part}" for part in new.split("def f_")[1:]]
    step = len(parts) // 20
    return "".join(
        "# ... existing code ...\n\n" if n % step == 1 else part
        for n, part in enumerate(parts)
        if not 1 < n % step < 6
    )


def pieces(old: str) -> tuple[str, str]:
    """Functions from all over the file, a placeholder after each: as many as the file is long."""
    parts = old.split("def f_")
    said: list[str] = []
    for n in range(1, len(parts), 100):
        parts[n] = parts[n].replace("c = a +", "c = a -")
        said.append(f"def f_{parts[n]}# ... existing code ...\n")
    return "```python\n" + "\n".join(said) + "```", "def f_".join(parts)


def in_hunks(form: str, old: str) -> tuple[str, str]:
    """A hunk for each tenth function: as many as the file is long."""
    numbers = [n for n in range(old.count("def ")) if n % 10 == 3]
    new = old
    pieces: list[str] = []
    for n in numbers:
        head, was, now = f"    # step {n}", f"    c = a + {n}", f"    c = a - {n}"
        if form == "searches":
            pieces.append(f"<<<<<<< SEARCH\n{head}\n{was}\n=======\n{head}\n{now}\n>>>>>>> REPLACE")
        else:
            pieces.append(f"@@\n {head}\n-{was}\n+{now}")
        new = new.replace(f"{was}\n", f"{now}\n", 1)
    text = "\n".join(pieces)
    if form == "patch":
        text = f"*** Begin Patch\n*** Update File: a.py\n{text}\n*** End Patch"
    return (f"```diff\n{text}\n```" if form == "hunks" else text), new


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
