"""Reading and placing a review's findings, for any reply and any change: nothing is believed that was not shown."""

from __future__ import annotations

import difflib
import itertools
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from halley.engine.review.parts import Part, ReviewedFile, build_parts
from halley.engine.review.placing import place_finding, rows_of
from halley.engine.review.reading import MOST_FINDINGS, MOST_TEXT, MOST_TITLE, read_findings
from halley.engine.review.values import SEVERITIES, Finding

PATH = "src/shop.py"
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
words = st.text("abc é𝒩\"'\\`{}[],:#\t", min_size=1, max_size=20)
lines = st.lists(
    st.sampled_from(["", "  ", "a = 1", "    a = 1", "b()", "\tb()", "é = '𝒩'", "}", "a  = 1 "]), max_size=14
)
objects = st.fixed_dictionaries(
    {"file": st.just(PATH), "title": st.from_regex(r"\A[a-z]{1,12}\Z")},
    optional={
        "line": st.integers(1, 20),
        "severity": st.sampled_from(SEVERITIES),
        "text": words,
        "quote": words,
        "replacement": words,
    },
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["file", "title", "line", "quote", "findings"]), inner)
    ),
    max_leaves=12,
)


@QUICK
@given(st.text(max_size=300) | json_values.map(json.dumps) | st.text('[]{}",:a\\ \n', max_size=80))
def test_any_reply_is_read_within_bounds(reply: str) -> None:
    found = read_findings(reply)
    for one in found or ():
        assert one.title and len(one.title) <= MOST_TITLE and len(one.text) <= MOST_TEXT
        assert one.severity in SEVERITIES and not one.is_placed
        assert not any(ord(character) < 32 for character in one.title + one.path)


@QUICK
@given(
    st.lists(objects, max_size=6),
    st.sampled_from(
        [
            "{}",
            "Here they are:\n{}",
            "```json\n{}\n```\nDone.",
            '{{"findings": {}}}',
            "<think>a [b]</think>{}",
        ]
    ),
    st.booleans(),
)
def test_findings_are_read_whatever_is_around_them(
    given_: list[dict[str, Any]], frame: str, comma: bool
) -> None:
    plain = read_findings(json.dumps(given_))
    assert plain is not None and [one.title for one in plain] == [one["title"] for one in given_]
    listed = json.dumps(given_, indent=1)
    if comma and given_:
        listed = f"{listed[:-2]},\n]"
    assert read_findings(frame.format(listed)) == plain


@QUICK
@given(st.lists(objects, min_size=1, max_size=5), st.floats(0, 1))
def test_a_reply_that_breaks_off_keeps_whole_findings(given_: list[dict[str, Any]], part: float) -> None:
    """All that were whole, in order, and none of them half."""
    rows = [json.dumps(one) for one in given_]
    reply, whole = f"[{', '.join(rows)}]", read_findings(f"[{', '.join(rows)}]")
    kept = int(len(reply) * part)
    ends = itertools.accumulate((len(row) + len(", ") for row in rows), initial=len("[") - len(", "))
    found = read_findings(reply[:kept]) or []
    assert whole is not None and found == whole[: sum(end <= kept for end in itertools.islice(ends, 1, None))]


def test_more_findings_than_the_most_are_left_out() -> None:
    found = read_findings(json.dumps([{"title": "a"}] * (MOST_FINDINGS + 5)))
    assert found is not None and len(found) == MOST_FINDINGS


@QUICK
@given(lines, lines, st.integers(5, 200))
def test_parts_show_each_new_line_once_with_its_number(old: list[str], new: list[str], budget: int) -> None:
    shown = [
        (line, row)
        for part in parts_of(old, new, budget)
        for one in part.files
        for row, line in one.rows
        if line
    ]
    assert [line for line, _ in shown] == sorted({line for line, _ in shown})
    assert all(row[9:] == new[line - 1] for line, row in shown)
    added = [row[9:] for _, row in shown if row[7] == "+"]
    assert added == [row[1:] for row in diff_of(old, new)[2:] if row.startswith("+")]


