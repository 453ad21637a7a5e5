"""Repairing: what the diagnostics name, and where there are none, what is plainly wrong (Python).

Each repair takes the code and one diagnostic and gives new code, or None when it is not its case. They work on text,
because code with a mistake often has no syntax tree.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import io
import re
import sys
import tokenize
from collections.abc import Callable
from dataclasses import dataclass

from halley.simulator.answers.layout import add_indent, common_indent, remove_indent
from halley.simulator.answers.outline import outline
from halley.simulator.answers.reading import Task

KNOWN_NAMES: dict[str, str] = {
    "Path": "from pathlib import Path", "dataclass": "from dataclasses import dataclass",
    "field": "from dataclasses import field", "defaultdict": "from collections import defaultdict",
    "Counter": "from collections import Counter", "deque": "from collections import deque",
    "OrderedDict": "from collections import OrderedDict", "namedtuple": "from collections import namedtuple",
    "datetime": "from datetime import datetime", "timedelta": "from datetime import timedelta",
    "date": "from datetime import date", "partial": "from functools import partial",
    "lru_cache": "from functools import lru_cache", "cache": "from functools import cache",
    "reduce": "from functools import reduce", "wraps": "from functools import wraps",
    "Any": "from typing import Any", "Optional": "from typing import Optional", "List": "from typing import List",
    "Dict": "from typing import Dict", "Union": "from typing import Union", "Callable": "from collections.abc import Callable",
    "Iterator": "from collections.abc import Iterator", "Iterable": "from collections.abc import Iterable",
    "Enum": "from enum import Enum", "Decimal": "from decimal import Decimal", "Fraction": "from fractions import Fraction",
    "ABC": "from abc import ABC", "abstractmethod": "from abc import abstractmethod", "chain": "from itertools import chain",
    "product": "from itertools import product", "sleep": "from time import sleep", "sqrt": "from math import sqrt",
    "contextmanager": "from contextlib import contextmanager", "np": "import numpy as np", "pd": "import pandas as pd",
    "plt": "import matplotlib.pyplot as plt", "pytest": "import pytest", "requests": "import requests",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One diagnostic. `line` counts from 1 in the file; `at` is the text it points to."""

    message: str
    line: int | None = None
    at: str = ""

    @property
    def name(self) -> str:
        """The name it is about."""
        quoted = re.findall(r"[`'\"‘“]([\w.]+)[`'\"’”]", self.message)
        return quoted[0] if quoted else self.at


def repair(task: Task) -> str:
    """The task's code with its findings repaired; the code as it is when nothing can be done."""
    code = task.code
    around = "\n".join(block.code for block in task.others)
    for finding in read_findings(task):
        code = _repaired(code, finding, task, around)
    if task.language == "python":
        code = repair_syntax(code)
        if code == task.code and not task.diagnostics:
            code = _unasked(code, around)
    return code


def read_findings(task: Task) -> list[Finding]:
    lines = task.diagnostics or tuple(
        re.findall(r"^.*\b(?:error|undefined|warning)\b.*$", task.prose, re.M | re.I)
    )
    found: list[Finding] = []
    for text in lines:
        match = re.match(
            r"(?:.*?\bline (\d+))?(?:, \w+)?(?: \([^)]*\))?(?: at `([^`]*)`)?:?\s*(.*)", text, re.I | re.S
        )
        number, at, message = match.groups() if match else (None, "", text)
        found.append(Finding(message or text, int(number) if number else None, at or ""))
    return found


def _repaired(code: str, finding: Finding, task: Task, around: str) -> str:
    for pattern, fix in REPAIRS:
        if re.search(pattern, finding.message, re.I):
            done = fix(code, finding, task, around)
            if done is not None and done != code:
                return done
    return code


