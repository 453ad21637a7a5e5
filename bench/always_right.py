"""An always-right model: `python -m bench.always_right --edits 10000 --holes 5000`.

A true change of a real file is written in a form that models use, and Halley reads it. What it makes of the reply is
compared with the truth:

    right     exactly the file that was meant
    asked     something is proposed and the user is asked first, whatever it is
    refused   nothing is changed and the reply is saved
    wrong     "applied", and the file is not what was meant

Holes are the same for ghost text: the rest of a line is asked for, with the pairs that editors close after the
cursor. What is shown is `right`, a `part` of it (it ends where text follows the cursor), `nothing`, `different` (it
ends too early), or `wrong` (it has what was not meant).

The table is by form and by language. `--show N` prints the first N wrong ones. The same seed on the same machine gives
the same tries.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bench.rightness.changes import TrueChange, make_change
from bench.rightness.corpus import LANGUAGES, Source, sources
from bench.rightness.forms import FORMS
from bench.rightness.holes import Offer, offers
from halley.core.snapshot import Selection
from halley.core.text import DocumentEdit, apply_edits, split_lines
from halley.engine.code.layout import content, ending
from halley.engine.replies.read import ReadReply, Target, read_reply

OUTCOMES = ("right", "asked", "refused", "wrong")
SHOWN = ("right", "part", "nothing", "different", "wrong")
_URI = "file:///project/"


class Try(NamedTuple):
    change: TrueChange
    form: str
    reply: str
    outcome: str
    result: str
    read: ReadReply


def main() -> int:
    options = _arguments()
    languages = options.languages or list(LANGUAGES)
    found = sources(languages, options.files, options.seed)
    table: Counter[tuple[str, str]] = Counter()
    shown = 0
    for one in tries(found, options.edits, options.seed, options.forms or list(FORMS)):
        table[f"form: {one.form}", one.outcome] += 1
        table[f"language: {one.change.source.language_id}", one.outcome] += 1
        table["all", one.outcome] += 1
        if one.outcome in options.outcomes and shown < options.show:
            shown += 1
            _show(one)
    holes = _fill_holes(found, options)
    if options.json:
        print(json.dumps({"edits": _rows(table, OUTCOMES), "holes": _rows(holes, SHOWN)}, indent=1))
    else:
        _print(table, OUTCOMES)
        _print(holes, SHOWN)
    return 1 if table["all", "wrong"] or holes["all", "wrong"] else 0


def _fill_holes(found: Sequence[Source], options: argparse.Namespace) -> Counter[tuple[str, str]]:
    table: Counter[tuple[str, str]] = Counter()
    shown = 0
    for one in offers(found, options.holes, options.seed):
        for name in (f"way: {one.hole.way}", f"language: {one.hole.source.language_id}", "all"):
            table[name, one.outcome] += 1
        if one.outcome in ("different", "wrong") and shown < options.show:
            shown += 1
            _show_offer(one)
    return table


def _show_offer(one: Offer) -> None:
    place = one.hole.place
    print(f"=== {one.hole.way}, {one.hole.source.path}: {place.line_before[-60:]!r} | {one.hole.closed!r}")
    print(f"said {one.hole.reply[:120]!r}\nmade {one.line[-120:]!r}", flush=True)


def tries(found: Sequence[Source], count: int, seed: int, forms: Sequence[str]) -> Iterator[Try]:
    """`count` tries, forms and files in turns."""
    choice = random.Random(seed)
    made = missed = 0
    while made < count and missed < 200 * (count + 1):
        source, form = choice.choice(found), forms[made % len(forms)]
        change = make_change(source, choice)
        reply = FORMS[form](change, choice) if change else None
        if change is None or reply is None:
            missed += 1
            continue
        made += 1
        yield judge(change, form, reply)


def judge(change: TrueChange, form: str, reply: str) -> Try:
    """What Halley makes of one reply."""
    uri = _URI + change.source.path
    target = Target(
        uri,
        change.old,
        Selection(change.start, change.end),
        version=1,
        language_id=change.source.language_id,
        path=change.source.path,
        root_uri=_URI.rstrip("/"),
    )
    read = read_reply(reply, target)
    others = [part for part in read.changes if not isinstance(part, DocumentEdit) or part.uri != uri]
    result = apply_edits(change.old, read.edits)
    if others:
        outcome = "asked" if read.confirm else "wrong"
    elif _same(result, change) and not read.problems:
        outcome = "right"
    elif read.confirm:
        outcome = "asked"
    elif result == change.old:
        outcome = "refused" if read.problems else "wrong"
    else:
        outcome = "wrong"
    return Try(change, form, reply, outcome, result, read)


def _same(result: str, change: TrueChange) -> bool:
    """In a file whose line ends are mixed, nothing says which of them a changed line gets; all others keep theirs."""
    if result == change.new:
        return True
    ends = {ending(line) for line in split_lines(change.old)} - {""}
    made, meant = split_lines(result), split_lines(change.new)
    if len(ends) < 2 or [content(line) for line in made] != [content(line) for line in meant]:
        return False
    known = Counter(content(line) for line in split_lines(change.old))
    return all(a == b or not known[content(a)] for a, b in zip(made, meant, strict=True))


def _show(one: Try) -> None:
    from difflib import unified_diff

    print(f"=== {one.outcome}: {one.form}, {one.change.source.path} ({one.change.kind})")
    print(*(problem.message for problem in one.read.problems), sep="\n")
    truth = unified_diff(one.change.old.splitlines(True), one.change.new.splitlines(True), "old", "meant")
    made = unified_diff(one.change.new.splitlines(True), one.result.splitlines(True), "meant", "made")
    print("".join(f"{line!r}\n" for line in [*truth][:40]))
    print("".join(f"{line!r}\n" for line in [*made][:40]))
    print("--- the reply\n" + one.reply[:1500] + "\n", flush=True)


def _rows(table: Counter[tuple[str, str]], outcomes: Sequence[str]) -> dict[str, dict[str, int]]:
    names = sorted({name for name, _ in table}, key=lambda name: (name == "all", name))
    return {name: {what: table[name, what] for what in outcomes} for name in names}


def _print(table: Counter[tuple[str, str]], outcomes: Sequence[str]) -> None:
    if not table:
        return
    print(f"{'':40}" + "".join(f"{what:>10}" for what in outcomes))
    for name, row in _rows(table, outcomes).items():
        print(f"{name:40}" + "".join(f"{count:10}" for count in row.values()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.always_right", description=__doc__.splitlines()[0])
    parser.add_argument("--edits", type=int, default=2000, help="how many changes are tried")
    parser.add_argument("--holes", type=int, default=0, help="how many holes under a cursor are tried")
    parser.add_argument("--files", type=int, default=60, help="files of each language, at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--languages", nargs="*", choices=list(LANGUAGES))
    parser.add_argument("--forms", nargs="*", choices=list(FORMS))
    parser.add_argument("--show", type=int, default=0, help="print so many tries that ended as --outcomes")
    parser.add_argument("--outcomes", nargs="*", default=["wrong"], choices=OUTCOMES)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
