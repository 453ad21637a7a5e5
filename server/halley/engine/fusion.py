"""Reciprocal rank fusion: several rankings of the same things, merged by place alone, and results that differ.

Scores of words and of meaning cannot be compared; places can. A thing's score is the sum of weight / (k + place) over
the rankings it is in (Cormack, Clarke, Büttcher: Reciprocal Rank Fusion, SIGIR 2009).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

K = 10
"""How little the first places count more than those after them. The paper's 60 is for many rankings; with two,
`bench/retrieval.py` found 5 to 20 better."""

T = TypeVar("T", bound=Hashable)
V = TypeVar("V")


def merge_ranks(
    rankings: Mapping[str, Sequence[T]], weights: Mapping[str, float], k: float = K
) -> list[tuple[T, float, tuple[str, ...]]]:
    """(thing, score, the rankings it is in), best first. A thing that a ranking names twice has its better place."""
    scores: dict[T, float] = {}
    found_in: dict[T, list[str]] = {}
    for name, ranking in rankings.items():
        for place, thing in enumerate(dict.fromkeys(ranking), 1):
            scores[thing] = scores.get(thing, 0.0) + weights.get(name, 1.0) / (k + place)
            found_in.setdefault(thing, []).append(name)
    ordered = sorted(scores, key=lambda thing: -scores[thing])
    return [(thing, scores[thing], tuple(found_in[thing])) for thing in ordered]


MOST_OF_ONE = 3
"""Members of one class among the results before others have their turn."""


def spread(things: Iterable[V], name_of: Callable[[V], tuple[str, str]], most: int = MOST_OF_ONE) -> list[V]:
    """The things in their order, each definition once, and from the same class `most` before all others.

    `name_of` is (file, qualified name); an empty name is nothing that could be found twice.
    """
    seen: set[tuple[str, str]] = set()
    counts: dict[tuple[str, str], int] = {}
    first: list[V] = []
    later: list[V] = []
    for thing in things:
        path, name = name_of(thing)
        if name and (path, name) in seen:
            continue
        seen.add((path, name))
        outer, dot, _ = name.rpartition(".")
        counts[path, outer] = counts.get((path, outer), 0) + 1
        (later if dot and counts[path, outer] > most else first).append(thing)
    return first + later