def _undefined(code: str, finding: Finding, task: Task, around: str) -> str | None:
    """The nearest name in reach; otherwise an import of what is known to define it."""
    name = finding.name.split(".")[0]
    if not name or not re.search(rf"\b{re.escape(name)}\b", code):
        return None
    near = _nearest(name, code, around, finding)
    importable = _import_line(name)
    if importable and (near is None or name in KNOWN_NAMES or name in sys.stdlib_module_names):
        return _with_import(code, importable) if task.language == "python" else None
    return replace_tokens(code, [name], near) if near else None


def replace_tokens(code: str, wanted: list[str], said: str) -> str:
    """`code` with every run of these tokens replaced, in code only: comments and texts stay.

    Code that has no tokens, being broken, is searched as plain text.
    """
    try:
        tokens = [
            t
            for t in tokenize.generate_tokens(io.StringIO(code).readline)
            if t.type in (tokenize.NAME, tokenize.OP)
        ]
    except (tokenize.TokenError, SyntaxError):
        return re.sub(r"(?<!\w)" + r"\s*".join(map(re.escape, wanted)) + r"(?!\w)", said, code)
    rows = code.split("\n")
    for at in range(len(tokens) - len(wanted), -1, -1):
        run = tokens[at : at + len(wanted)]
        if [token.string for token in run] == wanted and run[0].start[0] == run[-1].end[0]:
            row = run[0].start[0] - 1
            rows[row] = rows[row][: run[0].start[1]] + said + rows[row][run[-1].end[1] :]
    return "\n".join(rows)


def _import_line(name: str) -> str:
    return KNOWN_NAMES.get(name) or (f"import {name}" if name in sys.stdlib_module_names else "")


def _nearest(name: str, code: str, around: str, finding: Finding) -> str | None:
    """The name that was probably meant."""
    suggested = re.search(r"did you mean:?\s*[`'\"‘“]?(\w+)", finding.message, re.I)
    if suggested:
        return suggested[1]
    words = re.findall(r"[^\W\d]\w*", _defined(code) or code)
    candidates = [
        word
        for word in dict.fromkeys([*words, *re.findall(r"[^\W\d]\w*", _defined(around)), *dir(builtins)])
        if word != name
    ]
    close = difflib.get_close_matches(name, candidates, 1, 0.7)
    return close[0] if close else None


def _defined(code: str) -> str:
    """Names that the text binds: assigned, imported, defined, parameters."""
    found = re.findall(
        r"^\s*(?:async\s+)?(?:def|class)\s+(\w+)|(\w+)\s*(?::[^=\n]+)?=(?!=)|\bfor\s+([\w, ]+)\s+in\b|\bas\s+(\w+)|import\s+([\w, ]+)",
        code,
        re.M,
    )
    names = [part for groups in found for part in groups if part]
    parameters = re.findall(r"(?:def|function|func|fn)\s*\w*\s*\(([^)]*)\)", code)
    declared = re.findall(r"\b(?:let|const|var)\s+(\w+)", code)
    return " ".join([*names, *declared, *(re.sub(r"[:=][^,]*", "", p) for p in parameters)])


def _with_import(code: str, line: str) -> str:
    """The import above the first import, below a module's docstring, or at the beginning of an indented part."""
    rows = code.split("\n")
    indent = common_indent(code)
    if indent or not _is_module_start(code):
        at = 1 if re.match(r"\s*(?:async\s+)?(?:def|class)\b", rows[0]) else 0
        if at and re.match(r'\s*(?:"""|\'\'\')', rows[1] if len(rows) > 1 else ""):
            at += 1
        lead = re.match(r"[ \t]*", rows[at] if at < len(rows) else "")[0]  # type: ignore[index]
        return "\n".join([*rows[:at], lead + line, *rows[at:]])
    at = next((n for n, row in enumerate(rows) if re.match(r"(?:import|from)\s", row)), None)
    if at is None:
        at = _below_docstring(code)
        return "\n".join([*rows[:at], line, *([""] if rows[at:] and rows[at].strip() else []), *rows[at:]])
    while at < len(rows) and rows[at].startswith("from __future__"):
        at += 1
    return "\n".join([*rows[:at], line, *rows[at:]])


