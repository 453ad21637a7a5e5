"""Files cut into pieces that name themselves; queries as the index understands them; rankings merged by place."""

from __future__ import annotations

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from halley.engine.code.chunks import MOST_CHARACTERS, MOST_LINES, SMALL_LINES, cut_chunks
from halley.engine.fusion import merge_ranks, spread
from halley.engine.search_query import camel_parts, match_terms, split_name


def test_a_large_class_becomes_its_head_and_its_members() -> None:
    methods = "".join(f"    def step_{n}(self):\n        return {n}\n\n" for n in range(SMALL_LINES))
    chunks = cut_chunks(
        f'import os\n\n\n@register\nclass Order(Base):\n    """Notes."""\n\n{methods}', "python"
    )
    assert [chunk.symbol for chunk in chunks[:4]] == ["", "Order", "Order.step_0", "Order.step_1"]
    assert chunks[1].text.startswith("@register\nclass Order")


def test_markdown_is_cut_at_its_headings_and_not_in_its_code() -> None:
    text = "# Guide\n\nIntro.\n\n## Setup\n\n```sh\n# no heading\n```\n\n## Use\n\nRun it.\n"
    assert [chunk.symbol for chunk in cut_chunks(text, "markdown")] == [
        "Guide",
        "Guide › Setup",
        "Guide › Use",
    ]


def test_without_a_grammar_first_lines_decide() -> None:
    chunks = cut_chunks("fun one() {\n}\n\nfun two() {\n}\n", "kotlin")
    assert [chunk.symbol for chunk in chunks] == ["one", "two"]


@given(
    st.lists(
        st.sampled_from(["def f():", "    x = 1", "", "class A:", "# π", "\r", "text " * 40, "}"]),
        max_size=300,
    ),
    st.sampled_from(["python", "go", "markdown", "kotlin", "plaintext"]),
)
def test_every_line_that_says_something_is_in_one_chunk(lines: list[str], language_id: str) -> None:
    text = "\n".join(lines)
    rows = text.split("\n")
    held: list[int] = []
    for chunk in cut_chunks(text, language_id):
        assert chunk.last_line - chunk.first_line < MOST_LINES
        assert len(chunk.text) <= 2 * MOST_CHARACTERS
        assert chunk.text == "".join(f"{row}\n" for row in rows[chunk.first_line - 1 : chunk.last_line])
        held += range(chunk.first_line, chunk.last_line + 1)
    assert len(held) == len(set(held))
    assert {at for at, row in enumerate(rows, 1) if row.strip()} <= set(held)


def test_names_are_taken_apart() -> None:
    assert split_name("parseHTTPReply_v2") == ["parse", "HTTP", "Reply", "v2"]
    assert camel_parts("x = parseArgs(plain_name, HTTPReply)") == "HTTP Reply parse Args"


@given(st.text(max_size=80))
def test_no_query_is_a_syntax_error(query: str) -> None:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE found USING fts5 (text, tokenize='porter unicode61')")
    for term in match_terms(query):
        db.execute("SELECT * FROM found WHERE found MATCH ?", (term,)).fetchall()
    if terms := match_terms(query):
        db.execute("SELECT * FROM found WHERE found MATCH ?", (" OR ".join(terms),)).fetchall()


def test_what_both_rankings_name_comes_first() -> None:
    merged = merge_ranks({"lexical": ["a", "b", "c"], "vector": ["d", "b"]}, {"lexical": 1.0, "vector": 1.0})
    assert [thing for thing, _, _ in merged] == ["b", "a", "d", "c"]
    assert merged[0][2] == ("lexical", "vector")


def test_results_are_of_different_definitions():
    found = [("a.py", "Order.total"), ("a.py", "Order.total"), ("b.md", ""), ("b.md", "")]
    found += [("a.py", f"Order.m{n}") for n in range(5)] + [("a.py", "Order"), ("c.py", "Order.total")]
    named = spread(found, lambda thing: thing)
    assert named[:5] == [
        ("a.py", "Order.total"),
        ("b.md", ""),
        ("b.md", ""),
        ("a.py", "Order.m0"),
        ("a.py", "Order.m1"),
    ]
    assert named[5:7] == [("a.py", "Order"), ("c.py", "Order.total")]  # before the rest of a class
    assert named[7:] == [("a.py", f"Order.m{n}") for n in (2, 3, 4)]
