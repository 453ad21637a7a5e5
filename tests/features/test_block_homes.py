"""Where a new block of a chat goes, told in case files: `tests/cases/homes`.

`## said` has `language`, `file` (as the block's fence names them), `crlf` (the file has such line ends) and
`cut_newline` (it ends without one). `## result` and `## confirm` are golden.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_action_cases import snapshot_of, texts_after

from casefile import Case, cases
from halley.core.snapshot import Document, Selection, Snapshot
from halley.core.text import DocumentEdit, apply_edits
from halley.features.actions.block import edit_of_block


@cases("homes")
def test_home(case: Case, tmp_path: Path) -> None:
    said = dict(line.partition(" = ")[::2] for line in case.text("said").splitlines())
    snapshot = snapshot_of(case, said, tmp_path / "work")
    text = snapshot.document.text
    if "crlf" in said:
        text = text.replace("\n", "\r\n")
    if "cut_newline" in said:
        text = text.rstrip("\n")
    snapshot = replace(snapshot, document=replace(snapshot.document, text=text))
    edited = edit_of_block(snapshot, case.text("block").rstrip("\n"), said["language"], said.get("file", ""))
    assert not edited.kept and not edited.problems
    after = texts_after(edited.change, snapshot, tmp_path / "work")
    if "crlf" in said:
        assert all("\n" not in result.replace("\r\n", "") for result in after.values())
        after = {name: result.replace("\r\n", "\n") for name, result in after.items()}
    case.check("result", after)
    case.check("confirm", f"{edited.confirm}\n" if edited.confirm else "")


HEAD = '"""What this is."""\n\nimport math\n'
PARTS = [
    "def total(prices):\n    return sum(prices)\n",
    "class Basket:\n    def add(self, item):\n        self.items.append(item)\n",
    "LIMIT = 3\n",
    "@cache\ndef cached():\n    return math.pi\n",
    "async def fetch():\n    await sleep()\n",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PARTS), unique=True), st.data())
@pytest.mark.parametrize("block", ["def fresh():\n    return 1", "class Fresh:\n    pass"])
def test_a_new_definition_is_whole_at_the_margin_below_the_head(
    block: str, parts: list[str], data: st.DataObject
) -> None:
    """Wherever the cursor is: the file keeps every line in order, and no definition is split."""
    text = "\n\n".join([HEAD, *parts])
    at = data.draw(st.integers(0, len(text)))
    snapshot = Snapshot(Document("file:///w/a.py", text, "python", 1), Selection(at, at))
    edited = edit_of_block(snapshot, block, "python")
    (change,) = edited.change.changes
    assert isinstance(change, DocumentEdit) and not edited.confirm
    after = apply_edits(text, change.edits)
    assert after.startswith(HEAD.rstrip("\n"))
    assert after.count(block) == 1
    for part in parts:
        assert part.rstrip("\n") in after
    rows = [row for row in after.split("\n") if row.strip()]
    new = block.split("\n")
    start = rows.index(new[0])
    assert rows[:start] + rows[start + len(new) :] == [row for row in text.split("\n") if row.strip()]
