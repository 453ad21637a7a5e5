"""What the simulator says is computed from what it is sent, is true, and says who speaks."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halley.simulator.answers import answer_conversation
from halley.simulator.answers.complete import complete
from halley.simulator.answers.languages import count_errors
from halley.simulator.answers.reading import read_blocks, read_task
from halley.simulator.conversation import (
    SIGNATURE,
    Answer,
    Conversation,
    Message,
    limit_answer,
    split_pieces,
)

STDLIB = Path(ast.__file__).parent
FILES = ["bisect.py", "calendar.py", "cmd.py", "colorsys.py", "contextlib.py", "fractions.py", "graphlib.py", "heapq.py",
         "json/decoder.py", "json/encoder.py", "queue.py", "reprlib.py", "shlex.py", "textwrap.py", "types.py"]  # fmt: skip
SPEAKERS = "javascript typescript go rust java c cpp csharp php ruby lua shellscript".split()
WRAPPED = {"php": "<?php\n{}", "java": "class X {{\n{}\n}}", "csharp": "class X {{\n{}\n}}"}
CODE_ONLY = "Reply with exactly one fenced code block. No words before or after the block."


def ask(text: str, system: str = "", *before: tuple[str, str]) -> str:
    said = [Message("system", system)] if system else []
    said += [Message(role, words) for role, words in before]  # type: ignore[arg-type]
    return answer_conversation(Conversation((*said, Message("user", text))), "sim-chat").text


def block_of(reply: str) -> str:
    return read_blocks(reply)[0].code


def python(code: str) -> str:
    return f"```python\n{code}\n```"


# -- the parts


@given(st.text(max_size=300), st.integers(1, 9))
def test_pieces_join_to_the_text(text: str, size: int):
    assert "".join(split_pieces(text)) == text
    assert "".join(Answer(text).cut(size)) == text


@given(st.text(max_size=80), st.integers(1, 30))
def test_limits_never_add(text: str, most: int):
    cut = limit_answer(Answer(text), most, ())
    assert text.startswith(cut.text) and cut.tokens <= most
    assert (cut.finish == "length") == (cut.text != text)


# -- what is asked

CODE = python("def f(x):\n    return x")
INTENTS = [
    ("Explain this:\n\n" + CODE, "explain"),
    ("What does this do?\n\n" + CODE, "explain"),
    ("Please fix the bug.\n\n" + CODE, "fix"),
    ("can you format this\n\n" + CODE, "format"),
    ("Write unit tests for this\n\n" + CODE, "tests"),
    ("Add docstrings.\n\n" + CODE, "document"),
    ("Translate this to Go\n\n" + CODE, "translate"),
    ("Convert it into TypeScript\n\n" + CODE, "translate"),
    ("Refactor this\n\n" + CODE, "improve"),
    ("Make it faster\n\n" + CODE, "improve"),
    ("Write a function that adds two numbers", "generate"),
    ("Rename x to y\n\n" + CODE, "edit"),
    ("Suggest a commit message for this\n\n```diff\n+a\n```", "commit"),
    ("Hello", "chat"),
    ("And the second one?", "chat"),
]


@pytest.mark.parametrize(("text", "kind"), INTENTS)
def test_the_task_is_read_from_the_words(text: str, kind: str):
    assert read_task(Conversation((Message("user", text),))).kind == kind


@pytest.mark.parametrize("text", [text for text, kind in INTENTS if kind != "commit"])
def test_every_answer_says_who_speaks(text: str):
    assert ask(text).endswith(SIGNATURE)


@pytest.mark.parametrize(
    "junk",
    ["", "def (", "\x00", "(" * 5000, "a = 1\n" * 3000, "🦀" * 50, "class A:\n\tdef b(self):\n        pass"],
)
def test_nothing_in_the_code_upsets_it(junk: str):
    for verb in ("Explain", "Format", "Fix", "Document", "Improve", "Write tests for", "Translate to Go"):
        assert ask(f"{verb} this:\n\n{python(junk)}")


@given(st.text(max_size=200))
@settings(max_examples=40, deadline=None)
def test_nothing_a_user_says_upsets_it(text: str):
    ask(text)


# -- explaining and talking


@pytest.mark.parametrize(
    ("tag", "code", "names"),
    [
        ("python", "import os\n\nclass Shop(Base):\n    def buy(self, item, count=1, *rest, **more):\n        for i in range(3):\n            os.remove(item)\n        raise KeyError(item)", ["`import os`", "`Shop`", "buy(self, item, count, *rest, **more)", "for i in range(3)", "`os.remove`", "KeyError(item)"]),
        ("javascript", "import fs from 'fs';\nfunction load(path) { return fs.readFileSync(path); }\nconst twice = (x) => x * 2;", ["load(path)", "fs.readFileSync", "twice(x)"]),
        ("go", "package main\n\nfunc add(a int, b int) int {\n\tfor i := 0; i < 3; i++ {\n\t\tprint(i)\n\t}\n\treturn a\n}", ["add(", "for i := 0", "print"]),
        ("rust", "use std::fs;\nstruct P { x: i32 }\nfn size(p: &P) -> i32 { p.x }", ["`P`", "size(p)", "std::fs"]),
        ("java", "class A { int go(int n) { while (n > 0) n--; return n; } }", ["`A`", "go(n)", "while"]),
    ],
)  # fmt: skip
def test_explaining_names_what_is_there(tag: str, code: str, names: list[str]):
    said = ask(f"Explain this.\n\n```{tag}\n{code}\n```")
    assert [name for name in names if name not in said] == [], said


def test_chatting_outlines_what_was_said_and_shown():
    before = (("user", "How do I sort a list?\n\n" + CODE), ("assistant", "With sorted."))
    said = ask("And now?", "", *before)
    assert "“And now?”" in said and "1. How do I sort a list?" in said and "`f(x)`" in said


def test_titles_and_commit_messages_hold_words_of_what_they_are_about():
    title = ask("How do I parse a TOML file in Python?", "You name conversations. Reply with a title.")
    assert title == "How do I parse a (simulated)"
    diff = "diff --git a/shop.py b/shop.py\n--- a/shop.py\n+++ b/shop.py\n@@ -1 +1,3 @@\n-x\n+def buy(item):\n+    pass\n"
    said = ask(f"The diff:\n\n```diff\n{diff}```", "You write commit messages.")
    assert said.startswith("Change shop.py\n\n2 lines added, 1 removed.") and "simulator" in said


# -- generating


@pytest.mark.parametrize(
    ("wish", "language", "wanted"),
    [
        ("Write a function called is_big that takes n", "Python", "def is_big(n: object) -> object:"),
        ("Write a function `slugify(title)`", "Python", "def slugify(title: object) -> object:"),
        ("Write a function that counts the words of a text", "Go", "func counts_words_text(text any) any {"),
    ],
)
def test_generating_gives_a_typed_skeleton_and_says_so(wish: str, language: str, wanted: str):
    said = ask(wish, f"You write {language} code.")
    assert wanted in block_of(said) and "skeleton" in said


WORDS = st.sampled_from(
    "a function that checks sorts counts every user name file prime list class with and of Order x the returns takes import 3".split()
)


@given(st.lists(WORDS, min_size=1, max_size=14).map(" ".join), st.sampled_from(["python", *SPEAKERS]))
@settings(max_examples=150, deadline=None)
def test_generated_code_parses(wish: str, language: str):
    code = block_of(ask(f"Write this: {wish}", f"You write {language} code."))
    assert count_errors(WRAPPED.get(language, "{}").format(code), language) == 0, code


def test_a_type_in_the_words_is_no_constant_as_a_parameter():
    assert "def takes_order(order)" in block_of(ask("Write this: takes Order", "You write Ruby code."))


# -- formatting


@pytest.mark.parametrize("name", FILES)
def test_formatting_keeps_the_meaning(name: str):
    text = (STDLIB / name).read_text(encoding="utf-8")
    messy = re.sub(r"(?m)^(\s*)return (\w+)$", r"\1return   \2  ", text)
    fence = "`" * 8
    done = block_of(ask(f"Format this:\n\n{fence}python\n{messy}\n{fence}"))
    assert ast.dump(ast.parse(done)) == ast.dump(ast.parse(messy))


def test_formatting_really_formats():
    messy = "def f( a,b ) :\n  if a==b : return 'x'\n  return  {'k':a*2}\n"
    done = block_of(ask(f"Format this:\n\n{python(messy)}"))
    assert done.rstrip() == "def f(a, b):\n    if a == b:\n        return 'x'\n    return {'k': a * 2}"
    assert block_of(ask(f"Format this:\n\n{python('    x=1')}")) == "    x = 1"


def test_without_its_formatter_it_leaves_code_alone_and_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "autopep8", None)
    monkeypatch.setattr("halley.simulator.answers.code.find_spec", lambda name: None)
    said = ask("Format this:\n\n" + python("def f( a ):\n  pass"))
    assert block_of(said) == "def f( a ):\n  pass" and "autopep8" in said


def test_what_it_cannot_format_it_leaves_alone_and_says_so():
    said = ask("Format this:\n\n```ruby\ndef a  \n1\nend\n```")
    assert block_of(said) == "def a  \n1\nend" and "lays out Python" in said


# -- completing

CASES = [
    ("def add(a, b):\n    ", "\n", "python", "return a, b"),
    ("def add(a, b):\n", "", "python", "    return a, b"),
    ("def mean(numbers):\n    count = len(numbers)\n    return ", "\n", "python", "count"),
    ("items = [1]\nfor item in ", "\n", "python", "items:"),
    ("total_amount = 3\nprint(tot", ")\n", "python", "al_amount"),
    ("def f():\n    value = foo(1, 2", "\n", "python", ")"),
    ("x.append(value)\nx.ap", "\n", "python", "pend(value)"),
    ("def f(x", "):\n    pass\n", "python", ""),
    ("# a comment about", "\n", "python", ""),
    ("x = 'a str", "\n", "python", ""),
    ("x = 1\n", "", "python", ""),
    ("function add(a, b) {\n  ", "\n}\n", "javascript", "return [a, b];"),
    ("const total = 1;\nconsole.log(", "", "javascript", "total"),
    ("fn square(x: f64) -> f64 {\n    ", "\n}\n", "rust", "return x;"),
]


@pytest.mark.parametrize(("prefix", "suffix", "language", "wanted"), CASES)
def test_completing(prefix: str, suffix: str, language: str, wanted: str):
    assert complete(prefix, suffix, language) == wanted


@pytest.mark.parametrize("name", FILES[:10])
def test_completions_parse_and_repeat_nothing(name: str):
    """The cursor in the middle of every eleventh line, the rest of the file as it is."""
    lines = (STDLIB / name).read_text(encoding="utf-8").split("\n")
    for row in range(3, min(len(lines), 300), 11):
        line = lines[row]
        if not line.strip():
            continue
        keep = len(line) - max(1, len(line.strip()) // 2)
        prefix = "\n".join(lines[:row]) + "\n" + line[:keep]
        suffix = "\n" + "\n".join(lines[row + 1 :])
        said = complete(prefix, suffix, "python")
        if said and _parses("\n".join(lines[:row]) + "\n" + suffix):
            assert _parses(prefix + said + suffix) or said.endswith(":"), (line[:keep], said)
        assert not said or not suffix.lstrip().startswith(said.strip() + "\n")


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


# -- changing code


FIXES = [
    ("undefined name 'itms'", "def f(items):\n    return sum(itms)", "def f(items):\n    return sum(items)"),
    ("undefined name 'math'", "x = math.pi", "import math\nx = math.pi"),
    ("Cannot find name 'cout'.", "count = 1\nprint(cout)", "count = 1\nprint(count)"),
]


@pytest.mark.parametrize(("message", "code", "wanted"), FIXES)
def test_fixing_an_undefined_name(message: str, code: str, wanted: str):
    prompt = f"The editor reports:\n\n- line 1, error (tool): {message}\n\nThe marked part of `a.py`:\n\n{python(code)}\n\nFix what is reported."
    assert block_of(ask(prompt, CODE_ONLY)) == wanted


@pytest.mark.parametrize("wish", ["Write tests for this", "Translate this to Go"])
def test_tests_and_translations_are_reported_as_left_out(wish: str):
    said = ask(f"{wish}\n\n{CODE}")
    assert "cannot do this" in said and not read_blocks(said)


@pytest.mark.parametrize(
    ("wish", "code", "wanted"),
    [
        ("Rename x to total", "x = 1\nfox = x", "total = 1\nfox = total"),
        ('Replace "a" with "b"', "print('a')", "print('b')"),
    ],
)
def test_editing(wish: str, code: str, wanted: str):
    assert block_of(ask(f"{wish}\n\n{python(code)}")) == wanted


def test_what_it_cannot_do_it_says_and_leaves_the_code_alone():
    said = ask("Make it faster\n\n" + CODE)
    assert block_of(said) == block_of(CODE) and "cannot do this" in said


def test_code_only_replies_hold_one_block_and_the_line_outside_it():
    said = ask("Format:\n\n" + python("x=1"), CODE_ONLY)
    assert said.startswith("```python\nx = 1\n```") and said.count("```") == 2 and said.endswith(SIGNATURE)
