"""Holes under the cursor in real files, and what an always-right model says there.

The rest of a line is taken away as if it were being typed: what an editor closed by itself follows the cursor. The
model says the true rest, in one of the ways models do; what the editor then shows is compared with the truth.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bench.rightness.corpus import Source
from halley.engine.typing.completions import open_marks, read_completion
from halley.engine.typing.place import Place
from halley.engine.typing.scope import cut_at, is_completable, scope_of

_CLOSER = {"(": ")", "[": "]", "{": "}"}


class Hole(NamedTuple):
    """`truth` is what the line is from its beginning; `closed` is what the editor put after the cursor."""

    source: Source
    way: str
    place: Place
    closed: str
    reply: str
    truth: str


class Offer(NamedTuple):
    hole: Hole
    outcome: str
    line: str


def offers(found: Sequence[Source], count: int, seed: int) -> Iterator[Offer]:
    """`count` holes in files in turns, and what is shown in each."""
    choice = random.Random(seed)
    made = missed = 0
    while made < count and missed < 500 * (count + 1):
        hole = make_hole(choice.choice(found), choice)
        if hole is None:
            missed += 1
            continue
        made += 1
        yield judge(hole)


def make_hole(source: Source, choice: random.Random) -> Hole | None:
    """A hole at a random place of a random line; None where an editor would not ask there."""
    lines = source.text.replace("\r\n", "\n").removeprefix("\ufeff").split("\n")
    row = choice.randrange(len(lines))
    line = lines[row]
    if len(line.strip()) < 8 or len(line) > 160:
        return None
    first = len(line) - len(line.lstrip())
    at = choice.randrange(first + 1, len(line.rstrip()))
    before, rest = line[:at], line[at:].rstrip()
    closed = _closed_by_editor(before)
    prefix = "\n".join([*lines[:row], before])
    suffix = "\n".join([closed, *lines[row + 1 :]])
    place = Place(prefix, suffix, source.language_id)
    way = choice.choice(["rest", "rest, and on", "rest less what is closed", "line again"])
    reply = rest
    if way == "rest, and on":
        reply = rest + "\n" + "\n".join(lines[row + 1 : row + 4])
    elif way == "rest less what is closed":
        if not closed or not rest.endswith(closed):
            return None
        reply = rest[: -len(closed)]
    elif way == "line again":
        reply = line.rstrip()
    return (
        Hole(source, way, place, closed, reply, line.rstrip())
        if is_completable(place) and reply.strip()
        else None
    )


def judge(hole: Hole) -> Offer:
    """What is shown: right, part of it, nothing, less than was meant, or anything that was not meant."""
    text = read_completion(_streamed(hole), hole.place)
    first = text.partition("\n")[0]
    line = (hole.place.line_before + first + hole.closed).rstrip()
    if not text.strip():
        return Offer(hole, "nothing", line)
    if line == hole.truth:
        return Offer(hole, "right", line)
    shown = hole.place.line_before + first
    if not hole.truth.startswith(shown.rstrip()):
        return Offer(hole, "wrong", line)
    return Offer(hole, "part" if hole.closed else "different", line)


def _streamed(hole: Hole) -> str:
    scope = scope_of(hole.place)
    for end in range(1, len(hole.reply) + 1):
        if (cut := cut_at(hole.reply[:end], hole.place, scope)) is not None:
            return hole.reply[:cut]
    return hole.reply


def _closed_by_editor(before: str) -> str:
    """What an editor closes: the brackets and the string that the line leaves open, innermost first."""
    stack, quote = open_marks(before)
    return (quote if quote != "`" else "") + "".join(_CLOSER[mark] for mark in reversed(stack))
