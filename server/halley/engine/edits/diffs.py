"""Where two sequences of lines differ.

`diff_lines` is the way in: common ends are cut off, lines that occur once in both sides hold the rest in place
(patience diff), and what lies between them is compared by `difflib` where that is cheap. Never slower than a few
milliseconds on files of 10,000 lines; where comparing would cost too much a stretch counts as replaced, which is
always right, only less fine.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from difflib import SequenceMatcher

Block = tuple[int, int, int, int]
"""`old[i1:i2]` became `new[j1:j2]`."""

_AFFORDABLE = 60_000
"""Product of lengths up to which `difflib`, which is quadratic, compares two stretches."""


def diff_lines(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Block]:
    """The blocks that differ, in order; neighbours are joined, and what is between them is equal."""
    blocks: list[Block] = []
    # No recursion: stretches can nest deeper than Python's stack in a file of many small changes.
    stack: list[Block] = [(0, len(old), 0, len(new))]
    while stack:
        block = _trimmed(old, new, stack.pop())
        if block[0] == block[1] or block[2] == block[3]:
            if block[0] != block[1] or block[2] != block[3]:
                blocks.append(block)
        elif pairs := _unique_pairs(old, new, block):
            stack += reversed(list(_gaps(block, pairs)))
        else:
            blocks += _compared(old, new, block)
    return _joined(blocks)


def common_prefix(old: Sequence[Hashable], new: Sequence[Hashable]) -> int:
    """How many items, or characters, at the beginning are equal; by halving, since slices compare fast."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def common_suffix(old: Sequence[Hashable], new: Sequence[Hashable]) -> int:
    """How many items, or characters, at the end are equal."""
    low, high = 0, min(len(old), len(new))
    i, j = len(old), len(new)
    while low < high:
        middle = (low + high + 1) // 2
        if old[i - middle : i - low] == new[j - middle : j - low]:
            low = middle
        else:
            high = middle - 1
    return low


def increasing(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs, given by their first, whose second increases too (patience sorting)."""
    tops: list[int] = []
    piles: list[int] = []
    back: list[int] = []
    for index, (_, second) in enumerate(pairs):
        at = bisect_left(tops, second)
        tops[at : at + 1] = [second]
        piles[at : at + 1] = [index]
        back.append(piles[at - 1] if at else -1)
    chain: list[tuple[int, int]] = []
    at = piles[-1] if piles else -1
    while at >= 0:
        chain.append(pairs[at])
        at = back[at]
    return chain[::-1]


def _trimmed(old: Sequence[Hashable], new: Sequence[Hashable], block: Block) -> Block:
    i1, i2, j1, j2 = block
    while i1 < i2 and j1 < j2 and old[i1] == new[j1]:
        i1, j1 = i1 + 1, j1 + 1
    while i1 < i2 and j1 < j2 and old[i2 - 1] == new[j2 - 1]:
        i2, j2 = i2 - 1, j2 - 1
    return i1, i2, j1, j2


def _unique_pairs(old: Sequence[Hashable], new: Sequence[Hashable], block: Block) -> list[tuple[int, int]]:
    i1, i2, j1, j2 = block
    count_old, count_new = Counter(old[i1:i2]), Counter(new[j1:j2])
    place = {line: j for j, line in enumerate(new[j1:j2], j1) if count_new[line] == 1}
    pairs = [
        (i, place[line]) for i, line in enumerate(old[i1:i2], i1) if count_old[line] == 1 and line in place
    ]
    return increasing(pairs)


def _gaps(block: Block, pairs: Sequence[tuple[int, int]]) -> Iterator[Block]:
    """The stretches between equal lines."""
    i, i2, j, j2 = block
    for at, to in pairs:
        yield i, at, j, to
        i, j = at + 1, to + 1
    yield i, i2, j, j2


def _compared(old: Sequence[Hashable], new: Sequence[Hashable], block: Block) -> list[Block]:
    i1, i2, j1, j2 = block
    if (i2 - i1) * (j2 - j1) > _AFFORDABLE:
        return [block]
    # `autojunk` would ignore lines that are frequent in a long stretch, and report equal ones as changed.
    codes = SequenceMatcher(None, old[i1:i2], new[j1:j2], autojunk=False).get_opcodes()
    return [(i1 + a, i1 + b, j1 + c, j1 + d) for tag, a, b, c, d in codes if tag != "equal"]


def _joined(blocks: list[Block]) -> list[Block]:
    joined: list[Block] = []
    for i1, i2, j1, j2 in blocks:
        if joined and joined[-1][1] == i1 and joined[-1][3] == j1:
            i1, _, j1, _ = joined.pop()
        joined.append((i1, i2, j1, j2))
    return joined
