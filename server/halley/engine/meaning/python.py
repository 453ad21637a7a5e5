"""Python: its syntax trees, docstrings as `inspect.cleandoc` reads them, type comments, and where comments are."""

from __future__ import annotations

import ast
import inspect
import io
import tokenize
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from halley.engine.meaning.remarks import is_obeyed, surroundings


def is_python(text: str) -> bool:
    """Whether it can be run at all; otherwise only the tree of what can be read is left to compare."""
    return _python_tree(text) is not None


def python_difference(before: str, after: str) -> str:
    """`before` is valid. A sentence, or empty."""
    new = _python_tree(after)
    if new is None:
        return "The new text is not valid Python."
    if _python_tree(before) != new:
        return "The new text does not mean the same: its syntax tree differs."
    return "" if _same_comments(before, after) else "A comment was changed, moved, added or lost."


@lru_cache(maxsize=4)
def _python_tree(text: str) -> str | None:
    try:
        tree = _parsed(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant):
                node.kind = None  # `u"x"` is `"x"`
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                _tidy_docstring(node)
        return ast.dump(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _parsed(text: str) -> ast.Module:
    """With type comments, where they can be read; a comment to ignore types is looked at as other comments are."""
    try:
        tree = ast.parse(text, type_comments=True)
    except SyntaxError:
        tree = ast.parse(text)
    tree.type_ignores.clear()
    return tree


def _tidy_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """A docstring's indentation follows its code's."""
    first = node.body[0] if node.body else None
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        lines = inspect.cleandoc(first.value.value).split("\n")
        first.value.value = "\n".join(line.rstrip() for line in lines).rstrip()


class _Comment(NamedTuple):
    """`begin` and `end` count the words before the statement it belongs to, and before the comment itself.

    One on a line of its own belongs to what follows (`end` is -1). `around` are its line and the next, for those that
    tools obey. Words are names, numbers and strings: they outlive
    any layout, while brackets, commas and quotes may come and go with it.
    """

    text: str
    begin: int
    end: int
    around: str = ""


def _same_comments(before: str, after: str) -> bool:
    """The same ones in the same order, each still beside what it was beside; it may have moved from the end of a
    line to the line above."""
    ours, theirs = _comments(before), _comments(after)
    return len(ours) == len(theirs) and all(
        one.text == other.text
        and one.around == other.around
        and (one.begin == other.begin or one.end == other.end >= 0)
        for one, other in zip(ours, theirs, strict=True)
    )


_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


@lru_cache(maxsize=4)
def _comments(text: str) -> tuple[_Comment, ...]:
    found: list[_Comment] = []
    words = begin = line_begin = depth = 0
    alone, before = True, -1
    starts = list(accumulate(map(len, io.StringIO(text, newline=None)), initial=0))
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            kind = token.type
            if kind == tokenize.COMMENT:
                start = line_begin if depth else begin
                own = _comment(token.string, token.start[0])
                at = starts[token.start[0] - 1] + token.start[1]
                around = surroundings(text, at) if is_obeyed(own) else ""
                found.append(_Comment(own, words if alone else start, -1 if alone else words, around))
            elif kind in (tokenize.NEWLINE, tokenize.NL):
                line_begin, alone = words, True
                begin = words if kind == tokenize.NEWLINE else begin
            elif kind not in (tokenize.INDENT, tokenize.DEDENT):
                alone = False
                words += _is_word(kind, before)
                depth += (token.string in _OPENING) - (token.string in _CLOSING) if kind == tokenize.OP else 0
                begin = words if kind == tokenize.OP and token.string == ";" else begin
                before = kind
    except (tokenize.TokenError, SyntaxError, IndentationError):
        return (_Comment(text, 0, 0),)
    return tuple(found)


def _is_word(kind: int, before: int) -> bool:
    """Strings side by side are one."""
    strings = (tokenize.STRING, getattr(tokenize, "FSTRING_START", -2))
    return kind in (tokenize.NAME, tokenize.NUMBER) or (kind in strings and before not in strings)


def _comment(text: str, row: int) -> str:
    """Without blanks after its mark and at its end; the line that names an interpreter stays as it is."""
    if row == 1 and text.startswith("#!"):
        return text.rstrip()
    mark = len(text) - len(text.lstrip("#"))
    return f"{text[:mark]} {text[mark:].strip()}"
