"""Where a streamed completion ends."""

import pytest

from halley.engine.typing.completions import read_completion
from halley.engine.typing.place import Place
from halley.engine.typing.scope import cut_at, scope_of, stops_of


@pytest.mark.parametrize(
    ("prefix", "suffix", "scope"),
    [
        ("x = ", "", "block"),
        ("return a", "\n", "line"),
        ("print(", ")\n", "line"),
        ("def f():\n    ", "\n", "block"),
        ("if a:", "\n", "block"),
        ("# sorts a list", "\n", "block"),
    ],
)
def test_how_much_is_wanted(prefix: str, suffix: str, scope: str):
    assert scope_of(Place(prefix, suffix)) == scope


def cut(prefix: str, text: str, suffix: str = "\n") -> str | None:
    place = Place(prefix, suffix, "python")
    end = cut_at(text, place, scope_of(place))
    return None if end is None else text[:end]


@pytest.mark.parametrize(
    ("prefix", "suffix", "stops"),
    [
        ("print(", ")\n", ("\n",)),
        ("def f():\n    ", "\n", ("\n\n\n",)),
        ("x = 1", "\n", ()),
        ("x = 1", "\nfoo()\n", ()),
    ],
)
def test_the_model_itself_stops_where_that_is_certain(prefix: str, suffix: str, stops: tuple[str, ...]):
    assert stops_of(Place(prefix, suffix)) == stops


def test_a_line_ends_at_its_end():
    assert cut("return a", " + b\nprint()") == " + b"
    assert cut("return a", " + b") is None


def test_a_block_ends_where_the_indentation_leaves_it():
    body = "return 1\n\n\ndef g():\n"
    assert cut("def f():\n    ", body) == "return 1\n"


def test_a_block_continues_while_it_is_indented():
    assert cut("def f():\n    ", "a = 1\n    b = 2\n") is None


def test_a_closing_brace_belongs_to_the_block():
    assert cut("function f() {", "\n  return 1;\n}\nfunction", "\n") is not None


def test_a_bracket_that_was_opened_before_the_cursor_ends_it():
    assert cut("print(a, ", "b)\nx", ")\n") == "b"
    assert cut("    ", "return a)\n", "\n)") == "return a"


def test_a_bracket_the_line_still_owes_is_kept():
    assert cut("return max(a", ", b)\nx") == ", b)"
    assert cut("print(a, ", "b)\nx\n") == "b)"


@pytest.mark.parametrize("language_id", ["xml", "xsl", "svg", "html", "vue"])
@pytest.mark.parametrize(
    ("reply", "offered"),
    [
        ("<think>first</think>", "<think>first</think>"),
        ("<reasoning>one</reasoning><do>it</do>", "<reasoning>one</reasoning><do>it</do>"),
        ("<think>\nfirst\n</think>\n\n<do>it</do>", "<do>it</do>"),
        ("<think>first</think>\n<do>it</do>", "<do>it</do>"),
        ("<think>\nfirst", ""),
    ],
)
def test_in_markup_thinking_is_only_what_opens_a_reply_and_has_text_below(
    language_id: str, reply: str, offered: str
):
    place = Place("<plan>\n  ", "\n</plan>\n", language_id)
    cuts = (cut_at(reply[:end], place, scope_of(place)) for end in range(1, len(reply) + 1))
    assert read_completion(reply[: next((at for at in cuts if at is not None), None)], place) == offered
