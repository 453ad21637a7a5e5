"""What the simulator says is computed from what it is sent, and the code it gives is code."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halley.simulator.answers import answer_conversation
from halley.simulator.answers.commit import commit_message
from halley.simulator.answers.complete import complete
from halley.simulator.answers.document import document
from halley.simulator.answers.generate import write_code
from halley.simulator.answers.languages import count_errors
from halley.simulator.answers.layout import format_code
from halley.simulator.answers.reading import read_blocks, read_task
from halley.simulator.answers.recipes import recipes
from halley.simulator.answers.render import SPEAKERS, Unsayable, render_function
from halley.simulator.conversation import (
    SIGNATURE,
    Conversation,
    Said,
    join_pieces,
    limit_answer,
    split_pieces,
)

STDLIB = Path(ast.__file__).parent
FILES = ["bisect.py", "calendar.py", "cmd.py", "colorsys.py", "contextlib.py", "dis.py", "fractions.py", "graphlib.py",
         "heapq.py", "json/decoder.py", "json/encoder.py", "keyword.py", "linecache.py", "queue.py", "reprlib.py", "shlex.py",
         "stat.py", "string.py", "textwrap.py", "this.py", "token.py", "types.py", "wsgiref/util.py"]  # fmt: skip


def ask(text: str, system: str = "", *before: tuple[str, str]) -> str:
    said = [Said("system", system)] if system else []
    said += [Said(role, words) for role, words in before]  # type: ignore[arg-type]
    return answer_conversation(Conversation((*said, Said("user", text))), "sim-chat").text


def block_of(reply: str) -> str:
    return read_blocks(reply)[0].code


def python(code: str) -> str:
    return f"```python\n{code}\n```"


# -- the parts


@given(st.text(max_size=300), st.integers(1, 9))
def test_pieces_join_to_the_text(text: str, size: int):
    assert "".join(split_pieces(text)) == text
    assert "".join(join_pieces(split_pieces(text), size)) == text


@given(st.text(max_size=80), st.integers(1, 30))
def test_limits_never_add(text: str, most: int):
    from halley.simulator.conversation import Answer

    cut = limit_answer(Answer(text), most, ())
    assert text.startswith(cut.text) and cut.tokens <= most
    assert (cut.finish == "length") == (cut.text != text)


def test_recipes_do_what_their_examples_say():
    for recipe in recipes():
        names: dict[str, object] = {}
        exec(ast.unparse(ast.Module([recipe.node], [])), names)
        for arguments, result in recipe.examples:
            assert eval(f"{recipe.name}({arguments})", names) == eval(result), recipe.name


@pytest.mark.parametrize("language", SPEAKERS)
def test_recipes_parse_in_every_language(language: str):
    wrap = {"php": "<?php\n{}", "java": "class X {{\n{}\n}}", "csharp": "class X {{\n{}\n}}"}.get(
        language, "{}"
    )
    said = 0
    for recipe in recipes():
        if recipe.portable:
            try:
                code = wrap.format(render_function(recipe.node, language))
            except Unsayable:
                continue
            assert count_errors(code, language) == 0, code
            said += 1
    assert said > 20


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_recipes_do_the_same_in_javascript():
    lines = ["const near = (a, b) => JSON.stringify(a) === JSON.stringify(b) || Math.abs(a - b) < 1e-9;"]
    for recipe in recipes():
        if recipe.portable:
            code = render_function(recipe.node, "javascript")
            name = re.match(r"function (\w+)", code)[1]  # type: ignore[index]
            checks = [
                f"if (!near({name}({a}), {r})) throw new Error('{recipe.name}');".replace(
                    "True", "true"
                ).replace("False", "false")
                for a, r in recipe.examples
            ]
            lines.append("{\n" + code + "\n" + "\n".join(checks) + "\n}")
    done = subprocess.run(["node", "-e", "\n".join(lines)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


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
    assert read_task(Conversation((Said("user", text),))).kind == kind


# -- explaining and talking


def test_explaining_names_what_is_there():
    said = ask(
        "Explain:\n\n"
        + python(
            "import os\n\nclass Shop(Base):\n    def buy(self, item, count=[]):\n        for i in range(3):\n            os.remove(item / count)\n        raise KeyError(item)"
        )
    )
    for wanted in (
        "`os`",
        "`Shop`",
        "`Base`",
        "buy(self, item, count)",
        "for i in range(3)",
        "`os.remove`",
        "KeyError",
        "mutable default",
        "ZeroDivisionError",
    ):
        assert wanted in said, wanted
    assert said.endswith(SIGNATURE)


@pytest.mark.parametrize(
    ("tag", "code", "names"),
    [
        ("javascript", "import fs from 'fs';\nfunction load(path) { return fs.readFileSync(path); }\nconst twice = (x) => x * 2;", ["load(path)", "fs.readFileSync", "twice(x)"]),
        ("go", "package main\n\nfunc add(a int, b int) int {\n\tfor i := 0; i < 3; i++ {\n\t\tprint(i)\n\t}\n\treturn a\n}", ["add(", "for i := 0", "print"]),
        ("rust", "use std::fs;\nstruct P { x: i32 }\nfn size(p: &P) -> i32 { p.x }", ["`P`", "size(p)", "std::fs"]),
        ("java", "class A { int go(int n) { while (n > 0) n--; return n; } }", ["`A`", "go(n)", "while"]),
        ("perl", "sub total {\n  foreach my $x (@_) { add($x); }\n}", ["total", "add"]),
    ],
)  # fmt: skip
def test_explaining_other_languages(tag: str, code: str, names: list[str]):
    said = ask(f"Explain this.\n\n```{tag}\n{code}\n```")
    for name in names:
        assert name in said, said


@pytest.mark.parametrize(
    "junk",
    ["", "def (", "\x00", "(" * 5000, "a = 1\n" * 3000, "🦀" * 50, "class A:\n\tdef b(self):\n        pass"],
)
def test_nothing_in_the_code_upsets_it(junk: str):
    for verb in ("Explain", "Format", "Fix", "Document", "Improve", "Write tests for", "Translate to Go"):
        assert ask(f"{verb} this:\n\n{python(junk)}")


@given(st.text(max_size=200))
@settings(max_examples=40, deadline=None)
def test_nothing_a_person_says_upsets_it(text: str):
    ask(text)


def test_a_question_about_one_definition_is_answered_about_it():
    code = python("import math\n\ndef area(r):\n    return math.pi * r * r\n\ndef half(x):\n    return x / 2")
    said = ask(f"{code}\n\nWhat does area do?")
    assert "`math.pi * r * r`" in said and "half" not in said
    assert block_of(ask(f"{code}\n\nAdd a docstring to half")).startswith('def half(x):\n    """')
    assert ask(f"{code}\n\nHow many functions are there?").startswith("2: `area` and `half`.")


