"""Does a new layout of code still mean the same?

`difference(before, after)` is the proof that formatting rests on. Python compares its syntax trees, docstrings as
`inspect.cleandoc` reads them, and its comments where they stand; other languages compare the tokens of their syntax
trees, comments included, and how the trees hold them, since a line break can be what ends a statement. Whatever lies
within quotes has to stay as it is. What cannot be proven the same counts as different.
"""

from __future__ import annotations

import ast
import inspect
import io
import re
import tokenize
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from halley.engine.code import syntax

_SPACE = re.compile(r"\s+")
_LITERAL = re.compile(
    r"string|heredoc|nowdoc|template_literal|regex|char(?:acter)?_literal|rune|raw_text|shell_command"
)
"""Node types whose text is data: blanks within are no layout."""
_SEVERAL = frozenset("concatenated_string string_array string_concatenation".split())
"""Node types that match and hold literals with layout between them."""
_PROSE = frozenset(("plaintext", "text"))
_BLOCKS = frozenset(
    b"""html head body title meta link script style div p ul ol li dl dt dd table thead tbody tfoot tr td th section
    article aside header footer nav main form fieldset figure figcaption blockquote hr br h1 h2 h3 h4 h5 h6 template
    details summary address noscript""".split()
)
"""HTML elements beside which blanks are not shown."""
_KEEPS_BLANKS = frozenset((b"pre", b"textarea"))


def difference(before: str, after: str, language_id: str) -> str:
    """Why `after` does not surely mean what `before` means, as a sentence; empty when it does."""
    if before == after:
        return ""
    if language_id == "python":
        return _python_difference(before, after)
    if syntax.parser(language_id) is not None:
        return _tree_difference(before, after, language_id)
    if language_id in _PROSE:
        return "" if before.split() == after.split() else "The text differs in more than white space."
    if before.rstrip("\r\n") == after.rstrip("\r\n"):
        return ""
    return (
        f"There is no grammar for {language_id or 'this language'} to prove that the new text means the same."
    )


# -- Python


def _python_difference(before: str, after: str) -> str:
    old = _python_tree(before)
    if old is None:  # it does not even run: only the tree of what can be read is left to compare
        return _tree_difference(before, after, "python")
    new = _python_tree(after)
    if new is None:
        return "The new text is not valid Python."
    if old != new:
        return "The new text does not mean the same: its syntax tree differs."
    return "" if _same_comments(before, after) else "A comment was changed, moved, added or lost."


@lru_cache(maxsize=4)
def _python_tree(text: str) -> str | None:
    try:
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                _tidy_docstring(node)
        return ast.dump(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


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

    One on a line of its own belongs to what follows (`end` is -1). Words are names, numbers and strings: they outlive
    any layout, while brackets, commas and quotes may come and go with it.
    """

    text: str
    begin: int
    end: int


def _same_comments(before: str, after: str) -> bool:
    """The same ones in the same order, each still beside what it was beside; it may have moved from behind to above."""
    ours, theirs = _comments(before), _comments(after)
    return len(ours) == len(theirs) and all(
        one.text == other.text and (one.begin == other.begin or one.end == other.end >= 0)
        for one, other in zip(ours, theirs, strict=True)
    )


_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


@lru_cache(maxsize=4)
def _comments(text: str) -> tuple[_Comment, ...]:
    found: list[_Comment] = []
    words = begin = line_begin = depth = 0
    alone, before = True, -1
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            kind = token.type
            if kind == tokenize.COMMENT:
                start = line_begin if depth else begin
                own = _comment(token.string, token.start[0])
                found.append(_Comment(own, words if alone else start, -1 if alone else words))
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


# -- other languages


def _tree_difference(before: str, after: str, language_id: str) -> str:
    old, new = syntax.parse(before, language_id), syntax.parse(after, language_id)
    if old is None or new is None:
        return "There is no grammar to prove that the new text means the same."
    if new.root.has_error and not old.root.has_error:
        return "The new text does not parse."
    ours, theirs = list(_signs(old, language_id)), list(_signs(new, language_id))
    if ours == theirs:
        return ""
    place = next(
        (i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs))
    )
    was, now = _said(ours, place), _said(theirs, place)
    if was == now:
        return f"The new text does not mean the same: what `{was}` belongs to differs."
    return f"The new text does not mean the same: `{was}` became `{now}`."


def _signs(tree: syntax.Tree, language_id: str) -> Iterator[tuple[str, bytes]]:
    """The tree from left to right: what opens and closes, tokens, comments; without layout."""
    pending: list[Any] = [tree.root]
    html = language_id == "html"
    seen = _Gap(tree) if html else None
    while pending:
        node = pending.pop()
        if node is None:
            yield ")", b""
            continue
        kind: str = node.type
        if seen is not None:
            yield from seen.before(node)
        if node.child_count and not _is_whole(kind):
            if node.is_named:
                yield f"({kind}", b""
                pending.append(None)
            pending.extend(reversed(node.children))
            continue
        text = _text_of(tree, node, kind)
        if text:
            yield kind, text


def _is_whole(kind: str) -> bool:
    return kind == "ERROR" or (_LITERAL.search(kind) is not None and kind not in _SEVERAL)


def _text_of(tree: syntax.Tree, node: Any, kind: str) -> bytes:
    text = tree.bytes_of(node)
    if kind == "jsx_text":
        return _jsx(text)
    if "comment" in kind:  # re-wrapping one is layout
        return b" ".join(text.split())
    if kind == "text" and _holder(tree, node) not in _KEEPS_BLANKS and tree.tree.root_node.type == "document":
        return b" ".join(text.split())
    return text if _is_whole(kind) or text.strip() else b""


def _jsx(text: bytes) -> bytes:
    """As JSX reads it: line breaks and the blanks around them are nothing, other blanks are text."""
    lines = text.split(b"\n")
    last = len(lines) - 1
    cut = [
        (line.lstrip() if row else line) if row == last else (line.strip() if row else line.rstrip())
        for row, line in enumerate(lines)
    ]
    return b" ".join(line for line in cut if line)


def _holder(tree: syntax.Tree, node: Any) -> bytes:
    """The name of the HTML element that contains a node, or whose tag it is."""
    while node is not None and node.type not in ("element", "script_element", "style_element"):
        node = node.parent
    tag = node.children[0] if node is not None and node.children else None
    name = (
        next((child for child in tag.children if child.type == "tag_name"), None) if tag is not None else None
    )
    return tree.bytes_of(name).lower() if name is not None else b""


class _Gap:
    """Blanks between two things in a line of HTML are shown; beside elements that begin lines they are not."""

    def __init__(self, tree: syntax.Tree) -> None:
        self._tree, self._end, self._block = tree, 0, True

    def before(self, node: Any) -> Iterator[tuple[str, bytes]]:
        if node.type not in ("text", "start_tag", "end_tag", "self_closing_tag", "entity"):
            return
        block = node.type.endswith("_tag") and _holder(self._tree, node) in _BLOCKS
        if node.start_byte > self._end and not block and not self._block:
            yield "blank", b" "
        self._end, self._block = node.end_byte, block


def _said(signs: list[tuple[str, bytes]], place: int) -> str:
    """The token at a place of the tree, as a user knows it."""
    for _, text in signs[place:]:
        if text:
            return _SPACE.sub(" ", text[:160].decode("utf-8", "replace"))[:40]
    return "the end"
