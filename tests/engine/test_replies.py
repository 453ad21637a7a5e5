"""What holds for every reply, however broken: no exception, nothing lost, nothing outside the workspace."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from halley.core.snapshot import Document, Selection
from halley.core.text import CreateFile, DeleteFile, DocumentEdit, RenameFile, apply_edits
from halley.engine.replies.read import Target, read_code, read_reply
from halley.engine.replies.target import refuse_path

TEXT = """import os


class Shop:
    def total(self):
        s = 0
        for item in self.items:
            s += item.price
        return s

    def names(self):
        return [item.name for item in self.items]
"""
LINES = [
    "```", "```python", "````", "~~~", "```diff", "```js file=src/b.js", "```python:../../x.py", "   ```", "```markdown",
    "<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE", "|||||||", "--- a/a.py", "+++ b/a.py", "+++ /dev/null",
    "@@ -1,2 +1,2 @@", "@@", "-        s = 0", "+        s = 1", "         s = 0", "*** Begin Patch",
    "*** Update File: a.py", "*** Delete File: b.py", "*** Add File: /etc/passwd", "diff --git a/a.py b/c.py",
    "rename from a.py", "rename to ../c.py", "# ... existing code ...", "...", "    # rest of the class remains unchanged",
    "class Shop:", "    def total(self):", "def total(self):", "        return s", "return s", "    def names(self):",
    "import os", "import re", "", "   ", "\t", "<think>", "</think>", "Here you go:", "I'm sorry, I can't.", "`b.py`",
    "### `lib/new.py`", "b.py", "# b.py", "\u202eevil", "\ufeff", "a\x0cb", "x\u2028y", "}", "{", "&lt;", "\\ No newline",
]  # fmt: skip
replies = st.lists(st.sampled_from(LINES), max_size=25).map("\n".join) | st.text(max_size=80)
places = st.tuples(st.integers(0, len(TEXT)), st.integers(0, len(TEXT))).map(sorted)
FILES = {"b.py": Document("file:///w/b.py", "B = 1\n", "python")}


def target(start: int = 0, end: int = len(TEXT), text: str = TEXT, newline: str = "\n") -> Target:
    return Target(
        "file:///w/a.py",
        text.replace("\n", newline),
        Selection(start, end),
        3,
        "python",
        "a.py",
        files=FILES,
        root_uri="file:///w",
    )


@given(replies, places, st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=600, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_reply_gives_edits_or_says_why_not(reply: str, place: list[int], newline: str) -> None:
    asked = target(*place, newline=newline)
    read = read_reply(reply, asked)
    text = apply_edits(asked.text, read.edits)
    if newline == "\r\n" and all(asked.text[at - 1 : at + 1] != "\r\n" for at in place if at):
        assert "\n" not in text.replace("\r\n", ""), "a line has the wrong end"
    for problem in read.problems:
        assert problem.message
        assert problem.help
    if read.problems and not read.confirm:
        assert read.kept or not reply
    for change in read.changes:
        match change:
            case DocumentEdit(uri, _, edits):
                assert uri in ("file:///w/a.py", "file:///w/b.py")
                assert edits
            case CreateFile(uri, _) | DeleteFile(uri) | RenameFile(uri, _):
                assert uri.startswith("file:///w/")
                assert ".." not in uri


@given(replies)
@settings(max_examples=200)
def test_code_for_a_new_file_is_text_with_a_final_newline(reply: str) -> None:
    code = read_code(reply, "python")
    assert not code or (code.endswith("\n") and code.strip())


@given(st.data())
@settings(max_examples=300)
def test_a_fenced_block_replaces_exactly_its_part(data: st.DataObject) -> None:
    """Any new lines for any whole lines, by a model that does just what it is asked."""
    rows = [f"name_{n} = {n}\n" for n in range(data.draw(st.integers(1, 12)))]
    first = data.draw(st.integers(0, len(rows) - 1))
    last = data.draw(st.integers(first + 1, len(rows)))
    new = "".join(f"new_{n} = {n}\n" for n in range(data.draw(st.integers(1, 6))))
    text = "".join(rows)
    start, end = sum(map(len, rows[:first])), sum(map(len, rows[:last]))
    read = read_reply(f"```python\n{new}```", target(start, end, text))
    assert apply_edits(text, read.edits) == text[:start] + new + text[end:]
    assert not read.problems


@pytest.mark.parametrize(
    "reply",
    [
        "```python\n" + "x = 1\n" * 20_000 + "```",
        "```python\n" + "a " * 100_000 + "\n```",
        "# " + " " * 100_000 + "x\n",
        "```\n" * 5_000,
        "<<<<<<< SEARCH\n" * 3_000 + "=======\n" * 3_000,
        "@@ -1 +1 @@\n-x = 1\n+x = 2\n" * 500,
        "`" * 100_000 + "\n" + "<think>" * 20_000,
        "```python\n" + "def f():\n    # ... existing code ...\n" * 500 + "```",
    ],
    ids=["long", "wide", "blank", "fences", "searches", "hunks", "marks", "placeholders"],
)
def test_a_reply_cannot_take_for_ever(reply: str) -> None:
    """No time is measured: a pattern that goes wild would take minutes."""
    read_reply(reply, target(text="x = 1\n" * 2_000, start=0, end=12_000))


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd", "//host/share", "..", "../a", "a/../../b", "a/..", "~/a", "~root/a", "C:/a", "c:a", "C:\\a", "\\\\h\\s",
        "a\\b", "a\\..\\b", "a:b", "a\x00b", "a\nb", "a\x7f", "", " ", "a/con", "nul.txt", "a./b", "a /b", "a\u202eb",
        "a\u200bb", "a*b", "a?b", "a|b", "a<b", 'a"b', "x" * 500,
    ],
)  # fmt: skip
def test_paths_that_nothing_is_written_to(path: str) -> None:
    assert refuse_path(path)


@pytest.mark.parametrize(
    "path", ["a", "a.py", "src/a b.py", ".github/x.yml", "a-b/ü.ts", "a..b/c", "[id]/page.tsx"]
)
def test_paths_that_may_be_written_to(path: str) -> None:
    assert not refuse_path(path)
