"""Formatting never changes meaning: 500 replies that do, over real source, and 200 that do not.

The sources are the standard library's own. A mutation is made in the text, by a rule that changes what it says, after
the text has been laid out differently, so that it hides among honest changes. Replies go the whole road: read, turned into
edits, checked.
"""

from __future__ import annotations

import random
import re
import sysconfig
from collections.abc import Callable
from functools import cache
from pathlib import Path

import autopep8
import pytest

from halley.core.snapshot import Document, Selection, Snapshot
from halley.core.text import DocumentEdit, apply_edits
from halley.engine.meaning.difference import difference
from halley.features.actions.format import check_meaning
from halley.features.actions.rewrite import read_edit
from halley.features.ask import Finish, ModelReply

MUTANTS, HONEST = 500, 200
Mutation = Callable[[str, random.Random], str]


@cache
def sources() -> list[str]:
    """Forty modules of 2 to 12 KB, always the same ones for a version of Python."""
    folder = Path(sysconfig.get_path("stdlib"))
    files = [f for f in sorted(folder.glob("*.py")) if 2_000 <= f.stat().st_size <= 12_000]
    texts = [f.read_text("utf-8") for f in files]
    return [text for text in texts if not difference(text, f"{text}\n", "python")][:40]


def pick(pattern: str, text: str, chance: random.Random) -> re.Match[str] | None:
    found = list(re.finditer(pattern, text, re.MULTILINE))
    return chance.choice(found) if found else None


def substitution(pattern: str, new: Callable[[re.Match[str]], str]) -> Mutation:
    def mutate(text: str, chance: random.Random) -> str:
        match = pick(pattern, text, chance)
        return text if match is None else text[: match.start()] + new(match) + text[match.end() :]

    return mutate


MUTATIONS: dict[str, Mutation] = {
    "a name": substitution(r"(?<=\bself\.)[a-z]\w+", lambda m: f"{m[0]}s"),
    "a function's name": substitution(r"(?<=^def )\w+", lambda m: f"{m[0]}_"),
    "a number": substitution(r"(?<![\w.\"'])\d+(?=[),\]\s])", lambda m: str(int(m[0]) + 1)),
    "a comparison": substitution(r" == ", lambda _: " != "),
    "a word of logic": substitution(r"(?<=\w) and (?=\w)", lambda _: " or "),
    "a negation": substitution(r"\bif not ", lambda _: "if "),
    "a comment's word": substitution(r"(?<=# )[A-Za-z]{4,}", lambda m: m[0][::-1] + "q"),
    "a comment, lost": substitution(r"^ *# \w.*\n", lambda _: ""),
    "a comment, moved": substitution(r"^( *# \w.*\n)( *(?:[a-z_]+) = .*\n)", lambda m: f"{m[2]}{m[1]}"),
    "a string's blanks": substitution(r"'(\w+) (\w+)'", lambda m: f"'{m[1]}  {m[2]}'"),
    "a statement, lost": substitution(r"^    return .*\n", lambda _: "    pass\n"),
    "a raise": substitution(r"\braise \w+", lambda _: "return None"),
    "a default": substitution(r"=None\b(?=[,)])", lambda _: "=False"),
    "an import": substitution(r"(?<=^import )\w+$", lambda m: f"{m[0]} as other"),
    "an indentation": substitution(r"(?<=:\n)( {8,})([a-z].*\n)\1([a-z][^\n]*\n)", lambda m: f"{m[1]}{m[2]}{m[1][4:]}{m[3]}"),
    "an extra statement": substitution(r"^    return ", lambda m: f"    print(1)\n{m[0]}"),
    "a docstring's word": substitution(r'(?<=""")[A-Z]\w+', lambda m: m[0].upper() + "X"),
    "two lines": substitution(r"^( +\w+ = .*\n)( +\w+ = .*\n)", lambda m: m[2] + m[1]),
}  # fmt: skip


@cache
def laid_out(text: str, width: int, aggressive: int = 0) -> str:
    options = {"max_line_length": width, "aggressive": aggressive, "select": WHITE_SPACE}
    return autopep8.fix_code(text, options=options)


WHITE_SPACE = "E1,E20,E21,E22,E23,E25,E261,E262,E27,E3,E5,W29,W391".split(",")


def formatted(before: str, reply: str):
    """What the format action makes of a reply for the whole file."""
    snapshot = Snapshot(Document("file:///w/a.py", before, "python", 1), Selection(0, 0))
    answer = ModelReply(f"````python\n{reply.rstrip()}\n````\n", finish=Finish("stop"))
    return check_meaning(snapshot, read_edit(snapshot, (0, len(before)), answer, "Format", layout="free"))


def mutants() -> list[tuple[str, str, str]]:
    chance = random.Random(7)
    found: list[tuple[str, str, str]] = []
    texts, names = sources(), sorted(MUTATIONS)
    for number in range(MUTANTS * 4):
        before, name = texts[number % len(texts)], names[number % len(names)]
        neat = laid_out(before, 100)
        changed = MUTATIONS[name](neat, chance)
        if changed != neat and "'''" not in before:
            found.append((name, before, changed))
        if len(found) == MUTANTS:
            break
    return found


def test_every_change_of_meaning_is_caught():
    made = mutants()
    assert len(made) == MUTANTS and len({name for name, _, _ in made}) >= 15
    missed = [name for name, before, changed in made if not difference(before, changed, "python")]
    assert not missed
    for name, before, changed in made[::10]:
        assert formatted(before, changed).confirm, name


