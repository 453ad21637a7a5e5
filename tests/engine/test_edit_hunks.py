"""A change in hunks: whole lines that lie apart, and any choice of them is the same as their edits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halley.core.text import apply_edits, split_lines
from halley.engine.edits.build import build_edits
from halley.engine.edits.hunks import Hunk, hunks_of

TEXTS = st.lists(
    st.sampled_from(["a\n", "b\n", "\n", "ab\n", "c\r\n", "d\r", "long line\n", "e"]), max_size=12
).map("".join)


@given(old=TEXTS, new=TEXTS, chosen=st.sets(st.integers(0, 11)))
def test_any_choice_is_its_lines_and_its_edits(old: str, new: str, chosen: set[int]) -> None:
    hunks = hunks_of(old, build_edits(old, new))
    some = [hunk for number, hunk in enumerate(hunks) if number in chosen]
    assert apply_edits(old, [edit for hunk in hunks for edit in hunk.edits]) == new
    assert apply_edits(old, [edit for hunk in some for edit in hunk.edits]) == _by_lines(old, some)


def _by_lines(old: str, hunks: list[Hunk]) -> str:
    lines, made, at = split_lines(old), list[str](), 0
    for hunk in hunks:
        assert hunk.line >= at, "hunks overlap"
        made += lines[at : hunk.line]
        at, left = hunk.line, hunk.old_text
        while left:
            assert left.startswith(lines[at]) and lines[at], "part of a line"
            left, at = left.removeprefix(lines[at]), at + 1
        made.append(hunk.new_text)
    return "".join([*made, *lines[at:]])


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("a\nb\n", "a\nx\nb\n", (1, "", "x\n")),
        ("a\nb\n", "a\n", (1, "b\n", "")),
        ("a\nb\n", "a\nb\nx\n", (2, "", "x\n")),
        ("", "x\n", (0, "", "x\n")),
        ("a", "a\nx", (0, "a", "a\nx")),
        ("a\n", "", (0, "a\n", "")),
        ("aa\nbb\n", "aabb\n", (0, "aa\nbb\n", "aabb\n")),
    ],
)
def test_a_hunk_shows_the_lines_it_is_about(old: str, new: str, shown: tuple[int, str, str]) -> None:
    (hunk,) = hunks_of(old, build_edits(old, new))
    assert (hunk.line, hunk.old_text, hunk.new_text) == shown