def test_a_conversation_is_remembered():
    before = (("user", "How do I sort a list?"), ("assistant", "With sorted."))
    assert "How do I sort a list?" in ask("What did I ask you first?", "", *before)
    assert "number 2" in ask("How many questions did I ask?", "", *before)
    assert "first message" in ask("What was my previous question?")


def test_problems_are_pointed_at():
    said = ask(
        "What could go wrong?\n\n" + python("def total(items):\n    return sum(i.price for i in itms)")
    )
    assert "`itms`" in said and "NameError" in said


def test_titles_and_commits():
    title = ask("How do I parse a TOML file in Python?", "You name conversations. Reply with a title.")
    assert "parse" in title.lower() and len(title.split()) <= 8
    diff = "diff --git a/shop.py b/shop.py\n--- a/shop.py\n+++ b/shop.py\n@@ -1 +1,3 @@\n+def buy(item):\n+    pass\n"
    assert commit_message(diff) == "Add buy to shop.py"
    assert commit_message(diff + diff.replace("shop", "till")).startswith(
        "Add buy to shop.py, and change 1 more file"
    )


# -- generating


@pytest.mark.parametrize(
    ("wish", "language", "wanted"),
    [
        ("Write a function that returns the mean of numbers", "python", "def mean("),
        ("a function called is_big that takes n", "python", "def is_big(n"),
        ("function slugify(title)", "python", "def slugify(title"),
        ("check whether a number is prime", "go", "func isPrime("),
        ("a class Point with x and y", "typescript", "class Point"),
        ("a struct Person with name and age", "rust", "struct Person"),
        ("select name from users", "sql", "FROM users"),
    ],
)
def test_generating_follows_the_wish(wish: str, language: str, wanted: str):
    assert wanted in write_code(wish, language).code