def _is_module_start(code: str) -> bool:
    """True for text that may be a whole module: it imports, or begins with a docstring, or has several definitions."""
    heads = re.findall(r"^(?:def|class|async def)\b", code, re.M)
    return (
        bool(re.search(r"^(?:import|from)\s", code, re.M))
        or code.lstrip().startswith(('"""', "'''", "#"))
        or len(heads) != 1
    )


def _below_docstring(code: str) -> int:
    try:
        body = ast.parse(code).body
    except SyntaxError:
        return 0
    first = body[0] if body else None
    is_doc = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    return (first.end_lineno or 0) if is_doc and first else 0


def _unused_import(code: str, finding: Finding, task: Task, around: str) -> str | None:
    name = finding.name.split(".")[-1]
    rows = code.split("\n")
    for at, row in enumerate(rows):
        match = re.match(r"(\s*(?:from\s+[\w.]+\s+)?import\s+)(.+?)\s*$", row)
        if not match or not re.search(rf"\b{re.escape(name)}\b", match[2]):
            continue
        kept = [
            part.strip()
            for part in match[2].strip("()").split(",")
            if not re.search(rf"\b{re.escape(name)}\b", part)
        ]
        return "\n".join(rows[:at] + ([match[1] + ", ".join(kept)] if kept else []) + rows[at + 1 :])
    return None


def _unused_variable(code: str, finding: Finding, task: Task, around: str) -> str | None:
    name = re.escape(finding.name)
    rows = code.split("\n")
    for at, row in enumerate(rows):
        match = re.match(rf"(\s*)(?:const |let |var )?{name}\s*(?::[^=]+)?:?=(?!=)\s*(.+)$", row)
        if match:
            keeps = "(" in match[2]  # a call may have effects: keep it, drop the name
            return "\n".join(rows[:at] + ([match[1] + match[2]] if keeps else []) + rows[at + 1 :])
    return None


def _missing_return(code: str, finding: Finding, task: Task, around: str) -> str | None:
    """The last line of the function becomes its result, or its last variable is returned."""
    if task.language != "python":
        return None
    rows = code.rstrip("\n").split("\n")
    last = rows[-1]
    indent = re.match(r"[ \t]*", last)[0]  # type: ignore[index]
    assigned = re.match(r"\s*(\w+)\s*(?:[+\-*/]?=)(?!=)", last)
    if assigned:
        done = [*rows, f"{indent}return {assigned[1]}"]
    elif re.match(r"\s*[\w.]+(?:\(|\[|\s*[-+*/])", last) and not re.match(
        r"\s*(?:print|raise|return|if|for|while|with)\b", last
    ):
        done = [*rows[:-1], f"{indent}return {last.strip()}"]
    else:
        return None
    return "\n".join(done) + ("\n" if code.endswith("\n") else "")


def _missing_semicolon(code: str, finding: Finding, task: Task, around: str) -> str | None:
    row = _row(code, finding, task)
    return _change_row(
        code, row, lambda text: text.rstrip() + ";" if not text.rstrip().endswith((";", "{", "}")) else text
    )


def _equality(code: str, finding: Finding, task: Task, around: str) -> str | None:
    return _change_row(code, _row(code, finding, task), _compare_in_test)


def _none_comparison(code: str, finding: Finding, task: Task, around: str) -> str | None:
    return replace_tokens(replace_tokens(code, ["!=", "None"], "is not None"), ["==", "None"], "is None")


def _attribute(code: str, finding: Finding, task: Task, around: str) -> str | None:
    """`no attribute 'appnd'`: the nearest of the attributes that are used or built in."""
    quoted = re.search(
        r"(?:attribute|member|property|method)\s+[`'\"‘“]([\w.]+)[`'\"’”]", finding.message, re.I
    )
    name = quoted[1] if quoted else finding.name
    builtin = {
        a for kind in (str, list, dict, set, bytes, int, float) for a in dir(kind) if not a.startswith("_")
    }
    candidates = [
        *re.findall(r"\.(\w+)", code + around),
        *re.findall(r"^\s+(\w+)\s*:", around, re.M),
        *sorted(builtin),
    ]
    close = difflib.get_close_matches(name, [c for c in candidates if c != name], 1, 0.7)
    return re.sub(rf"\.{re.escape(name)}\b", f".{close[0]}", code) if close else None


