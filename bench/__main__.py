"""`python -m bench [NAME…] [--rounds N] [--json] [--strict]`: runs benchmarks and prints one table.

Each round measures both sides one after the other, in turns which goes first; what is compared are medians.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from bench.table import BENCHMARKS, Benchmark


@dataclass(frozen=True, slots=True)
class Outcome:
    benchmark: Benchmark
    ours: float
    theirs: float
    rounds: int

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs

    @property
    def verdict(self) -> str:
        benchmark = self.benchmark
        held = [
            (self.ratio, benchmark.target),
            (self.ours, benchmark.most_ms),
            (self.ours - self.theirs, benchmark.most_over_ms),
        ]
        verdicts = ["ok" if figure <= most else "OVER" for figure, most in held if most is not None]
        return max(verdicts, key=len, default="")


def main() -> int:
    options = _arguments()
    chosen = [b for b in BENCHMARKS if not options.names or b.name in options.names]
    outcomes: list[Outcome] = []
    failed = False
    if not options.json:
        print(
            f"Python {platform.python_version()}, {platform.system()} {platform.machine()}; medians or p95\n\n{_HEAD}"
        )
    for benchmark in chosen:
        try:
            outcomes.append(run(benchmark, options.rounds or benchmark.rounds))
        except Exception as error:  # one that fails says so, and the others run
            failed = True
            print(f"{benchmark.title:32}failed: {type(error).__name__}: {error}", file=sys.stderr)
            continue
        if not options.json:
            print(_row(outcomes[-1]), flush=True)
    if options.json:
        print(json.dumps([_to_json(outcome) for outcome in outcomes], indent=2))
    missed = options.strict and any(outcome.verdict == "OVER" for outcome in outcomes)
    return int(failed or missed)


def run(benchmark: Benchmark, rounds: int) -> Outcome:
    """Of `rounds` rounds, the first dropped: both sides' medians, or what 95 of 100 stay below."""
    pairs = list(benchmark.pairs(rounds + 1))[1:]
    figure = statistics.median if benchmark.figure == "median" else _p95
    ours, theirs = (figure(side) for side in zip(*pairs, strict=True))
    return Outcome(benchmark, ours, theirs, len(pairs))


def _p95(figures: Sequence[float]) -> float:
    return sorted(figures)[int(0.95 * (len(figures) - 1))]


_HEAD = f"{'benchmark':32}{'Halley':>12}{'against':>22}{'ratio':>9}{'target':>9}"


def _row(outcome: Outcome) -> str:
    benchmark = outcome.benchmark
    ours, theirs = (
        f"{value:.{2 if value < 10 else 1}f} {benchmark.unit}" for value in (outcome.ours, outcome.theirs)
    )
    target = _target(benchmark)
    against = f"{benchmark.against} {theirs}"
    return f"{benchmark.title:32}{ours:>12}{against:>22}{outcome.ratio:>8.2f}×{target:>9}  {outcome.verdict}"


def _target(benchmark: Benchmark) -> str:
    if benchmark.target is not None:
        return f"≤ {benchmark.target:.2f}×"
    if benchmark.most_over_ms is not None:
        return f"+{benchmark.most_over_ms:g} ms"
    return "–" if benchmark.most_ms is None else f"≤ {benchmark.most_ms:g} ms"


def _to_json(outcome: Outcome) -> dict[str, object]:
    return {
        "name": outcome.benchmark.name,
        "against": outcome.benchmark.against,
        "unit": outcome.benchmark.unit,
        "ours": outcome.ours,
        "theirs": outcome.theirs,
        "ratio": outcome.ratio,
        "target": outcome.benchmark.target,
        "mostMs": outcome.benchmark.most_ms,
        "mostOverMs": outcome.benchmark.most_over_ms,
        "figure": outcome.benchmark.figure,
        "rounds": outcome.rounds,
    }


def _arguments() -> argparse.Namespace:
    names = [benchmark.name for benchmark in BENCHMARKS]
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.split("\n\n")[-1])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    parser.add_argument("--rounds", type=int, help="instead of each benchmark's own number")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--strict", action="store_true", help="exit code 1 when a target is missed")
    options = parser.parse_args()
    if unknown := sorted(set(options.names) - set(names)):
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(names)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
