"""Line ends that are mixed, and white space on blank lines: a line that a reply does not change keeps its own, whatever
the reply's form."""

from __future__ import annotations

from collections import Counter
from difflib import unified_diff

from hypothesis import given, settings
from hypothesis import strategies as st

from halley.core.snapshot import Selection
from halley.core.text import apply_edits, split_lines
from halley.engine.code.layout import content
from halley.engine.replies.read import Target, read_reply

words = st.lists(
    st.sampled_from("alpha beta gamma delta epsilon zeta eta theta".split()), min_size=3, max_size=12
)


def read(text: str, reply: str) -> str:
    target = Target("file:///w/a.c", text, Selection(0, len(text)), language_id="c", path="a.c")
    return apply_edits(text, read_reply(reply, target).edits)


def test_a_line_that_a_diff_removes_and_adds_again_keeps_its_end():
    text = "one;\ntwo;\r\nthree;\nfour;\r\n"
    diff = "--- a/a.c\n+++ b/a.c\n@@ -1,4 +1,4 @@\n one;\n-two;\n-three;\n+two;\n+3;\n four;"
    assert read(text, f"```diff\n{diff}\n```") == "one;\ntwo;\r\n3;\nfour;\r\n"


def test_lines_that_a_diff_takes_away_below_and_adds_above_keep_their_ends():
    text = "top;\n</ul>\r\none;\ntwo;\r\n</ul>\nend;\n"
    diff = "@@ -1,6 +1,6 @@\n top;\n+</ul>\n+one;\n+2;\n </ul>\n-one;\n-two;\n-</ul>\n end;"
    made = read(text, f"```diff\n{diff}\n```")
    assert made == "top;\n</ul>\r\none;\n2;\r\n</ul>\nend;\n"


@given(words, st.data())
@settings(max_examples=60, deadline=None)
def test_lines_that_stay_keep_their_ends(old: list[str], data: st.DataObject) -> None:
    ends = data.draw(st.lists(st.sampled_from(["\n", "\r\n"]), min_size=len(old), max_size=len(old)))
    row = data.draw(st.integers(0, len(old) - 1))
    new = [*old[:row], "changed", *old[row + 1 :]]
    was, now = (
        [f"{word}({n});" for n, word in enumerate(old)],
        [f"{word}({n});" for n, word in enumerate(new)],
    )
    text = "".join(line + end for line, end in zip(was, ends, strict=True))
    diff = "\n".join(unified_diff(was, now, "a/a.c", "b/a.c", lineterm="", n=data.draw(st.integers(1, 20))))
    made = split_lines(read(text, f"```diff\n{diff}\n```"))
    assert [content(line) for line in made] == [*now, ""]
    kept = Counter(made) & Counter(split_lines(text))
    assert kept.total() == len(old)  # all but the changed one, and the empty last


@given(words, st.data())
@settings(max_examples=150, deadline=None)
def test_blank_lines_keep_their_white_space(old: list[str], data: st.DataObject) -> None:
    blanks = data.draw(st.lists(st.sampled_from(["", "  ", "\t", "        "]), min_size=3, max_size=3))
    rows = [
        row for n in range(3) for row in ([f"{word}({n}_{k});" for k, word in enumerate(old)], [blanks[n]])
    ]
    was = ["begin;", *(line for row in rows for line in row), "end;"]
    said = [n for n, line in enumerate(was) if line.strip() and 0 < n < len(was) - 1]
    for_two = data.draw(st.lists(st.sampled_from(said), min_size=1, max_size=3))
    new = [f"changed({n});" if n in for_two else line for n, line in enumerate(was)]
    reply = "\n".join(line if line.strip() or data.draw(st.booleans()) else "" for line in new)
    assert read("\n".join([*was, ""]), f"```c\n{reply}\n```") == "\n".join([*new, ""])