def honest() -> list[tuple[str, str]]:
    chance = random.Random(11)
    made = [(text, laid_out(text, width)) for width in (72, 100, 140) for text in sources()]
    made = [(before, after) for before, after in made if before != after]
    while len(made) < HONEST:
        text = chance.choice(sources())
        after = chance.choice(LAYOUTS)(text, chance)
        if after != text:
            made.append((text, after))
    return made[:HONEST]


def tabs(text: str, _: random.Random) -> str:
    """Indented by two, docstrings with their code."""
    return re.sub(r"^(?:    )+", lambda m: m[0][::2], text, flags=re.MULTILINE)


LAYOUTS: tuple[Mutation, ...] = (
    lambda text, _: re.sub(r"^(?=class \w+.*:$|def \w+\(.*\):$)", "\n", text, flags=re.MULTILINE),
    lambda text, _: text.rstrip("\n") + "\n\n\n",
    lambda text, _: re.sub(r"(?<=\w) = (?=[\w(])", "  =  ", text) if '"""' not in text else f"{text}\n",
    lambda text, _: re.sub(r"^(\s*return) (?=[\w])([\w.]+)$", r"\1 (\2)", text, flags=re.MULTILINE),
    lambda text, _: re.sub(r"(?<=\S)  +# ", " # ", text) if '"""' not in text else f"{text}\n",
)


def test_no_honest_layout_is_refused():
    made = honest()
    assert len(made) == HONEST
    refused = [difference(before, after, "python") for before, after in made]
    assert not [reason for reason in refused if reason]
    for before, after in made[::10]:
        edited = formatted(before, after)
        assert not edited.confirm and not edited.kept
        if before.rstrip() == after.rstrip():
            continue
        (change,) = edited.change.changes
        assert isinstance(change, DocumentEdit)
        assert apply_edits(before, change.edits).rstrip() == after.rstrip()


OTHERS = {
    "javascript": ("function f(a) {\n  // why\n  return a + 1;\n}\n", "function f(a)\n{\n\t// why\n\treturn a+1;\n}\n"),
    "typescript": ("const f = (a: number) => ({ a });\n", "const f = (a:number)=>({\n  a\n});\n"),
    "go": ("package a\n\nfunc f() int { return 1 } // one\n", "package a\nfunc f() int {\n\treturn 1\n} // one\n"),
    "rust": ("fn f() -> u8 { g(1, 2) }\n", "fn f() -> u8 {\n    g(\n        1, 2\n    )\n}\n"),
    "java": ("class A { int f() { return 1; } }\n", "class A\n{\n    int f()\n    {\n        return 1;\n    }\n}\n"),
    "c": ("int f(void) { return 1; } /* one */\n", "int f( void )\n{\n  return 1;\n} /* one */\n"),
    "cpp": ("template <class T> T f(T a) { return a; }\n", "template<class T>\nT f(T a)\n{\n  return a;\n}\n"),
    "csharp": ("class A { int F() { return 1; } }\n", "class A\n{\n    int F()\n    {\n        return 1;\n    }\n}\n"),
    "ruby": ("def f(a)\n  a + 1 # one\nend\n", "def f(a)\n\n    a  +  1   # one\nend\n"),
    "php": ("<?php\nfunction f($a) { return $a + 1; }\n", "<?php\nfunction f($a)\n{\n    return $a+1;\n}\n"),
    "lua": ("local function f(a) return a + 1 end\n", "local function f(a)\n  return a+1\nend\n"),
    "css": (".a > .b { color: red; margin: 0 1px }\n", ".a>.b{\n  color:red;\n  margin:0 1px\n}\n"),
    "json": ('{"a": [1, 2], "b": "c d"}\n', '{\n  "a": [\n    1,\n    2\n  ],\n  "b": "c d"\n}\n'),
    "html": ("<div><p>a b</p></div>\n", "<div>\n  <p>\n    a\n    b\n  </p>\n</div>\n"),
}  # fmt: skip


@pytest.mark.parametrize("language", OTHERS)
def test_other_languages_may_be_laid_out_and_not_changed(language: str):
    before, after = OTHERS[language]
    assert difference(before, after, language) == ""
    caught = missed = 0
    for match in re.finditer(r"\w+", after):
        changed = after[: match.start()] + f"{match[0]}9" + after[match.end() :]
        caught += bool(difference(before, changed, language))
        missed += not difference(before, changed, language)
    assert caught and not missed


@pytest.mark.parametrize(
    ("language", "before", "after"),
    [
        ("javascript", "function f() {\n  return\n  x\n}", "function f() {\n  return x\n}"),
        ("javascript", "a = '  '", "a = ' '"),
        ("javascript", "a = `${b} ${c}`", "a = `${b}${c}`"),
        ("typescriptreact", "const a = <b>{x} {y}</b>", "const a = <b>{x}{y}</b>"),
        ("shellscript", "rm a b", "rm a\nb"),
        ("shellscript", 'echo "$a $b"', 'echo "$a$b"'),
        ("css", ".a .b {}", ".a.b {}"),
        ("html", "<b>a</b> <b>c</b>", "<b>a</b><b>c</b>"),
        ("html", "<pre>a  b</pre>", "<pre>a b</pre>"),
        ("ruby", "foo -1", "foo - 1"),
        ("c", "#define A (x)\n", "#define A(x)\n"),
        ("python", "if a\n  b\n  c", "if a\n  b\nc"),
        ("yaml", "a:\n  b: 1", "a:\nb: 1"),
        ("makefile", "a:\n\tb", "a:\n  b"),
        ("plaintext", "ab c", "a bc"),
    ],
)
def test_blanks_that_mean_something_are_no_layout(language: str, before: str, after: str):
    assert difference(before, after, language)