def _syntax(code: str, finding: Finding, task: Task, around: str) -> str | None:
    return (
        repair_syntax(code)
        if task.language == "python"
        else _missing_semicolon(code, finding, task, around)
        if ";" in finding.message
        else None
    )


REPAIRS: tuple[tuple[str, Callable[[str, Finding, Task, str], str | None]], ...] = (
    (r"undefined (?:name|variable)|not defined|undeclared|cannot find (?:name|value)|unresolved (?:name|reference)|undefined: |reportUndefinedVariable", _undefined),
    (r"imported but unused|unused import|import .* (?:is )?not (?:used|accessed)|is declared but .* never", _unused_import),
    (r"never used|unused variable|assigned to but|not accessed|declared and not used", _unused_variable),
    (r"missing return|must return|not all (?:code )?paths return|inconsistent return|expected .* return", _missing_return),
    (r"no attribute|does not exist on type|cannot access (?:attribute|member)|unknown (?:attribute|member|method)", _attribute),
    (r"comparison (?:to|with) `?'?None|E711", _none_comparison),
    (r"(?:maybe|did) you mean[t]? '?==|assignment .*(?:condition|expression)|instead of '='|cannot assign", _equality),
    (r"['\"`]?;['\"`]? expected|expected ['\"`]?;|missing semicolon", _missing_semicolon),
    (r"syntax|expected|invalid|was never closed|unterminated|unexpected|unmatched", _syntax),
)  # fmt: skip


def _row(code: str, finding: Finding, task: Task) -> int | None:
    """The row of `code` the finding points at: by its quoted text, else by its line number in the file."""
    rows = code.split("\n")
    if finding.at:
        hits = [at for at, row in enumerate(rows) if finding.at in row]
        if hits:
            return hits[0]
    if finding.line is None:
        return None
    offset = 0
    for block in task.others:
        at = block.code.find(code.strip("\n"))
        if at >= 0:
            offset = block.first_line - 1 + block.code.count("\n", 0, at)
            break
    row = finding.line - 1 - offset
    return row if 0 <= row < len(rows) else None


def _change_row(code: str, row: int | None, change: Callable[[str], str]) -> str | None:
    if row is None:
        return None
    rows = code.split("\n")
    rows[row] = change(rows[row])
    return "\n".join(rows)


# -- Python that does not parse

_OPENS = re.compile(
    r"^\s*(?:async\s+)?(?:if|elif|else|for|while|def|class|try|except|finally|with|match|case)\b"
)


def _compare_in_test(row: str) -> str:
    match = re.match(r"(\s*(?:if|elif|while)\b)(.*)$", row)
    return match[1] + re.sub(r"(?<![=!<>:+\-*/%&|^])=(?!=)", "==", match[2]) if match else row


def _colon(row: str) -> str:
    body, hash, comment = row.partition("  #")
    return (
        body.rstrip() + ":" + hash + comment if _OPENS.match(row) and not body.rstrip().endswith(":") else row
    )


def _close(row: str) -> str:
    from halley.simulator.answers.place import open_brackets

    closers = open_brackets(row)
    if not closers:
        return row
    bare = row.rstrip()
    return bare[:-1] + closers + ":" if bare.endswith(":") and _OPENS.match(row) else bare + closers


def _quote(row: str) -> str:
    for mark in ('"', "'"):
        if row.count(mark) % 2:
            tail = re.search(r"[)\]}:,]*$", row.rstrip())[0]  # type: ignore[index]
            bare = row.rstrip()
            return bare[: len(bare) - len(tail)] + mark + tail
    return row