WORDS = st.sampled_from(
    "a function that checks sorts counts every user name file prime list class with and of Order x the returns lambda import 3".split()
)


@given(st.lists(WORDS, min_size=1, max_size=14).map(" ".join), st.sampled_from(["python", *SPEAKERS]))
@settings(max_examples=150, deadline=None)
def test_generated_code_parses(wish: str, language: str):
    code = write_code(wish, language).code
    if language == "python":
        ast.parse(code)
    else:
        wrap = {"php": "<?php\n{}", "java": "class X {{\n{}\n}}", "csharp": "class X {{\n{}\n}}"}.get(
            language, "{}"
        )
        code = code if language in ("java", "csharp") and "class " in code else wrap.format(code)
        assert count_errors(code, language) == 0, code


def test_generating_speaks_of_the_records_around():
    around = "class Item:\n    name: str\n    price: float\n"
    assert (
        "max(items, key=lambda item: item.price"
        in write_code("the most expensive item", "python", (around,)).code
    )
    assert (
        "sorted(items, key=lambda item: item.name"
        in write_code("sort the items by name", "python", (around,)).code
    )


# -- formatting


@pytest.mark.parametrize("name", FILES)
def test_formatting_keeps_the_meaning(name: str):
    text = (STDLIB / name).read_text(encoding="utf-8")
    messy = re.sub(r"(?m)^(\s*)return (\w+)$", r"\1return   \2  ", text)
    done = format_code(messy, "python", "Wrap at 100. Double quotes.")
    assert ast.dump(ast.parse(done)) == ast.dump(ast.parse(messy))
    assert (
        re.findall(r"(?m)^\s*#.*$", done) == [line.rstrip() for line in re.findall(r"(?m)^\s*#.*$", messy)]
        or name
    )


def test_formatting_really_formats():
    done = format_code(
        "def f( a,b ) :\n  if a==b : return 'x'\n  return  {'k':a}\n", "python", "double quotes"
    )
    assert done == 'def f(a, b):\n    if a == b:\n        return "x"\n    return {"k": a}\n'
    assert format_code("    x=1\n    y = 2\n", "python") == "    x = 1\n    y = 2\n"


@pytest.mark.parametrize(
    ("language", "before", "after"),
    [
        ("javascript", "function f(a,b){\nif(a==b){\nreturn [a,b]\n}else{\nreturn {k:a}\n}\n}\n", "function f(a, b) {\n  if (a == b) {\n    return [a, b]\n  } else {\n    return {k: a}\n  }\n}\n"),
        ("go", "func f(a int,b int) int {\n  x:=a+b\n  return x\n}\n", "func f(a int, b int) int {\n\tx := a + b\n\treturn x\n}\n"),
        ("json", '{"a":[1,2],"b":{}}', '{\n  "a": [\n    1,\n    2\n  ],\n  "b": {}\n}'),
        ("ruby", "def a  \n  1\nend\n\n\n\n\nb\n", "def a\n  1\nend\n\n\nb\n"),
        ("javascript", "const t = `a   \n  b`;  \n", "const t = `a   \n  b`;\n"),
    ],
)  # fmt: skip
def test_formatting_other_languages(language: str, before: str, after: str):
    assert format_code(before, language) == after


