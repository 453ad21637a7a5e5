"""The user types while models answer: whatever the order, nothing typed is lost and nothing lands where it does not belong.

A document goes through the real store and the real conversions. Each event is typing, asking (the document as it is
then), or an answer to one of the questions still open, rebased onto what the document has become.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from halley.core.snapshot import Document, Selection
from halley.core.text import Edit, apply_edits, split_lines
from halley.engine.edits.build import rebase_edits
from halley.engine.replies.read import Target, read_reply
from halley.lsp.base.documents import DocumentStore
from halley.lsp.text.lines import LineIndex
from halley.lsp.to_lsp import to_lsp_text_edits

URI = "file:///w/a.py"
ENCODING = "utf-16"
TYPED = re.compile("⟦\\d+⟧")


@dataclass
class Desk:
    """A user, their editor, and the questions that have no answer yet."""

    newline: str
    store: DocumentStore = field(default_factory=DocumentStore)
    version: int = 1
    typed: int = 0
    answers: int = 0
    landed: int = 0
    open: list[tuple[Document, int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        functions = [f"def f{n}(x):\n    a = 😀{n}(x)\n    b = {n}\n    return a\n\n" for n in range(4)]
        self.store.open(URI, "python", 1, "".join(functions).replace("\n", self.newline))

    @property
    def document(self) -> Document:
        document = self.store.get(URI)
        assert document is not None
        return document

    def change(self, changes: list[dict[str, object]]) -> None:
        self.version += 1
        assert self.store.change(URI, self.version, changes, ENCODING)

    def type(self, at: float, length: int, text: str) -> None:
        """Typing leaves a mark that is never typed twice; deleting takes whole marks only."""
        index = LineIndex(self.document.text)
        start = int(at * len(index.text))
        for mark in TYPED.finditer(index.text):
            start = mark.end() if mark.start() < start < mark.end() else start
        end = min(start + length, len(index.text))
        if TYPED.search(index.text, max(0, start - 1), end) or "⟦" in index.text[start:end]:
            end = start
        self.typed += 1
        mark = f"⟦{self.typed}⟧"
        where = {"start": index.position(start, ENCODING), "end": index.position(end, ENCODING)}
        self.change([{"range": where, "text": text.replace("M", mark).replace("\n", self.newline)}])

    def ask(self, n: int, form: str) -> None:
        self.open.append((self.document, n, form))

    def answer(self, which: int) -> None:
        if not self.open:
            return
        base, n, form = self.open.pop(which % len(self.open))
        edits = self.read(base, n, form)
        before = self.document
        rebased = rebase_edits(base.text, before.text, edits)
        assert {edit.new_text for edit in rebased.conflicts} <= {edit.new_text for edit in edits}
        if base.text == before.text:
            assert rebased.edits == edits
        if rebased.conflicts:
            return
        self.land(before, rebased.edits)
        self.check(base, before, edits, rebased.edits)

    def read(self, base: Document, n: int, form: str) -> tuple[Edit, ...]:
        """What a model answers that was asked about function `n` as it was then."""
        start = base.text.find(f"def f{n}(")
        if start < 0:
            return ()
        end = base.text.find("def f", start + 1)
        end = len(base.text) if end < 0 else end
        old = base.text[start:end]
        self.answers += 1
        name = f"answer_{self.answers}"
        block = old.replace("return a", f"return {name}")
        longer = old.replace("    b =", f"    {name} = 1\n    b =")
        replies = {
            "block": f"```python\n{block}```",
            "lost": f"```python\n{longer}\n```",
            "search": f"<<<<<<< SEARCH\ndef f{n}(x):\n=======\ndef f{n}(x, {name}):\n>>>>>>> REPLACE",
            "diff": f"```diff\n@@ @@\n def f{n}(x):\n+    {name}()\n```",
        }
        target = Target(URI, base.text, Selection(start, end), base.version, "python", "a.py")
        read = read_reply(replies[form], target)
        assert read.edits or read.problems or name not in apply_edits(base.text, read.edits)
        return read.edits

    def land(self, document: Document, edits: tuple[Edit, ...]) -> None:
        """As an editor applies them: the last first, so that positions stay right."""
        lsp = to_lsp_text_edits(document.text, edits, ENCODING)
        self.change([{"range": edit["range"], "text": edit["newText"]} for edit in reversed(lsp)])
        assert self.document.text == apply_edits(document.text, edits)
        self.landed += len(edits)

    def check(
        self, base: Document, before: Document, made: tuple[Edit, ...], moved: tuple[Edit, ...]
    ) -> None:
        assert TYPED.findall(self.document.text) == TYPED.findall(before.text), "something typed was lost"
        for was, now in zip(made, moved, strict=False):
            assert now.new_text == was.new_text
            assert lines_of(before.text, now) == lines_of(base.text, was), "an edit landed on other lines"


def lines_of(text: str, edit: Edit) -> list[str]:
    """The whole lines an edit touches; for new lines between two, those two."""
    index = LineIndex(text)
    first = index.position(edit.start, "utf-32")["line"]
    last = index.position(edit.end, "utf-32")
    rows = split_lines(text)
    if edit.start == edit.end and last["character"] == 0 and edit.new_text.endswith(("\n", "\r")):
        return rows[max(first - 1, 0) : first + 1]
    if last["character"] == 0 and last["line"] > first:
        return rows[first : last["line"]]
    return rows[first : last["line"] + 1]


events = st.lists(
    st.one_of(
        st.tuples(
            st.just("type"),
            st.floats(0, 1, allow_nan=False),
            st.sampled_from([0, 0, 0, 1, 5, 30]),
            st.sampled_from(
                ["M", "M\n", "\nM", "\n", "", "    M = 1\n", "def f1(x):\n", "    b = 1\n", "\r", "😀M"]
            ),
        ),
        st.tuples(st.just("ask"), st.integers(0, 3), st.sampled_from(["block", "lost", "search", "diff"])),
        st.tuples(st.just("answer"), st.integers(0, 5)),
    ),
    min_size=2,
    max_size=14,
)


@given(events, st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=1000, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_order_of_typing_asking_and_answering(happened: list[tuple[object, ...]], newline: str) -> None:
    desk = Desk(newline)
    for what, *rest in happened:
        getattr(desk, str(what))(*rest)


def test_answers_do_land_when_typing_is_elsewhere() -> None:
    """The property above would hold if nothing ever landed."""
    desk = Desk("\n")
    for form, n in (("block", 1), ("lost", 2), ("search", 3), ("diff", 1)):
        desk.ask(n, form)
    for _ in range(4):
        desk.type(0.0, 0, "M\n")
        desk.answer(0)
    assert desk.landed >= 3
