"""Formatting never changes meaning: what counts as the same, and what does not."""

import pytest

from halley.engine.code.meaning import difference

SAME = [
    ("python", "x=1", "x = 1\n"),
    ("python", "f( a,b )  # why", "f(a, b)  # why"),
    ("python", "x = 'a'", 'x = "a"'),
    ("python", "x = (1)", "x = 1"),
    ("go", "package a\nfunc f(){return}", "package a\n\nfunc f() {\n\treturn\n}\n"),
    ("javascript", "const a={b:1}", "const a = { b: 1 }"),
    ("rust", "fn f(){let x=1;}", "fn f() {\n    let x = 1;\n}"),
    ("plaintext", "a  b\nc", "a b c"),
]
DIFFERENT = [
    ("python", "x = 1", "x = 2"),
    ("python", "x = 1  # why", "x = 1"),
    ("python", "def f():\n    'doc'\n", "def f():\n    'dog'\n"),
    ("python", "if a:\n    b()\n    c()\n", "if a:\n    b()\nc()\n"),
    ("python", "x = 1", "x = "),
    ("go", "package a\nvar x = 1 // why\n", "package a\nvar x = 1\n"),
    ("javascript", "a = '1'", "a = 1"),
    ("rust", "fn f(){g(1);}", "fn f(){g(2);}"),
    ("typescript", "let a: number = 1", "let a = 1"),
    ("plaintext", "a b", "a c"),
]


@pytest.mark.parametrize(("language", "before", "after"), SAME)
def test_layout_alone_is_no_difference(language: str, before: str, after: str):
    assert difference(before, after, language) == ""


@pytest.mark.parametrize(("language", "before", "after"), DIFFERENT)
def test_any_other_change_is_told(language: str, before: str, after: str):
    assert difference(before, after, language)
