"""What fits into a budget of tokens on either side of a cursor, against the plain way of counting: one token after the other."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from halley.core import tokens
from halley.engine.typing.fim import head_tokens, tail_tokens

PIECES = [
    "\n",
    "\n\n",
    "\r\n",
    " ",
    "  ",
    "\t",
    " " * 17,
    "a",
    "abcdefghijkl",
    "x = 1\n",
    "12345",
    "é",
    "🙂",
    "\u2003",
    "+=",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=80).map("".join)
BUDGETS = st.integers(1, 30)


def starts(text: str) -> list[int]:
    return [token.start() for token in re.finditer(tokens._TOKEN, text)]


@given(TEXTS, BUDGETS)
def test_where_a_budget_ends(text: str, budget: int) -> None:
    found = starts(text)
    more = len(found) > budget
    assert tokens.end_of_first(text, budget) == (found[budget] if more else None)
    assert tokens.start_of_last(text, budget) == (found[-budget] if more else None)


@given(TEXTS, BUDGETS)
def test_nothing_is_kept_beyond_a_budget_and_all_within_it(text: str, budget: int) -> None:
    tail, head = tail_tokens(text, budget), head_tokens(text, budget)
    assert text.endswith(tail)
    assert text.startswith(head)
    for kept, near in ((tail, text[-budget * 12 :]), (head, text[: budget * 12])):
        assert len(starts(kept)) <= budget
        assert kept == text or len(starts(near)) > budget or len(near) < len(text)


@given(TEXTS.filter(lambda text: len(text) <= 12), BUDGETS)
def test_as_many_whole_lines_are_kept_as_fit(text: str, budget: int) -> None:
    ends = [at + 1 for at, char in enumerate(text) if char == "\n"]
    tails = [text[at:] for at in (0, *ends) if len(starts(text[at:])) <= budget]
    heads = [text[:at] for at in (*ends, len(text)) if len(starts(text[:at])) <= budget]
    if longest := max(tails, key=len, default=""):
        assert tail_tokens(text, budget) == longest
    if longest := max(heads, key=len, default=""):
        assert head_tokens(text, budget) == longest


@given(st.integers(2, 40), st.integers(3, 30))
def test_lines_are_kept_whole(rows: int, budget: int) -> None:
    text = "".join(f"row {number}\n" for number in range(rows))
    for kept in (tail_tokens(text, budget), head_tokens(text, budget)):
        assert kept.endswith("\n")
        assert kept.startswith("row")
        assert len(starts(kept)) >= min(budget, len(starts(text))) - 3  # less than a row is lost
