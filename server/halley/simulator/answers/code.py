"""Answers that are code: formatting, fixing an undefined name, skeletons and plain replacements.

`CODE` is the table. Where the simulator cannot do what is asked, the code comes back as it is with a sentence that says so.
"""

from __future__ import annotations

import ast
import re
import sys
import textwrap
from collections.abc import Callable
from difflib import get_close_matches
from importlib.util import find_spec

from halley.simulator.answers.languages import RESERVED, WORDS, is_python, known, words_of
from halley.simulator.answers.reading import Task, strip_blocks

Written = tuple[str, str, str]
"""Code, its language, and a note for outside the code."""

_FILLER = frozenset(WORDS["filler"].split())
_UNDEFINED = re.compile(r"undefined|not defined|cannot find|unresolved|undeclared", re.I)


# -- formatting


def format_code(task: Task) -> Written:
    """Python by autopep8, never with another meaning; other languages are left as they are."""
    flat, indent = _dedent(task.code)
    if task.language != "python" or not is_python(flat) or find_spec("autopep8") is None:
        return (
            task.code,
            task.language,
            "The simulator lays out Python that parses, with autopep8, and nothing else.",
        )
    import autopep8

    wrap = re.search(r"\b(?:wrap|line|columns?|characters)\D{0,20}(\d{2,3})", task.prose, re.I)
    width = max(40, (int(wrap[1]) if wrap else 100) - len(indent))
    options = {"max_line_length": width, "ignore": ["W503", "W504"]}
    done = autopep8.fix_code(flat + "\n", options).removesuffix("\n")
    same = is_python(done) and ast.dump(ast.parse(done)) == ast.dump(ast.parse(flat))
    return textwrap.indent(done, indent) if same else task.code, task.language, ""


def _dedent(code: str) -> tuple[str, str]:
    flat = textwrap.dedent(code)
    first = next((line for line in code.split("\n") if line.strip()), "")
    return flat, first[: len(first) - len(first.lstrip())] if flat != code else ""


# -- fixing


def fix(task: Task) -> Written:
    """An undefined name becomes the nearest one of the code, or an import of Python's standard library."""
    code = task.code
    for report in filter(_UNDEFINED.search, task.diagnostics):
        for name in re.findall(r"[`'\"“]([^\W\d]\w*)[`'\"”]", report)[-1:]:
            text = "\n".join((code, *(block.code for block in task.others)))
            if task.language == "python" and name in sys.stdlib_module_names:
                code = f"import {name}\n{code}"
            elif near := get_close_matches(name, sorted(set(re.findall(r"[^\W\d]\w*", text)) - {name}), 1):
                code = re.sub(rf"\b{name}\b", near[0], code)
    return code, task.language, "" if code != task.code else "The simulator repairs undefined names only."


# -- skeletons


def generate(task: Task) -> Written:
    """A skeleton with a name and typed parameters from the words that ask for it. It writes no bodies."""
    language = task.language if known(task.language).skeleton else "python"
    words = strip_blocks(task.words)
    if task.prefix.strip() and ("signature just before" in words or not words):
        words = _words_before_cursor(task.prefix)
    line = task.prefix.rsplit("\n", 1)[-1]
    facts = known(language)
    given = ", ".join(facts.parameter.replace("NAME", parameter) for parameter in _parameters(words))
    code = facts.skeleton.replace("NAME", _name(words)).replace("PARAMS", given)
    indent = line if not line.strip() else ""
    return textwrap.indent(code, indent), language, "This is a skeleton: the simulator writes no bodies."


def _words_before_cursor(prefix: str) -> str:
    """The comment that ends where the cursor is, without its marks."""
    lines: list[str] = []
    for line in reversed(prefix.rstrip().split("\n")):
        if not re.match(r"\s*(?:#|//|--|\*|/\*)", line):
            break
        lines.insert(0, line.strip(" \t#/*-"))
    return " ".join(lines) or prefix.rstrip().rsplit("\n", 1)[-1]


def _name(words: str) -> str:
    named = re.search(r"(?:called|named)\s+`?([A-Za-z_]\w*)|([A-Za-z_]\w*)\(|`([A-Za-z_]\w*)`", words)
    if named:
        name = next(name for name in named.groups() if name)
        return f"do_{name}" if name in RESERVED else name
    first = words_of(re.split(r"[.,;:\n]", words)[0])
    plain = [word for word in first if word not in _FILLER and not word[0].isdigit()]
    return "_".join(plain[:3] if len(plain) > 1 else ["do", *(plain or ["this"])])


def _parameters(words: str) -> list[str]:
    given = re.search(r"\w\(([^()]*)\)", words) or re.search(r"\btak(?:es|ing)\s+([^.;]+)", words)
    # A capital would make it a constant in Ruby and an exported name in Go.
    found = [name[0].lower() + name[1:] for name in re.findall(r"[A-Za-z_]\w*", given[1] if given else "")]
    names = [name for name in dict.fromkeys(found) if name.lower() not in (_FILLER | RESERVED)][:6]
    return (
        names
        or [name for word, name in WORDS["parameters"].items() if re.search(rf"\b{word}s?\b", words, re.I)][
            :1
        ]
    )


# -- changes


def edit(task: Task) -> Written:
    """ "Rename a to b" and "replace x with y"; everything else comes back as it is."""
    words = task.words
    if renamed := re.search(r"\brename\s+`?([\w$]+)`?\s+(?:to|into)\s+`?([\w$]+)", words, re.I):
        return re.sub(rf"\b{re.escape(renamed[1])}\b", renamed[2], task.code), task.language, ""
    if swapped := re.search(r"\breplace\s+[`'\"](.+?)[`'\"]\s+(?:with|by)\s+[`'\"](.*?)[`'\"]", words, re.I):
        return task.code.replace(swapped[1], swapped[2]), task.language, ""
    return _as_it_is(task)


def _as_it_is(task: Task) -> Written:
    return task.code, task.language, f"{cannot(task)} The code is as it was."


def cannot(task: Task) -> str:
    return f"The simulator cannot do this: “{' '.join((task.words or task.kind).split())[:120]}”."


CODE: dict[str, Callable[[Task], Written]] = {
    "format": format_code,
    "fix": fix,
    "generate": generate,
    "edit": edit,
    "document": _as_it_is,
    "improve": _as_it_is,
}
"""Tasks answered with code; all but `generate` need some to work on."""
