"""Why an edit is not offered: each gate a small pure function, in the order of their cost.

`why_not` gives the name of the first gate that refuses, empty where all let the edit pass. A model's reply is hostile:
what is refused here is never shown.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from halley.core.snapshot import Document
from halley.core.text import Edit, apply_edits, split_lines
from halley.engine.code import syntax
from halley.engine.guards.invisible import new_invisible_characters
from halley.engine.guards.secrecy import find_secrets
from halley.engine.typing.next_edit.journal import Change
from halley.engine.typing.next_edit.tokens import removed_and_added, tokens_of

MOST_LINES = 40
MOST_GONE = 6
"""Lines that an edit may take away without putting any in their place."""
KIN = 0.8
"""How alike two edits are from which on a rejection of one counts for the other."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """An edit that the user did not want: the lines it touched, as they were and as they would have been."""

    old: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposed:
    """An edit of a document, with what the gates hold it against."""

    document: Document
    edit: Edit
    changes: Sequence[Change] = ()
    """The journal's, of this document, newest last."""
    rejected: Sequence[Rejected] = ()
    guarded_row: int | None = None
    """A line that may not be touched: where the cursor is, while ghost text is shown there."""

    @property
    def rows(self) -> tuple[int, int]:
        """First and last line it touches."""
        text, edit = self.document.text, self.edit
        return text.count("\n", 0, edit.start), text.count("\n", 0, edit.end)

    @property
    def lines(self) -> tuple[list[str], list[str]]:
        """The whole lines it touches, before and after."""
        text, edit = self.document.text, self.edit
        start = text.rfind("\n", 0, edit.start) + 1
        end = text.find("\n", edit.end)
        end = len(text) if end < 0 else end
        old = text[start:end]
        new = text[start : edit.start] + edit.new_text + text[edit.end : end]
        return split_lines(old), split_lines(new)


def why_not(proposed: Proposed) -> str:
    """The gate that refuses the edit; empty for none."""
    return next((name for name, refuses in GATES.items() if refuses(proposed)), "")


def as_rejected(document: Document, edit: Edit) -> Rejected:
    old, new = Proposed(document, edit).lines
    return Rejected(tuple(old), tuple(new))


def _does_nothing(one: Proposed) -> bool:
    return one.document.text[one.edit.start : one.edit.end] == one.edit.new_text


def _is_too_much(one: Proposed) -> bool:
    came = one.edit.new_text.count("\n")
    gone = one.document.text.count("\n", one.edit.start, one.edit.end)
    return max(came, gone) > MOST_LINES or gone - came > MOST_GONE


def _is_under_ghost_text(one: Proposed) -> bool:
    first, last = one.rows
    return one.guarded_row is not None and first <= one.guarded_row <= last


def _hides_something(one: Proposed) -> bool:
    old = one.document.text[one.edit.start : one.edit.end]
    return bool(new_invisible_characters(one.edit.new_text, old)) or bool(find_secrets(one.edit.new_text))


_LEFT_OUT = re.compile(
    r"\s*(?:#|//|--|/\*|<!--|;)?\s*(?:\.\.\.|…|.{0,40}\b(?:rest of|existing code|remains? the same|unchanged)\b)",
    re.IGNORECASE,
)


def _leaves_something_out(one: Proposed) -> bool:
    """Whether lines go and a line that was not there says that they are still meant."""
    old, new = one.lines
    known = {line.strip() for line in old}
    said = any(_LEFT_OUT.match(line) and line.strip() not in known for line in new)
    return said and len([line for line in old if line.strip()]) > 1


def _was_rejected(one: Proposed) -> bool:
    old, new = one.lines
    return any(are_kin(Rejected(tuple(old), tuple(new)), other) for other in one.rejected)


def are_kin(one: Rejected, other: Rejected) -> bool:
    """The same edit, at its place or at another; or one of nearly the same lines to nearly the same others."""
    mine, others = _essence(one), _essence(other)
    if mine == others:
        return True
    return min(_likeness(a, b) for a, b in zip(mine, others, strict=True)) >= KIN


def _essence(one: Rejected) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(t for line in one.old for t in tokens_of(line)), tuple(
        t for line in one.new for t in tokens_of(line)
    )


def _likeness(one: Iterable[str], other: Iterable[str]) -> float:
    mine, others = Counter(one), Counter(other)
    most = max(sum(mine.values()), sum(others.values()))
    return sum((mine & others).values()) / most if most else 1.0


def _undoes(one: Proposed) -> bool:
    """Whether it takes back what the user just did: their words go, or what they took away comes again."""
    old, new = one.lines
    removed, added = removed_and_added(old, new)
    if not removed and not added:
        return _restores(one, old, new)
    first, last = one.rows
    for change in one.changes:
        gone, come = removed_and_added(change.old, change.new)
        is_there = change.row - 1 <= last and first <= max(change.end, change.row)
        if removed <= come and added <= gone and (is_there or (removed and added)):
            return True
    return _restores(one, old, new)


def _restores(one: Proposed, old: Sequence[str], new: Sequence[str]) -> bool:
    """Whether lines of a change become again what they were, letter by letter."""
    first, last = one.rows
    whole = split_lines(apply_edits(one.document.text, [one.edit]))
    for change in one.changes:
        if change.row <= last and first <= max(change.row, change.end - 1):
            came = len(new) - len(old)
            now = whole[change.row : max(change.row, change.end + came)]
            if tuple(now) == change.old:
                return True
    return False


def _parses_worse(one: Proposed) -> bool:
    text, language_id = one.document.text, one.document.language_id
    new = apply_edits(text, [one.edit])
    if language_id == "python" and _compiles(text):
        return not _compiles(new)
    if not syntax.has_grammar(language_id):
        return _unbalanced(new) > _unbalanced(text)
    return error_size(new, language_id) > error_size(text, language_id)


@lru_cache(maxsize=8)
def _compiles(text: str) -> bool:
    """Python itself reads less than its grammar for editors does; some of it only its compiler refuses, such as a
    starred expression that is a statement. Nothing is run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def error_size(text: str, language_id: str) -> tuple[int, int]:
    """(how many places do not parse, how many bytes they hold)."""
    tree = syntax.parse(text, language_id)
    if tree is None or not tree.root.has_error:
        return 0, 0
    count = size = 0
    pending = [tree.root]
    while pending:
        node = pending.pop()
        if node.is_missing or node.is_error:
            count, size = count + 1, size + node.end_byte - node.start_byte
        elif node.has_error:
            pending += node.children
    return count, size


def _unbalanced(text: str) -> int:
    """How many brackets have no partner, where there is no grammar."""
    counted = Counter(text)
    return sum(abs(counted[opening] - counted[closing]) for opening, closing in ("()", "[]", "{}"))


GATES: dict[str, Callable[[Proposed], bool]] = {
    "no-op": _does_nothing,
    "size": _is_too_much,
    "ghost-text": _is_under_ghost_text,
    "hidden": _hides_something,
    "elision": _leaves_something_out,
    "rejected": _was_rejected,
    "undo": _undoes,
    "parse": _parses_worse,
}