@QUICK
@given(lines, lines, st.data())
def test_a_quote_of_shown_lines_with_their_number_is_placed_there(
    old: list[str], new: list[str], data: st.DataObject
) -> None:
    for part in parts_of(old, new, 400):
        shown = sorted(part.files[0].lines)
        if not shown:
            continue
        first = data.draw(st.sampled_from(shown))
        last = data.draw(st.integers(first, max(range(first, first + 3), key=lambda at: (at in shown) * at)))
        rows = new[first - 1 : last]
        # A blank line at the edge of a quote is not told from the quote's own end.
        if not set(range(first, last + 1)) <= set(shown) or not rows[0].strip() or not rows[-1].strip():
            continue
        placed = place_finding(finding("\n".join(rows), "x", claimed=first), part)
        assert (placed.first, placed.last, placed.quote) == (first, last, "\n".join(rows))
        assert placed.replacement == (None if rows == ["x"] else "x")


@QUICK
@given(
    lines,
    lines,
    st.lists(st.sampled_from(["a = 1", "b()", " b()", "}", "", "c"]), max_size=3),
    st.integers(0, 9),
)
def test_what_is_placed_was_shown_and_says_what_was_quoted(
    old: list[str], new: list[str], quoted: list[str], claimed: int
) -> None:
    for part in parts_of(old, new, 400):
        placed = place_finding(finding("\n".join(quoted), None, claimed), part)
        if not placed.is_placed:
            assert placed.quote == "\n".join(quoted)
            continue
        assert part.files[0].lines.issuperset(range(placed.first, placed.last + 1))
        rows = new[placed.first - 1 : placed.last]
        assert placed.quote.split("\n") == rows
        wanted = "\n".join(quoted).strip("\n").split("\n")
        assert [row.split() for row in rows] == [row.split() for row in wanted]


@QUICK
@given(st.integers(0, 39), st.integers(0, 39), st.integers(1, 3), st.integers(0, 41))
def test_a_quote_with_a_line_that_was_not_shown_is_not_placed(
    changed: int, first: int, count: int, claimed: int
) -> None:
    """Each line is there once, so nothing but its being shown decides."""
    old = [f"value_{row} = {row}" for row in range(40)]
    new = [*old[:changed], "changed = True", *old[changed + 1 :]]
    (part,) = parts_of(old, new, 1000)
    rows = new[first : first + count]
    placed = place_finding(finding("\n".join(rows), "x", claimed), part)
    assert placed.is_placed == part.files[0].lines.issuperset(range(first + 1, first + len(rows) + 1))


@QUICK
@given(
    st.sampled_from(["    ", "\t", "  "]),
    st.lists(st.sampled_from(["a = 1", "if b:", "  c()"]), min_size=1, max_size=4),
)
def test_a_quote_without_its_margin_gets_it_back(margin: str, rows: list[str]) -> None:
    """And so does the replacement."""
    rows = ["unique = 1", *rows]
    new = ["# top", *(margin + row for row in rows), "# end"]
    (part,) = parts_of(["# top", "# end"], new, 1000)
    placed = place_finding(finding("\n".join(rows), "x\n\n  y"), part)
    assert (placed.first, placed.last) == (2, len(rows) + 1)
    assert placed.replacement == f"{margin}x\n\n{margin}  y"


@QUICK
@given(lines, lines)
def test_halves_show_what_the_whole_did(old: list[str], new: list[str]) -> None:
    for part in parts_of(old, new, 400):
        halves = part.halved()
        rows = [row for half in halves for one in half.files for row in one.rows]
        assert not halves or rows == [row for one in part.files for row in one.rows]


def finding(quote: str, replacement: str | None, claimed: int = 0) -> Finding:
    return Finding(PATH, "warning", "It is wrong", "", quote, replacement, claimed=claimed)


def diff_of(old: list[str], new: list[str]) -> list[str]:
    return list(difflib.unified_diff(old, new, f"a/{PATH}", f"b/{PATH}", lineterm=""))


def parts_of(old: list[str], new: list[str], budget: int) -> list[Part]:
    text = "\n".join(new)
    assert rows_of(text) == (new or [""])
    return build_parts([ReviewedFile(PATH, "\n".join(diff_of(old, new)), text)], budget)
