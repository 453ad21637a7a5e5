"""Filling holes: `python -m bench.holes --model comet/codestral-latest`.

A hole is a line, or the rest of one, taken out of a real function of the standard library. The daemon is asked for
ghost text there, as an editor asks; what it offers is put in, and the module's own doctests are run on the result. The
pass rate is reported by model and kind of hole. Without `--model` the simulator answers: that proves the harness, not a
model. A real model is asked with your own configuration and key, and what it costs is in `halley usage`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from bench.completing import AUTOMATIC
from bench.daemon import HALLEY, Daemon, home
from bench.simulated import simulator

MODULES = ("bisect", "fractions", "heapq", "statistics", "textwrap", "difflib", "string", "random")
"""Of the standard library, in Python and with doctests."""
Kind = Literal["line", "rest"]
_CHECK = "import doctest, importlib.util as u, sys\n" + (
    "s = u.spec_from_file_location(sys.argv[2], sys.argv[1])\n"
    "m = u.module_from_spec(s); sys.modules[sys.argv[2]] = m; s.loader.exec_module(m)\n"
    "sys.exit(bool(doctest.testmod(m).failed))\n"
)


@dataclass(frozen=True, slots=True)
class Hole:
    """`source[start:end]` of a module was taken out."""

    module: str
    source: str
    start: int
    end: int
    kind: Kind

    @property
    def missing(self) -> str:
        return self.source[self.start : self.end]

    def filled(self, text: str) -> str:
        return self.source[: self.start] + text + self.source[self.end :]


def main() -> int:
    options = _arguments()
    outcomes: Counter[tuple[Kind, str]] = Counter()
    with ExitStack() as stack:
        daemon = stack.enter_context(_daemon(options.model))
        for number, hole in enumerate(find_holes(options.holes, options.seed, tuple(options.modules))):
            offered = ask(daemon, hole, number)
            outcome = "nothing" if not offered else "passed" if passes(hole, offered) else "failed"
            outcomes[hole.kind, outcome] += 1
            if options.verbose:
                print(f"{outcome:8} {hole.module}: {hole.missing!r} ← {offered!r}", flush=True)
    _print(options.model or "simulator/sim-fim", outcomes, options.json)
    if outcomes and all(outcome == "nothing" for _, outcome in outcomes):
        print("No ghost text came at all: `halley verify` says whether the model answers.", file=sys.stderr)
        return 1
    return 0


def find_holes(most: int, seed: int, modules: tuple[str, ...] = MODULES) -> Iterator[Hole]:
    """Holes that matter: with nothing put in them the module's doctests fail. The same for the same seed."""
    choice = random.Random(seed)
    candidates = [hole for module in modules for hole in _candidates(module)]
    choice.shuffle(candidates)
    found = 0
    for hole in candidates:
        if found == most:
            return
        if not passes(hole, "" if hole.kind == "rest" else "pass") and passes(hole, hole.missing):
            found += 1
            yield hole


def _candidates(module: str) -> Iterator[Hole]:
    """Statements inside functions; of each the whole line, or what follows its first `=`, `return` or `(`."""
    spec = find_spec(module)
    assert spec and spec.origin
    source = Path(spec.origin).read_text("utf-8")
    at, in_text = 0, False
    for line in source.splitlines(keepends=True):
        start, at = at, at + len(line)
        code = line.strip()
        in_text ^= code.count('"""') % 2 == 1
        if (
            in_text
            or '"""' in code
            or not line.startswith("    ")
            or len(code) < 12
            or code.startswith((">>>", "#", "@"))
        ):
            continue
        end, first = start + len(line.rstrip()), start + len(line) - len(line.lstrip())
        yield Hole(module, source, first, end, "line")
        for mark in (" = ", "return ", "("):
            if mark in code[:-4]:
                yield Hole(module, source, first + code.index(mark) + len(mark), end, "rest")
                break


def ask(daemon: Daemon, hole: Hole, number: int) -> str:
    """The ghost text an editor would show in the hole; empty where there is none."""
    uri = (daemon.home / "workspace" / f"hole_{number}" / f"{hole.module}.py").as_uri()
    item = {"uri": uri, "languageId": "python", "version": 1, "text": hole.filled("")}
    daemon.notify("textDocument/didOpen", {"textDocument": item})
    before = hole.source[: hole.start]
    position = {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}
    question = {"textDocument": {"uri": uri}, "position": position, "context": {"triggerKind": AUTOMATIC}}
    items = daemon.request("textDocument/inlineCompletion", question)["items"]
    daemon.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    return items[0]["insertText"] if items else ""


def passes(hole: Hole, text: str, timeout_s: float = 60.0) -> bool:
    """Whether the module still does what its doctests say. The model's text runs in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="halley-hole-") as folder:
        path = Path(folder) / f"{hole.module}_filled.py"
        path.write_text(hole.filled(text), "utf-8")
        command = [sys.executable, "-I", "-c", _CHECK, str(path), f"{hole.module}_filled"]
        try:
            done = subprocess.run(command, capture_output=True, timeout=timeout_s, cwd=folder, check=False)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


@contextmanager
def _daemon(model: str, reply: str | None = None) -> Iterator[Daemon]:
    """For a real model in your own home, which has its key; for the simulator in a new one."""
    with ExitStack() as stack:
        url = "" if model else stack.enter_context(simulator(reply, tokens_per_s=0))
        at = stack.enter_context(home(url or "http://127.0.0.1:9/v1"))
        daemon = stack.enter_context(Daemon(HALLEY, at, dict(os.environ) if model else None))
        daemon.initialize()
        daemon.open()
        if model:
            pick = {"role": "complete", "route": [model], "scope": "session"}
            daemon.request("halley/models/select", pick)
        yield daemon


def _print(model: str, outcomes: Counter[tuple[Kind, str]], as_json: bool) -> None:
    rows = []
    for kind in ("line", "rest"):
        counts = {outcome: outcomes[kind, outcome] for outcome in ("passed", "failed", "nothing")}
        if total := sum(counts.values()):
            rows.append({"model": model, "kind": kind, "holes": total, **counts})
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{'model':36}{'hole':8}{'holes':>7}{'passed':>8}{'failed':>8}{'nothing':>9}{'rate':>7}")
    for row in rows:
        rate = row["passed"] / row["holes"]
        print(
            f"{row['model']:36}{row['kind']:8}{row['holes']:>7}{row['passed']:>8}{row['failed']:>8}"
            f"{row['nothing']:>9}{rate:>7.0%}"
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.holes", description=(__doc__ or "").split("\n\n")[-1]
    )
    parser.add_argument("--model", default="", help="provider/name; the simulator without it")
    parser.add_argument("--holes", type=int, default=50, help="how many (default 50)")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    parser.add_argument("--modules", nargs="*", default=MODULES, help="of the standard library")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("-v", "--verbose", action="store_true", help="each hole and what was put in")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
