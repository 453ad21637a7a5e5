"""Next edits replayed over real code: Python's own library, with renames and new parameters left to be finished.

    python -m bench.next_edit [--most 40]

Each case types a change of one definition key by key, then accepts what is right and rejects what is not, until
nothing is offered in a pause nor when asked for. What answers is `next_edit_rules.py`, in this process: the figures are
those of Halley (when it asks, places, regions, reading, gates), not of a model. An edit is

    right      the text is nearer to what it should become
    useless    it changes something else
    harmful    the file no longer compiles
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import re
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from bench.next_edit_rules import next_edit as answer
from halley.core.calls import NextEditPrompt
from halley.core.settings import Settings
from halley.core.snapshot import Document, Selection, Snapshot
from halley.core.text import split_lines
from halley.engine.typing.next_edit.region import Region
from halley.engine.typing.next_edit.reply import read_reply
from halley.features.ask import Line
from halley.features.next_edit.call import NextEditCall
from halley.features.next_edit.memory import Burst, Memory, NextEditOffer
from halley.features.next_edit.suggester import NextEdits, Trigger

MODULES = (
    "argparse", "calendar", "cmd", "configparser", "copy", "csv", "fnmatch", "glob", "gzip", "heapq", "netrc",
    "optparse", "pprint", "random", "shlex", "shutil", "statistics", "tabnanny", "textwrap", "timeit", "tokenize",
    "trace", "uuid",
)  # fmt: skip
MOST_STEPS = 16


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    before: str
    begun: str
    wanted: str


@dataclass(slots=True)
class Figures:
    cases: int = 0
    finished: int = 0
    calls: int = 0
    offered: int = 0
    right: int = 0
    useless: int = 0
    harmful: int = 0


def cases(most: int) -> Iterator[Case]:
    """One rename of a function in each module, where it is used again; then one new parameter in each."""
    library = Path(sysconfig.get_paths()["stdlib"])
    found = (
        next(filter(None, (begin(path.stem, text, node) for node in _functions(text))), None)
        for begin in (_renamed, _widened)
        for path in (library / f"{module}.py" for module in MODULES)
        if path.is_file() and (text := path.read_text("utf-8"))
    )
    yield from islice(filter(None, found), most)


def _functions(text: str) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef))


def _widened(module: str, text: str, node: ast.FunctionDef) -> Case | None:
    """A parameter more, for a function that is only called, and by position; each call lacks a value for it."""
    names = [one for one in ast.walk(ast.parse(text)) if isinstance(one, ast.Name) and one.id == node.name]
    calls = [
        one
        for one in ast.walk(ast.parse(text))
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == node.name
    ]
    plain = ast.arguments([], node.args.args, None, [], [], None, [])
    count = len(node.args.args)
    # A generator alone in the brackets cannot have another argument beside it.
    bare = any(isinstance(call.args[0], ast.GeneratorExp) for call in calls if call.args)
    fits = not bare and all(len(call.args) == count and not call.keywords for call in calls)
    if (
        ast.dump(node.args) != ast.dump(plain)
        or not count
        or not fits
        or not 1 <= len(calls) == len(names) <= 8
    ):
        return None
    begun = _with_more(text, [node.args.args[-1]], ", depth: int")
    lines = _with_more(text, [call.args[-1] for call in calls], ", 0").split("\n")
    row = node.args.args[-1].lineno - 1
    wanted = "\n".join([*lines[:row], begun.split("\n")[row], *lines[row + 1 :]])
    return Case(f"{module}.{node.name} and a parameter", text, begun, wanted)


def _with_more(text: str, after: Sequence[ast.expr | ast.arg], more: str) -> str:
    lines = [line.encode() for line in text.split("\n")]
    ends = ((one.end_lineno or 1, one.end_col_offset or 0) for one in after)
    for row, column in sorted(ends, reverse=True):
        line = lines[row - 1]
        lines[row - 1] = line[:column] + more.encode() + line[column:]
    return b"\n".join(lines).decode()


def _renamed(module: str, text: str, node: ast.FunctionDef) -> Case | None:
    old, new = node.name, f"{node.name}_renamed"
    uses = [
        m.start()
        for m in re.finditer(rf"(?<![\w.$]){re.escape(old)}(?!\w)", text)
        if _is_name(text, m.start())
    ]
    if not 2 <= len(uses) <= 8 or new in text or f".{old}" in text:
        return None
    definition = text.index(f"def {old}(") + len("def ")
    begun = text[:definition] + new + text[definition + len(old) :]
    wanted = text
    for at in reversed(uses):
        wanted = wanted[:at] + new + wanted[at + len(old) :]
    return Case(f"{module}.{old}", text, begun, wanted)


def _is_name(text: str, at: int) -> bool:
    """Whether Python reads a name there: no string, no comment, no keyword argument."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return (
        "#" not in line
        and line.count('"') % 2 == 0
        and line.count("'") % 2 == 0
        and _is_read_as_name(text, at)
    )


def _is_read_as_name(text: str, at: int) -> bool:
    row, start = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at) - 1
    names = {
        (node.lineno, node.col_offset + (4 if isinstance(node, ast.FunctionDef) else 0))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Name | ast.FunctionDef)
    }
    return (row, start) in names


