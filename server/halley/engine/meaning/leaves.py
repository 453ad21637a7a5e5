"""The tokens of a syntax tree, and what between them means something.

`read_leaves` gives two lists that have to be equal for two texts to mean the same. `signs`: what opens and closes,
tokens, and those gaps that count (`gaps.py`). `remarks`: comments, by the number of tokens before them. Grammars do not
give every token a node (the digits of `1px` have none): what no node covers is a token too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from halley.engine.code import syntax
from halley.engine.meaning.gaps import Gap, Leaf, gap_signs, rules_of
from halley.engine.meaning.optional import is_bracket, is_optional, is_wrapper, written
from halley.engine.meaning.remarks import is_obeyed, said, surroundings

Sign = tuple[str, bytes]

_LITERAL = re.compile(
    r"string|heredoc|nowdoc|template_literal|regex|char(?:acter)?_literal|rune|raw_text|shell_command"
)
"""Node types whose text is data: blanks within are no layout."""
_SEVERAL = frozenset("concatenated_string string_array string_concatenation symbol_array".split())
"""Node types that match and hold literals with layout between them."""
_DETACHABLE = frozenset(("go", "ruby"))
"""A comment belongs to what follows only where no blank line lies between."""
_CONTINUED = re.compile(rb"\\\r?\n")
_CLOSES = (b")", b"]", b"}")
_COLUMN = (b"=begin", b"__END__", b"#")
"""What only is what it is at the beginning of a line."""


class Leaves(NamedTuple):
    signs: list[Sign]
    remarks: list[tuple[object, ...]]


def read_leaves(tree: syntax.Tree, language_id: str) -> Leaves:
    """See above. `remarks` are (tokens before, text, whether it stands alone on its line, …)."""
    return _Reader(tree, language_id).read()


class _Reader:
    """What was read so far: the last token, and what came since."""

    def __init__(self, tree: syntax.Tree, language_id: str) -> None:
        self.tree, self.language = tree, language_id
        self.data = tree.text.encode("utf-8", "surrogatepass")
        self.rules = rules_of(self.data, language_id)
        self.signs: list[Sign] = []
        self.remarks: list[tuple[object, ...]] = []
        self.last: Leaf | None = None
        self.gap = Gap()
        self.end = 0
        self.outside = 0
        self.count = 0

    def read(self) -> Leaves:
        for step in _walk(self.tree.root, self.language):
            if isinstance(step, str):
                self.signs.append((step, b""))
            else:
                self._take(*step)
        self._between(len(self.data))
        if self.language == "php" and self.outside >= 0:
            self.signs.append(("outside", self.data[self.outside :]))
        return Leaves(self.signs, self.remarks)

    def _take(self, node: Any, parent: Any, index: int) -> None:
        # Some nodes lie inside text that was read already; it is compared once.
        if node.end_byte <= self.end and node.start_byte < node.end_byte:
            return
        self._between(node.start_byte)
        text = self.data[node.start_byte : node.end_byte]
        self.end = max(self.end, node.end_byte)
        if "comment" in node.type:
            self._remark(node, text)
        elif self.language == "php" and node.type in ("php_tag", "php_end_tag", "text"):
            self._markup(node, text)
        elif node.type == "jsx_text":
            if shown := _jsx(text):
                self._token(Leaf(node.type, shown, node.start_byte, node.end_byte, "", True))
        elif text.strip() and parent is not None and is_optional(node, parent, index, self.language):
            self.gap.dropped = self.gap.blank = True
            # It may be left out where a line ends, but ends the statement all the same: `gaps.py` has to know.
            self.gap.separated = self.gap.separated or text == b";"
        elif parent is not None and is_bracket(node, parent, self.language):
            # After an opening bracket that is only layout no line break counts: no statement can end there.
            self.gap.grouped, self.gap.blank = node.type == "(", True
        elif parent is not None and node.type in ("|", "&") and is_wrapper(parent, self.language):
            self.gap.blank = True
        elif text.strip():
            self._token(self._leaf(node, parent, text))

    def _leaf(self, node: Any, parent: Any, text: bytes) -> Leaf:
        shown = written(text, node, parent, self.language)
        around = parent.type if parent is not None else ""
        kind = (
            "string"
            if node.type == "encapsed_string"
            else node.type
            if node.is_named
            else shown.decode("utf-8", "replace")
        )
        return Leaf(kind, shown, node.start_byte, node.end_byte, around, node.is_named)

    def _between(self, start: int) -> None:
        """What no node covers: blanks, and tokens that have no node."""
        text = self.data[self.end : start]
        at = self.end
        for found in re.finditer(rb"(?:\\\r?\n|\s)+|[^\s\\]+|\\", text):
            piece = found[0]
            plain = _CONTINUED.sub(b"", piece)
            # Dropping what the grammar gives no node would prove texts equal that are not.
            if piece == plain and piece.strip():
                self._token(Leaf("hidden", piece, at + found.start(), at + found.end(), "", True))
                continue
            self.gap.blank = True
            if not self.gap.grouped:
                self.gap.newline = self.gap.newline or b"\n" in plain or b"\r" in plain
        self.end = max(self.end, start)

    def _token(self, leaf: Leaf) -> None:
        if self.last is not None:
            self.signs += gap_signs(self.gap, self.last, leaf, self.rules)
        self.signs.append((leaf.kind, leaf.text))
        # `#define` in C and `=begin` in Ruby mean something else, or nothing, when they are indented.
        if leaf.text.startswith(_COLUMN):
            self.signs.append(("first", b"1" if self._is_first(leaf.start) else b""))
        self.last, self.gap = leaf, Gap()
        self.count += 1

    def _remark(self, node: Any, text: bytes) -> None:
        alone = self._is_first(node.start_byte)
        words = text.decode("utf-8", "replace")
        # A linter's or compiler's comment speaks about its line: moving it changes what it switches off.
        around = surroundings(self.tree.text, self.tree.offset(node.start_byte)) if is_obeyed(words) else ""
        rest = self.data[self.end : self.end + 200]
        follows = rest[: len(rest) - len(rest.lstrip(b" \t\r\n"))]
        below = follows.count(b"\n") + (text.endswith(b"\n"))
        # Nothing follows that it could be the comment of, so a break more or less before the bracket says nothing.
        if rest[len(follows) : len(follows) + 1] in _CLOSES:
            below = max(below, 1)
        detached = below > 1 and alone and self.language in _DETACHABLE
        column = text.startswith(_COLUMN[0]) and self.data[node.start_byte - 1 : node.start_byte] in (
            b"",
            b"\n",
        )
        self.remarks.append((self.count, said(text), alone, below > 0, detached, column, around))
        # In CSS a comment is no blank: `a/**/b` is not the selector `a b`.
        if self.language != "css":
            self.gap.blank = True
        self.gap.newline = self.gap.newline or b"\n" in text

    def _markup(self, node: Any, text: bytes) -> None:
        """PHP prints what stands outside its tags, to the last blank."""
        if node.type == "php_tag" and self.outside >= 0:
            self.signs += [("outside", self.data[self.outside : node.start_byte]), ("tag", text.strip())]
            self.outside = -1
        elif node.type == "php_end_tag":
            self.signs.append(("tag", text))
            self.outside = node.end_byte
        self.last, self.gap = None, Gap()

    def _is_first(self, at: int) -> bool:
        line = self.data[max(self.data.rfind(b"\n", 0, at), self.data.rfind(b"\r", 0, at)) + 1 : at]
        return not line.strip()


def _walk(root: Any, language_id: str) -> Iterator[str | tuple[Any, Any, int]]:
    """The tree from left to right: marks for what opens and closes, and (token, its parent, its place there).

    What could not be parsed is one token with all it holds.
    """
    if root.has_error and not root.child_count:
        yield root, None, 0
        return
    # No recursion: hostile code nests deeper than Python's stack.
    pending: list[tuple[Any, Any, int] | str] = [(root, None, 0)]
    while pending:
        step = pending.pop()
        if isinstance(step, str):
            yield step
            continue
        node, parent, _ = step
        # A statement at the top level that does not parse is compared as it stands: what the grammar guesses of it
        # proves nothing.
        broken = node.has_error and parent is not None and parent.parent is None
        if not node.child_count or broken or _is_whole(node.type):
            yield step
            continue
        if node.is_named and not is_wrapper(node, language_id):
            yield f"({node.type}"
            pending.append(")")
        children = node.children
        pending.extend((children[i], node, i) for i in range(len(children) - 1, -1, -1))


def _is_whole(kind: str) -> bool:
    return (
        kind == "ERROR" or "comment" in kind or (_LITERAL.search(kind) is not None and kind not in _SEVERAL)
    )


def _jsx(text: bytes) -> bytes:
    """As JSX reads it: line breaks and the blanks around them are nothing, other blanks are text."""
    lines = text.split(b"\n")
    last = len(lines) - 1
    cut = [
        (line.lstrip() if row else line) if row == last else (line.strip() if row else line.rstrip())
        for row, line in enumerate(lines)
    ]
    return b" ".join(line for line in cut if line)
