"""Minimal edits: always right, and as small as a human would make them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halley.core.text import Edit, apply_edits, split_lines
from halley.engine.edits.build import build_edits, group_edits
from halley.engine.edits.diffs import diff_lines

texts = st.text(st.sampled_from("ab \t\n\r\f\u2028é😀"), max_size=60)
codes = st.lists(
    st.sampled_from(["a\n", "b\n", "  a\n", "}\n", "\n", "\r\n", "a\r\n", "long line\n"]), max_size=14
)


@given(texts | codes.map("".join), texts | codes.map("".join))
@settings(max_examples=500)
def test_edits_turn_the_old_text_into_the_new(old: str, new: str) -> None:
    edits = build_edits(old, new)
    assert apply_edits(old, edits) == new
    assert all(a.end < b.start for a, b in pairwise(edits)), "edits touch"
    for edit in edits:
        assert "\r\n" not in (old[edit.start - 1 : edit.start + 1], old[edit.end - 1 : edit.end + 1])


@given(st.lists(st.sampled_from("abcx"), max_size=20), st.lists(st.sampled_from("abcx"), max_size=20))
def test_what_lies_between_blocks_is_equal(old: list[str], new: list[str]) -> None:
    i = j = 0
    for i1, i2, j1, j2 in [*diff_lines(old, new), (len(old), len(old), len(new), len(new))]:
        assert old[i:i1] == new[j:j1]
        i, j = i2, j2


@pytest.mark.parametrize(
    ("old", "new", "edits"),
    [
        ("a\nb\nc\n", "a\nX\nc\n", [Edit(2, 3, "X")]),
        ("a\nc\n", "a\nb\nc\n", [Edit(2, 2, "b\n")]),
        ("a\nb\nc\n", "a\nc\n", [Edit(2, 4, "")]),
        ("a", "a\n", [Edit(1, 1, "\n")]),
        ("total = a + b\n", "total = a - b\n", [Edit(10, 11, "-")]),
        ("f(one)\ng(two)\n", "f(uno)\ng(due)\n", [Edit(2, 5, "uno"), Edit(10, 12, "du"), Edit(12, 13, "e")]),
        ("if x:\n    a()\n    b()\n", "    a()\n    b()\n", [Edit(0, 6, "")]),
        ("a()\nb()\n", "if x:\n    a()\n    b()\n", [Edit(0, 0, "if x:\n    "), Edit(4, 4, "    ")]),
        ("x\r\ny\r\n", "x\r\nz\r\n", [Edit(3, 4, "z")]),
    ],
)
def test_small_changes_make_small_edits(old: str, new: str, edits: list[Edit]) -> None:
    if len(edits) == 3:  # two edits of one line that touch are one
        edits = [edits[0], Edit(9, 12, "due")]
    assert list(build_edits(old, new)) == edits


def test_an_added_function_is_one_insertion() -> None:
    body = "def one():\n    return 1\n\n\n"
    old = body + "def two():\n    return 2\n"
    new = body + "def new():\n    return 3\n\n\n" + "def two():\n    return 2\n"
    (edit,) = build_edits(old, new)
    assert edit.start == edit.end
    assert len(split_lines(edit.new_text)) == 5


def test_edits_of_one_place_are_one_group() -> None:
    text = "one\ntwo\nthree\nfour\nfive\n"
    new = "One\nTwo\nthree\nfour\nFive\n"
    groups = group_edits(text, build_edits(text, new))
    assert [len(group) for group in groups] == [2, 1]


@given(texts, texts)
def test_groups_hold_every_edit_once(old: str, new: str) -> None:
    edits = build_edits(old, new)
    assert tuple(edit for group in group_edits(old, edits) for edit in group) == edits


def test_a_long_file_of_equal_lines_is_no_trouble() -> None:
    old = "}\n" * 10_000
    new = "x\n" + "}\n" * 4_000 + "y\n" + "}\n" * 7_000
    assert apply_edits(old, build_edits(old, new)) == new
