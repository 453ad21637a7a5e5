"""Edits moved onto a text that changed meanwhile: nothing typed is lost, nothing lands where it does not belong."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halley.core.text import Edit, apply_edits, split_lines
from halley.engine.edits.build import build_edits, rebase_edits

BASE = "import os\n\n\ndef one():\n    return 1\n\n\ndef two():\n    return 2\n"


def merge(base: str, current: str, wanted: str) -> tuple[str, int]:
    rebased = rebase_edits(base, current, build_edits(base, wanted))
    return apply_edits(current, rebased.edits), len(rebased.conflicts)


@pytest.mark.parametrize(
    ("typed", "wanted", "result"),
    [
        (("import os\n", "import os\nimport re\n"), ("return 2", "return 22"), None),
        (("return 1", "return 11"), ("return 2", "return 22"), None),
        (("def two():\n    return 2\n", ""), ("return 1", "return 11"), None),
        (("def two", "# about\ndef two"), ("return 2", "return 22"), None),
        (("return 2\n", "return 2\n\n\ndef three(): ...\n"), ("import os\n", "import re\n"), None),
        (("return 2", "return 2 + 0"), ("return 2", "return 22"), "conflict"),
        (("    return 2\n", ""), ("return 2", "return 22"), "conflict"),
        (
            ("def one():\n", 'def one():\n    """One."""\n'),
            ("def one():\n", "def one():\n    x = 1\n"),
            "conflict",
        ),
        (("return 2", "return 22"), ("return 2", "return 22"), "same"),
    ],
)
def test_typing_beside_and_in_the_place(
    typed: tuple[str, str], wanted: tuple[str, str], result: str | None
) -> None:
    current, asked = BASE.replace(*typed), BASE.replace(*wanted)
    merged, conflicts = merge(BASE, current, asked)
    if result == "conflict":
        assert (merged, conflicts) == (current, 1)
    elif result == "same":
        assert (merged, conflicts) == (current, 0)
    else:
        assert (merged, conflicts) == (current.replace(*wanted), 0)


@pytest.mark.parametrize("typed", ["x\nx\nx\nz\n", "x\nz\n"], ids=["one more", "one less"])
def test_equal_lines_are_indistinguishable(typed: str) -> None:
    """It is unknowable which of the lines was typed, so which of them the edit was made for."""
    rebased = rebase_edits("x\nx\nz\n", typed, [Edit(2, 3, "changed")])
    assert rebased.edits == ()
    assert rebased.conflicts == (Edit(2, 3, "changed"),)


def test_new_lines_follow_a_line_only_where_both_neighbours_stand() -> None:
    base = "alpha line\nomega line\n"
    edit = Edit(11, 11, "between\n")
    assert rebase_edits(base, "first line\n" + base, [edit]).edits == (Edit(22, 22, "between\n"),)
    assert rebase_edits(base, "alpha line\ntyped here\nomega line\n", [edit]).conflicts == (edit,)
    assert rebase_edits(base, "first line\n" + base, [Edit(0, 0, "top\n")]).conflicts == (
        Edit(0, 0, "top\n"),
    )


lines = st.lists(st.sampled_from(["x\n", "y\n", "}\n", "\n", "name = 1\n", "other()\n"]), max_size=10)


@given(lines, lines, lines)
@settings(max_examples=500)
def test_an_edit_lands_only_on_its_own_lines(base: list[str], current: list[str], wanted: list[str]) -> None:
    old, now, asked = "".join(base), "".join(current), "".join(wanted)
    edits = build_edits(old, asked)
    rebased = rebase_edits(old, now, edits)
    assert len(rebased.edits) + len(rebased.conflicts) == (0 if asked == now != old else len(edits))
    assert set(rebased.conflicts) <= set(edits)
    apply_edits(now, rebased.edits)
    kept = [edit for edit in edits if edit not in rebased.conflicts]
    for before, after in zip(kept, rebased.edits, strict=False):
        assert after.new_text == before.new_text
        assert now[after.start : after.end] == old[before.start : before.end]
        assert line_around(now, after) == line_around(old, before)


def line_around(text: str, edit: Edit) -> str:
    start = text.rfind("\n", 0, edit.start) + 1
    if edit.start == edit.end == start and edit.new_text.endswith("\n"):
        return ""
    end = text.find("\n", edit.end - (edit.end > start and text[edit.end - 1] == "\n"))
    return text[start : len(text) if end < 0 else end]


@given(lines, st.data())
@settings(max_examples=500)
def test_one_change_anywhere_moves_edits_exactly(base: list[str], data: st.DataObject) -> None:
    """With a single stretch retyped, what became of every other line is known: the edit must be there or nowhere."""
    old = "".join(base)
    rows = split_lines(old)
    first = data.draw(st.integers(0, len(rows) - 1))
    last = data.draw(st.integers(first, len(rows) - 1))
    typed = data.draw(lines.map("".join))
    now = "".join(rows[:first]) + typed + "".join(rows[last:])
    row = data.draw(st.integers(0, len(rows) - 1))
    at = sum(map(len, rows[:row]))
    edit = Edit(at, at + len(rows[row].rstrip("\n")), "REPLY")
    rebased = rebase_edits(old, now, [edit])
    if not rebased.edits:
        return
    shift = len(now) - len(old)
    places = {at} if row < first else {at + shift} if row >= last else set()
    if not places:  # the line went and one like it came: only the line itself can be looked at
        assert line_around(now, rebased.edits[0]) == rows[row].rstrip("\n")
    else:
        assert rebased.edits[0].start in places
