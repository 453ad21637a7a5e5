"""What a prompt gets to see."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from halley.core.settings import Settings
from halley.core.snapshot import Document, Selection, Snapshot, Workspace
from halley.core.tokens import estimate_tokens
from halley.engine.code.symbols import definitions, names_used, outline
from halley.engine.prompting.context import Related, build_context
from halley.engine.prompting.related import Defined, Source, nearness, related_definitions, related_places


def snapshot(text: str, at: int = 0, end: int | None = None, tokens: int = 1000) -> Snapshot:
    settings = Settings.model_validate({"context": {"max_tokens": tokens}})
    document = Document("file:///w/src/a.py", text, "python", 1, Path("/w/src/a.py"))
    return Snapshot(
        document,
        Selection(at, at if end is None else end),
        settings=settings,
        workspace=Workspace(Path("/w")),
    )


def big(functions: int) -> str:
    return "import os\n\n" + "\n".join(
        f"def f{i}(x):\n    y = x + {i}\n    return y\n" for i in range(functions)
    )


def test_a_small_file_goes_whole():
    context = build_context(snapshot("x = 1\n"))
    assert [(e.path, e.reason) for e in context.excerpts] == [("src/a.py", "the file")]


def test_a_large_file_gives_what_matters_within_the_budget():
    text = big(400)
    at = text.index("def f200(") + 20
    context = build_context(snapshot(text, at))
    assert context.tokens <= 1000
    shown = "".join(e.text for e in context.excerpts)
    assert "def f200(x):\n    y = x + 200\n    return y" in shown and "import os" in shown
    assert any("outline" in e.reason for e in context.excerpts)


@given(st.integers(0, 12_000), st.integers(500, 5000))
def test_the_budget_holds_wherever_the_cursor_is(at: int, tokens: int):
    text = big(300)
    context = build_context(snapshot(text, min(at, len(text)), tokens=tokens))
    assert context.tokens <= tokens * 1.05


def test_other_files_fill_what_is_left_most_helpful_first_and_the_rest_is_named():
    pieces = [Related(f"b{i}.py", 1, "word " * 300, f"reason {i}", rank=i) for i in range(4)]
    context = build_context(snapshot("x = 1\n"), pieces)
    assert [e.path for e in context.excerpts] == ["b1.py", "b2.py", "b3.py", "src/a.py"]
    assert [(d.path, d.reason) for d in context.dropped] == [("b0.py", "reason 0")]


def test_definitions_of_the_names_used_come_from_the_nearest_file():
    index = {
        "helper": [
            Defined("helper", "far/away/x.py", 3, "def helper(): far"),
            Defined("helper", "src/b.py", 7, "def helper(): near"),
        ]
    }
    found = related_definitions("result = helper(1)", "src/a.py", index)
    assert [(r.path, r.first_line) for r in found] == [("src/b.py", 7)]
    assert nearness("src/a.py", "src/b.py") > nearness("src/a.py", "far/away/x.py")


def test_places_that_look_alike_are_found_and_strangers_are_not():
    alike = Source(
        "src/c.py", "import zlib\n" * 50 + "def total(orders): return sum(order.price for order in orders)\n"
    )
    stranger = Source("src/d.py", "nothing shared whatsoever elsewhere\n" * 20)
    found = related_places(
        "def mean(orders): return sum(order.price for order in orders)",
        "src/a.py",
        [alike, stranger],
        "python",
    )
    assert [r.path for r in found] == ["src/c.py"] and "orders" in found[0].text


def test_outlines_with_and_without_a_grammar():
    code = "class A:\n    @property\n    def b(self) -> int:\n        return 1\n\ndef c(): pass\n"
    assert outline(code, "python") == "class A\n  def b(self) -> int\ndef c()"
    assert [d.name for d in definitions(code, "nolanguage")] == ["A", "b", "c"]


def test_a_text_that_defines_nothing_has_no_outline():
    assert outline("a: 1\n", "yaml") == "" and definitions("a: 1\n", "yaml") == ()


def test_names_used_leave_out_what_means_nothing():
    assert names_used("for item in compute_total(orders): return self") == ("compute_total", "orders")
    assert estimate_tokens("") == 0