def _print(row: str) -> str:
    return re.sub(r"^(\s*)print\s+(?!\()(.+)$", r"\1print(\2)", row)


def _extra_closer(row: str) -> str:
    bare = row.rstrip()
    return bare[:-1] if bare[-1:] in ")]}" else row


def _null(row: str) -> str:
    swaps = {"&&": "and", "||": "or", "null": "None", "true": "True", "false": "False", "else if": "elif"}
    for wrong, right in swaps.items():
        row = re.sub(rf"(?<!\w){re.escape(wrong)}(?!\w)", right, row)
    return re.sub(r"(?<![\w!])!(?!=)\s*", "not ", row)


_ROW_REPAIRS = (_colon, _compare_in_test, _close, _quote, _print, _extra_closer, _null)


def repair_syntax(code: str) -> str:
    """Python code mended row by row where the parser stops; as it was when that leads nowhere."""
    indent = common_indent(code)
    flat = remove_indent(code, indent)
    for _ in range(12):
        problem = _problem(flat)
        if problem is None:
            return add_indent(flat, indent)
        better = _better(flat, problem)
        if better is None:
            return code
        flat = better
    return code


def _problem(code: str) -> int | None:
    """The row where parsing fails; None when it parses, or is only part of a statement (a bare `return`)."""
    try:
        ast.parse(code)
    except SyntaxError as error:
        if "outside" in str(error.msg):
            return None
        return (error.lineno or 1) - 1
    except ValueError:
        return 0
    return None


def _better(code: str, row: int) -> str | None:
    """The first change of the failing row, or of one just above, that lets the parser get further."""
    rows = code.split("\n")
    best: tuple[int, str] | None = None
    for at in dict.fromkeys((row, row - 1, row - 2, row + 1)):
        if not 0 <= at < len(rows):
            continue
        for fix in _ROW_REPAIRS:
            changed = fix(rows[at])
            if changed == rows[at]:
                continue
            text = "\n".join([*rows[:at], changed, *rows[at + 1 :]])
            reached = _problem(text)
            if reached is None:
                return text
            if reached > row and (best is None or reached > best[0]):
                best = (reached, text)
    return best[1] if best else _missing_body(rows, row)


def _missing_body(rows: list[str], row: int) -> str | None:
    """`expected an indented block`: a body that does nothing."""
    for at in range(min(row, len(rows) - 1), -1, -1):
        if _OPENS.match(rows[at]) and rows[at].rstrip().endswith(":"):
            lead = re.match(r"[ \t]*", rows[at])[0]  # type: ignore[index]
            text = "\n".join([*rows[: at + 1], f"{lead}    pass", *rows[at + 1 :]])
            return text if (_problem(text) or 10**9) > row else None
    return None


# -- Python that parses and is wrong all the same


def undefined_names(code: str, around: str = "") -> list[str]:
    """Names that are read and never bound, in the code or around it."""
    tree = outline(code, "python").tree
    if tree is None or re.search(r"^\s*from\s+\S+\s+import\s+\*", f"{code}\n{around}", re.M):
        return []  # what a star brings in cannot be known from here
    bound = set(dir(builtins)) | {"self", "cls", "__file__", "__name__"}
    for text in (code, around):
        bound |= set(re.findall(r"[^\W\d]\w*", _defined(text)))
    used: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (bound.add(node.id) if not isinstance(node.ctx, ast.Load) else used.append(node.id))
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            bound |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif (isinstance(node, ast.ExceptHandler) and node.name) or (
            isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name
        ):
            bound.add(node.name)
    return [name for name in dict.fromkeys(used) if name not in bound]


def _unasked(code: str, around: str) -> str:
    """Without a diagnostic: undefined names, comparisons with None, mutable defaults."""
    task = Task("fix", "", language="python")
    for name in undefined_names(code, around):
        code = _undefined(code, Finding(f"undefined name '{name}'", at=name), task, around) or code
    return _none_comparison(code, Finding(""), task, around) or code
