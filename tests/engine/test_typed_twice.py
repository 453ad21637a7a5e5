"""The duplicate text of an editor that accepts a suggestion where it was made, although the user has typed on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halley.engine.typing.completions import typed_twice
from halley.engine.typing.place import Place

texts = st.text(st.sampled_from("ab \n("), max_size=6)


@given(texts, texts, texts.filter(bool), st.integers(0, 6))
def test_taking_it_out_leaves_what_was_offered(prefix: str, suffix: str, offered: str, typed: int):
    along = offered[:typed]
    was, now = prefix + along + suffix, prefix + offered + along + suffix
    span = typed_twice(Place(prefix, suffix), offered, was, now)
    assert (span is not None) == bool(along)
    if span is not None:
        assert now[: span[0]] + now[span[1] :] == prefix + offered + suffix


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("x = \n", "x = max\n"),  # accepted before a key
        ("x = ma\n", "x = max\n"),  # accepted as the rest
        ("x = max\n", "x = maxm\n"),  # a key after it was accepted
        ("x = mi\n", "x = maxmi\n"),  # not typed along
        ("x = ma\ny\n", "x = maxma\ny\n"),  # something else has changed too
    ],
)
def test_anything_else_is_the_users(was: str, now: str):
    assert typed_twice(Place("x = ", "\n"), "max", was, now) is None


def test_line_ends_are_the_documents():
    prefix, suffix = "a:\r\n", "\r\n"
    now = f"{prefix}b\r\ncb\r\n{suffix}"
    assert typed_twice(Place(prefix, suffix), "b\nc", f"{prefix}b\r\n{suffix}", now) == (8, 11)