# -- completing

CASES = [
    ("def add(a, b):\n    ", "\n", "python", "return a + b"),
    ("def is_even(n):\n", "", "python", "    return n % 2 == 0"),
    ("def mean(numbers):\n    count = len(numbers)\n    return ", "\n", "python", "sum(numbers) / count"),
    ("class P:\n    def __init__(self, x, y):\n        self.x = x\n        ", "\n", "python", "self.y = y"),
    ("items = [1]\nfor item in ", "\n", "python", "items:"),
    ("print(math.pi)\nimport ", "\n", "python", "math"),
    ("x1 = 1\nx2 = 2\n", "\n", "python", "x3 = 3"),
    ("total_amount = 3\nprint(tot", ")\n", "python", "al_amount"),
    ("result = []\nfor x in range(3):\n    ", "\n", "python", "result.append(x)"),
    ("def f():\n    value = foo(1, 2", "\n", "python", ")"),
    ("def f(x", "):\n    pass\n", "python", ""),
    ("# a comment about", "\n", "python", ""),
    ("x = 1\n", "", "python", ""),
    ("function add(a, b) {\n  ", "\n}\n", "javascript", "return a + b;"),
    ("const total = 1;\nconsole.log(", "", "javascript", "total);"),
    ("fn square(x: f64) -> f64 {\n    ", "\n}\n", "rust", "return x * x;"),
]


@pytest.mark.parametrize(("prefix", "suffix", "language", "wanted"), CASES)
def test_completing(prefix: str, suffix: str, language: str, wanted: str):
    assert complete(prefix, suffix, language) == wanted


@pytest.mark.parametrize("name", FILES[:12])
def test_completions_parse_and_repeat_nothing(name: str):
    """The cursor at the end of every seventh line, the rest of the file as it is."""
    text = (STDLIB / name).read_text(encoding="utf-8")
    lines = text.split("\n")
    for row in range(3, min(len(lines), 400), 7):
        line = lines[row]
        if not line.strip() or '"""' in text.split("\n", row)[-1][:3]:
            continue
        keep = len(line) - max(1, len(line.strip()) // 2)
        prefix = "\n".join(lines[:row]) + "\n" + line[:keep]
        suffix = "\n" + "\n".join(lines[row + 1 :])
        said = complete(prefix, suffix, "python")
        if said and _parses("\n".join(lines[:row]) + "\n" + suffix):
            assert _parses(prefix + said + suffix), (line[:keep], said)
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
    ("undefined name 'math'", "import os\n\nx = math.pi", "import math\nimport os\n\nx = math.pi"),
    ("'os' imported but unused", "import os\nimport sys\nprint(sys.path)", "import sys\nprint(sys.path)"),
    ("'b' imported but unused", "from a import b, c\nc()", "from a import c\nc()"),
    ("local variable 'x' is assigned to but never used", "def f():\n    x = 1\n    return 2", "def f():\n    return 2"),
    ("expected ':'", "def f(x)\n    return x", "def f(x):\n    return x"),
    ("invalid syntax. Maybe you meant '==' instead of '='?", "if x = 1:\n    pass", "if x == 1:\n    pass"),
    ("'(' was never closed", "print((1 + 2)\nx = 1", "print((1 + 2))\nx = 1"),
    ("unterminated string literal", "x = 'abc\ny = 2", "x = 'abc'\ny = 2"),
    ("Missing parentheses in call to 'print'", "print 'hello'", "print('hello')"),
    ("comparison to None", "if a == None:\n    pass", "if a is None:\n    pass"),
    ('Cannot access attribute "appnd" for class "list"', "def f(xs):\n    xs.appnd(1)", "def f(xs):\n    xs.append(1)"),
    ("missing return statement", "def f(a):\n    total = a + 1", "def f(a):\n    total = a + 1\n    return total"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "code", "wanted"), FIXES)
