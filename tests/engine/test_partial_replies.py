"""Replies that leave things out, made from real ones: what comes of them is exactly right, or nothing at all."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from halley.core.snapshot import Selection
from halley.core.text import apply_edits
from halley.engine.replies.read import ReadReply, Target, read_reply

PLACEHOLDERS = ("# ... existing code ...", "# ... rest of the file ...", "# (unchanged)", "...")


def function(n: int, changed: bool = False, depth: int = 0) -> str:
    body = [
        f"def f{n}(x):",
        f"    a{n} = x",
        "    if x:",
        "        return None",
        f"    return a{n} + {9 if changed else n}",
    ]
    return "".join(f"{'    ' * depth}{line}\n" for line in body)


def whole(count: int, changed: set[int], in_class: bool) -> str:
    functions = "\n\n".join(function(n, n in changed, depth=int(in_class)) for n in range(count))
    return ("class Box:\n" if in_class else "import os\n\n\n") + functions


def read(reply: str, text: str) -> ReadReply:
    return read_reply(reply, Target("file:///a.py", text, Selection(0, len(text)), 1, "python", "a.py"))


shapes = st.tuples(st.integers(2, 7), st.booleans())


@given(shapes, st.data())
@settings(max_examples=300)
def test_placeholders_are_filled_or_refused(shape: tuple[int, bool], data: st.DataObject) -> None:
    count, in_class = shape
    changed = data.draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=count - 1))
    placeholder = data.draw(st.sampled_from(PLACEHOLDERS))
    indent = "    " if in_class and data.draw(st.booleans()) else ""
    parts = [
        function(n, True, int(in_class)) if n in changed else f"{indent}{placeholder}\n" for n in range(count)
    ]
    head = "class Box:\n" if in_class else ""
    lines = [part for n, part in enumerate(parts) if n == 0 or part != parts[n - 1]]
    found = read(f"```python\n{head}{chr(10).join(lines)}```", whole(count, set(), in_class))
    text = apply_edits(whole(count, set(), in_class), found.edits)
    wanted = whole(count, changed, in_class)
    assert squeezed(text) == squeezed(wanted) or (not found.changes and found.problems and found.kept)


@given(shapes, st.data())
@settings(max_examples=300)
def test_what_is_not_spoken_of_stays(shape: tuple[int, bool], data: st.DataObject) -> None:
    """Some definitions, in any order of indentation lost or kept, and no placeholder."""
    count, in_class = shape
    changed = data.draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=max(1, count // 2)))
    depth = data.draw(st.sampled_from([0, int(in_class)]))
    given_back = "\n".join(function(n, True, depth) for n in sorted(changed))
    if in_class and depth and data.draw(st.booleans()):
        given_back = "class Box:\n" + given_back
    found = read(f"```python\n{given_back}```", whole(count, set(), in_class))
    text = apply_edits(whole(count, set(), in_class), found.edits)
    if count > 2:
        assert squeezed(text) == squeezed(whole(count, changed, in_class)) or (
            not found.changes and found.kept
        )


def squeezed(text: str) -> list[str]:
    """Blank lines are of no account here."""
    return [line for line in text.split("\n") if line.strip()]