def replay(case: Case, figures: Figures) -> None:
    """Types what the case begins with, key by key, then takes what is right and rejects what is not."""
    asyncio.run(_replay(case, figures))


async def _replay(case: Case, figures: Figures) -> None:
    user = Typist(case.before, figures)
    for text, at in keys(case.before, case.begun):
        await user.type(text, at)
    for _ in range(MOST_STEPS):
        offer = await user.offered()
        if offer is None:
            break
        after = offer.applied
        figures.offered += 1
        figures.harmful += not _compiles(after)
        nearer = _distance(after, case.wanted) < _distance(user.text, case.wanted)
        figures.right += nearer
        figures.useless += not nearer
        user.edits.settle(offer.id, "accepted" if nearer else "rejected")
        if nearer:
            await user.type(after, offer.edit.start + len(offer.edit.new_text))
    user.edits.close()
    figures.cases += 1
    figures.finished += user.text == case.wanted


def keys(before: str, after: str) -> Iterator[tuple[str, int]]:
    """The text and the cursor after each key that turns one text into the other: what goes is deleted, then each
    character typed."""
    start = _alike(before, after)
    end = min(_alike(before[::-1], after[::-1]), len(before) - start, len(after) - start)
    tail, new = before[len(before) - end :], after[start : len(after) - end]
    if end + start < len(before):
        yield before[:start] + tail, start
    for count in range(1, len(new) + 1):
        yield before[:start] + new[:count] + tail, start + count


def _alike(one: str, other: str) -> int:
    """How many characters are the same from the start."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


class Typist:
    """A user of one file: each key is a question, as the clients ask it. No clock runs: a pause lasts until the next
    key, and `offered` is the end of it."""

    def __init__(self, text: str, figures: Figures) -> None:
        self.text, self.at, self.version = text, 0, 1
        self.figures = figures
        self.paused = asyncio.Event()
        self.edits = NextEdits(
            Memory(lambda _model, _language, _outcome: None), self._now, start=self._answer, wait=self._wait
        )
        self.asking: asyncio.Task[NextEditOffer | None] | None = None

    async def type(self, text: str, at: int) -> None:
        burst = Burst(URI, split_lines(self.text), split_lines(text))
        self.text, self.at, self.version = text, at, self.version + 1
        self.edits.note([burst], self._snapshot(), None)
        older, self.asking = self.asking, asyncio.create_task(self._ask("idle"))
        if older is not None and await older is not None:
            raise RuntimeError("A key did not end the question before it.")

    async def offered(self) -> NextEditOffer | None:
        """What is offered in a pause, else what there is when the user asks for it."""
        self.paused.set()
        idle = self.asking or asyncio.create_task(self._ask("idle"))
        self.asking = None
        found = await idle or await self._ask("invoked")
        self.paused.clear()
        return found

    async def _ask(self, trigger: Trigger) -> NextEditOffer | None:
        return await self.edits.suggest(cast("Line", LINE), self._snapshot(), trigger=trigger)

    async def _wait(self, newer: asyncio.Future[None], _seconds: float) -> bool:
        pausing = asyncio.ensure_future(self.paused.wait())
        await asyncio.wait([newer, pausing], return_when=asyncio.FIRST_COMPLETED)
        pausing.cancel()
        return not newer.done()

    def _answer(
        self, _line: Line, prompt: NextEditPrompt, region: Region, burst: int, *, automatic: bool
    ) -> NextEditCall:
        """The rules' answer, there without a wait."""
        self.figures.calls += 1
        system, user = prompt.fallback.messages
        reply = answer(SimpleNamespace(system=system.text, last=user.text))  # type: ignore[arg-type]
        call = NextEditCall(region, burst, "rules/next", read_reply(reply, region.text))
        call.task = asyncio.create_task(asyncio.sleep(0))
        return call

    def _now(self, uri: str) -> Document | None:
        return Document(URI, self.text, "python", self.version) if uri == URI else None

    def _snapshot(self) -> Snapshot:
        document = Document(URI, self.text, "python", self.version)
        return Snapshot(document, Selection(self.at, self.at), settings=SETTINGS)


async def _route(_role: str) -> None:
    """There is a model."""


URI = "untitled:case.py"
SETTINGS = Settings.model_validate({"roles": {"next": ["rules/next"]}})
LINE = SimpleNamespace(route_of=_route, settings=SETTINGS)


def _distance(text: str, wanted: str) -> int:
    """Lines that differ; renames add and take away none."""
    return sum(a != b for a, b in zip(text.split("\n"), wanted.split("\n"), strict=False))


def _compiles(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--most", type=int, default=40, help="the most cases")
    figures = Figures()
    for case in cases(parser.parse_args().most):
        replay(case, figures)
    print(
        f"{figures.finished} of {figures.cases} finished; {figures.calls} calls, {figures.offered} edits offered:"
    )
    print(f"{figures.calls / max(1, figures.right):.1f} calls for each edit accepted;", end=" ")
    print(f"{figures.right} right, {figures.useless} useless, {figures.harmful} harmful")
    return 1 if figures.harmful else 0


if __name__ == "__main__":
    raise SystemExit(main())