def test_fixing_what_is_reported(message: str, code: str, wanted: str):
    prompt = f"The editor reports:\n\n- line 1, error (tool): {message}\n\nThe marked part of `a.py`:\n\n{python(code)}\n\nFix what is reported."
    assert block_of(ask(prompt, "Reply with exactly one fenced code block.")) == wanted


def test_fixing_in_another_language():
    prompt = "- line 2, error at `cout`: Cannot find name 'cout'.\n\nThe marked part of `a.ts`:\n\n```typescript\nconst count = 1;\nprint(cout);\n```\n\nFix what is reported."
    assert block_of(ask(prompt)) == "const count = 1;\nprint(count);"


@pytest.mark.parametrize("name", ["bisect.py", "heapq.py", "shlex.py", "fractions.py", "graphlib.py"])
def test_documenting_adds_docstrings_only(name: str):
    text = (STDLIB / name).read_text(encoding="utf-8")
    done = document(text, "python")

    def bare(code: str) -> str:
        tree = ast.parse(code)
        for node in ast.walk(tree):
            if (
                isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
                and ast.get_docstring(node) is not None
            ):
                node.body = node.body[1:]
        return ast.dump(tree)

    assert bare(done) == bare(text)
    missing = [
        n for n in ast.walk(ast.parse(done)) if isinstance(n, ast.FunctionDef) and not ast.get_docstring(n)
    ]
    assert all(n.body[0].lineno == n.lineno for n in missing)


@pytest.mark.parametrize(
    ("language", "code", "wanted"),
    [
        ("javascript", "function isOdd(n) {\n  return n % 2;\n}", "/**\n * True when the number is odd.\n * @param n The n\n * @returns The result\n */\nfunction"),
        ("go", "func Double(x int) int {\n\treturn x * 2\n}", "// Double twice the number.\nfunc"),
        ("rust", "fn load_file(path: &str) {}", "/// Load file.\nfn"),
    ],
)  # fmt: skip
def test_documenting_other_languages(language: str, code: str, wanted: str):
    assert document(code, language).startswith(wanted)
    assert count_errors(document(code, language), language) == 0


def test_written_tests_pass():
    for recipe in recipes():
        if not recipe.examples:
            continue
        code = ast.unparse(ast.Module([recipe.node], []))
        said = block_of(ask(f"Write tests for this part of `m.py`:\n\n{python(code)}"))
        names: dict[str, object] = {}
        exec(code, names)
        exec(said.replace(f"from m import {recipe.name}", ""), names)
        for name, test in list(names.items()):
            if name.startswith("test_"):
                test()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("wish", "code", "wanted"),
    [
        ("Rename x to total", "x = 1\nfox = x", "total = 1\nfox = total"),
        ('Replace "a" with "b"', "print('a')", "print('b')"),
        ("Sort the lines", "b\na", "a\nb"),
        ("Remove the comments", "# one\nx = 1", "x = 1"),
    ],
)
def test_editing(wish: str, code: str, wanted: str):
    assert block_of(ask(f"{wish}\n\n{python(code)}")) == wanted


def test_translating_and_saying_what_is_left_out():
    said = ask(
        "Translate this to JavaScript\n\n"
        + python("def double(x: float) -> float:\n    return x * 2\n\nclass A:\n    pass")
    )
    assert "function double(x)" in said and "Left out" in said and "`A`" in said


def test_code_only_replies_hold_one_block_and_the_line_outside_it():
    said = ask(
        "Format:\n\n" + python("x=1"),
        "Reply with exactly one fenced code block. No words before or after the block.",
    )
    assert said.startswith("```python\nx = 1\n```") and said.count("```") == 2 and said.endswith(SIGNATURE)
