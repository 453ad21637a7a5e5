"""Edits from texts: the smallest that turn one into another, so that cursors, marks and folds survive.

`build_edits` compares by lines, then trims each changed line to what changed in it. `group_edits` puts edits together
that a user would accept or refuse as one. Moving edits onto a changed text is `rebase.py`'s; `rebase_edits` and
`apply_edits` are re-exported here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from halley.core.text import Edit, apply_edits, split_lines
from halley.engine.edits.diffs import Block, common_prefix, common_suffix, diff_lines
from halley.engine.edits.rebase import Rebased, rebase_edits

__all__ = ["Rebased", "apply_edits", "build_edits", "group_edits", "rebase_edits"]

_ALIKE = 0.5
"""How much of the longer of two lines must be shared for one to be an edit of the other. With less, letters that happen
to be the same would cut the change into pieces that help no cursor and that no user can review."""


def build_edits(old: str, new: str) -> tuple[Edit, ...]:
    """Edits in order, none touching another, with `apply_edits(old, edits) == new`."""
    if old == new:
        return ()
    old_lines, new_lines = split_lines(old), split_lines(new)
    starts = list(accumulate(map(len, old_lines), initial=0))
    edits: list[Edit] = []
    for block in diff_lines(old_lines, new_lines):
        for i1, i2, j1, j2 in _refined(old_lines, new_lines, block):
            edit = _trimmed(starts[i1], "".join(old_lines[i1:i2]), "".join(new_lines[j1:j2]))
            edits.append(edit)
    return tuple(_joined(edits))


def refine_edits(old: str, edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """The same change as `edits` of `old`, each in the smallest edits: `build_edits` where they are."""
    small = [
        Edit(edit.start + one.start, edit.start + one.end, one.new_text)
        for edit in sorted(edits, key=lambda edit: (edit.start, edit.end))
        for one in build_edits(old[edit.start : edit.end], edit.new_text)
    ]
    return tuple(_joined(small))


def group_edits(text: str, edits: Iterable[Edit]) -> tuple[tuple[Edit, ...], ...]:
    """Edits that lie in the same or in neighbouring lines, together: the hunks a user sees."""
    groups: list[list[Edit]] = []
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        last = groups[-1][-1] if groups else None
        if last is not None and _lines_between(text, last.end, edit.start) <= 1:
            groups[-1].append(edit)
        else:
            groups.append([edit])
    return tuple(map(tuple, groups))


def _refined(old: Sequence[str], new: Sequence[str], block: Block) -> Iterator[Block]:
    """A changed block in smaller ones: lines that differ in white space only, then lines that are alike."""
    i1, i2, j1, j2 = block
    if i1 == i2 or j1 == j2:
        yield block
        return
    # White space first: a block that a model only indented has to stay line by line, or cursors, marks and folds in it
    # are lost.
    i, j = i1, j1
    bare_old, bare_new = [line.strip() for line in old[i1:i2]], [line.strip() for line in new[j1:j2]]
    for a, b, c, d in [*diff_lines(bare_old, bare_new), (i2 - i1, i2 - i1, j2 - j1, j2 - j1)]:
        yield from _pairs(i, j, i1 + a - i)
        yield from _alike(old, new, (i1 + a, i1 + b, j1 + c, j1 + d))
        i, j = i1 + b, j1 + d


def _pairs(i: int, j: int, count: int) -> Iterator[Block]:
    return ((i + n, i + n + 1, j + n, j + n + 1) for n in range(count))


def _alike(old: Sequence[str], new: Sequence[str], block: Block) -> Iterator[Block]:
    """Line by line where as many came as went and each is alike; otherwise as one."""
    i1, i2, j1, j2 = block
    if i2 - i1 == j2 - j1 and all(
        _share(a, b) >= _ALIKE for a, b in zip(old[i1:i2], new[j1:j2], strict=True)
    ):
        yield from _pairs(i1, j1, i2 - i1)
    elif i1 < i2 or j1 < j2:
        yield block


def _share(old: str, new: str) -> float:
    head = common_prefix(old, new)
    tail = common_suffix(old[head:], new[head:])
    return (head + tail) / max(len(old), len(new))


def _trimmed(start: int, old: str, new: str) -> Edit:
    """The edit that turns `old`, at `start`, into `new`, less the ends they share. It never cuts `\\r\\n` in two."""
    head = common_prefix(old, new)
    if head and old[head - 1] == "\r" and (old[head : head + 1] == "\n" or new[head : head + 1] == "\n"):
        head -= 1  # half a line end is a line end of its own to an editor
    tail = common_suffix(old[head:], new[head:])
    if tail and old[-tail] == "\n" and "\r" in (old[-tail - 1 : -tail], new[-tail - 1 : -tail]):
        tail -= 1
    return Edit(start + head, start + len(old) - tail, new[head : len(new) - tail])


def _joined(edits: Iterable[Edit]) -> Iterator[Edit]:
    """Edits that touch become one; edits that do nothing go."""
    waiting: Edit | None = None
    for edit in edits:
        if edit.start == edit.end and not edit.new_text:
            continue
        if waiting is None:
            waiting = edit
        elif waiting.end == edit.start:
            waiting = Edit(waiting.start, edit.end, waiting.new_text + edit.new_text)
        else:
            yield waiting
            waiting = edit
    if waiting is not None:
        yield waiting


def _lines_between(text: str, start: int, end: int) -> int:
    return text.count("\n", start, end) or text.count("\r", start, end)
