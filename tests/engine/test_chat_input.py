"""What was typed into a chat, taken to pieces."""

import pytest

from halley.engine.chat_input import read_input, word_at


def test_a_command_comes_first_and_only_there():
    assert read_input("/fix this").command == "fix"
    assert read_input("look at /fix this").command == ""
    assert read_input("/usr/bin is a path").command == ""


def test_models_are_taken_out_and_addresses_are_not_models():
    read = read_input("ask @comet/gpt-5-mini and @openai/o4-mini, mail me@host.org/x")
    assert read.models == ("comet/gpt-5-mini", "openai/o4-mini")
    assert read.text == "ask and , mail me@host.org/x"


def test_variables_keep_their_place_and_argument():
    read = read_input('see #file:src/a.py, #symbol:"Big Name" and #selection.')
    assert [str(v) for v in read.variables] == ["#file:src/a.py", "#symbol:Big Name", "#selection"]
    assert read.text[read.variables[0].start : read.variables[0].end] == "#file:src/a.py"


@pytest.mark.parametrize(
    "text", ["`#selection`", "```\n#selection @a/b\n```", "a#selection", "##selection", "&#selection"]
)
def test_code_and_other_marks_hold_no_variables(text: str):
    read = read_input(text)
    assert read.variables == () and read.models == ()


@pytest.mark.parametrize(
    ("text", "kind", "typed"),
    [("/ex", "/", "ex"), ("hi #fi", "#", "fi"), ("hi @co", "@", "co"), ("#file:sr", "#", "file:sr")],
)
def test_the_word_being_typed(text: str, kind: str, typed: str):
    word = word_at(text, len(text))
    assert word and (word.kind, word.typed) == (kind, typed)


def test_plain_words_are_not_completed():
    assert word_at("hello", 5) is None
    assert word_at("see /x", 6) is None
