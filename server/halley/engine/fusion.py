"""Reciprocal rank fusion: several rankings of the same things, merged by place alone.

Scores of words and of meaning cannot be compared; places can. A thing's score is the sum of weight / (k + place) over
the rankings it is in (Cormack, Clarke, Büttcher: Reciprocal Rank Fusion, SIGIR 2009).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

K = 10
"""How little the first places count more than those after them. The paper's 60 is for many rankings; with two,
`bench/retrieval.py` found 5 to 20 better."""

T = TypeVar("T", bound=Hashable)


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
