"""Next edits replayed over real code, with renames and new parameters left to be finished.

    python -m bench.next_edit [--most 40] [--kind python|typescript|imports|lua] [--model PROVIDER/NAME]

`next_edit_cases.py` has the cases: Python's own library, and Halley's clients in TypeScript and Lua.

Each case types a change of one definition key by key, then accepts what is right and rejects what is not, until
nothing is offered in a pause nor when asked for. What answers is `next_edit_rules.py`, in this process: the figures are
those of Halley (when it asks, places, regions, reading, gates), not of a model. `--model` asks one of yours instead,
with your key and at your cost. An edit is

    right      the text is nearer to what it should become
    useless    it changes something else
    harmful    the file no longer parses
"""

from __future__ import annotations

import argparse
import ast
import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from types import MappingProxyType, SimpleNamespace
from typing import cast

from bench.next_edit_cases import Case, cases, import_cases, tree_cases
from bench.next_edit_rules import next_edit as answer
from halley.core.calls import Caller, NextEditPrompt
from halley.core.models import Role, Route
from halley.core.settings import Settings
from halley.core.snapshot import Document, Selection, Snapshot
from halley.core.text import split_lines
from halley.engine.typing.next_edit.region import Region
from halley.engine.typing.next_edit.reply import read_reply
from halley.features.ask import Line
from halley.features.next_edit.call import NextEditCall, start_call
from halley.features.next_edit.memory import Burst, Memory, NextEditOffer
from halley.features.next_edit.suggester import NextEdits, Trigger
from halley.features.room import EngineRoom
from halley.routing.selection import parse_route
from halley.simulator.answers.languages import count_errors
from halley.stores.config.layers import roles_layer

MOST_STEPS = 16


@dataclass(slots=True)
class Figures:
    cases: int = 0
    finished: int = 0
    calls: int = 0
    offered: int = 0
    right: int = 0
    useless: int = 0
    harmful: int = 0


def replay(case: Case, figures: Figures) -> None:
    """Types what the case begins with, key by key, then takes what is right and rejects what is not."""
    asyncio.run(_replay(case, figures))


async def _replay(case: Case, figures: Figures, line: Line | None = None) -> None:
    others = {name: was for name, (was, _) in case.others.items()}
    user = Typist(case.before, figures, case.language, others, line)
    wanted = {user.uri: case.wanted} | {_uri(name): text for name, (_, text) in case.others.items()}
    for text, at in keys(case.before, case.begun):
        await user.type(text, at)
    for _ in range(MOST_STEPS):
        offer = await user.offered()
        if offer is None:
            break
        uri, after = offer.document.uri, offer.applied
        figures.offered += 1
        figures.harmful += _is_worse(user.texts[uri], after, case.language)
        nearer = _distance(after, wanted[uri]) < _distance(user.texts[uri], wanted[uri])
        figures.right += nearer
        figures.useless += not nearer
        user.edits.settle(offer.id, "accepted" if nearer else "rejected")
        if nearer:
            user.go(uri)
            await user.type(after, offer.edit.start + len(offer.edit.new_text))
    user.edits.close()
    figures.cases += 1
    figures.finished += user.texts == wanted


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
    """A user with open files, in one of them: each key is a question, as the clients ask it. No clock runs: a pause
    lasts until the next key, and `offered` is the end of it."""

    def __init__(
        self,
        text: str,
        figures: Figures,
        language: str = "python",
        others: Mapping[str, str] = MappingProxyType({}),
        line: Line | None = None,
    ) -> None:
        """`line`: to the model that is asked; without it the rules answer."""
        self.line = line or cast("Line", LINE)
        self.language, self.uri, self.at, self.version = language, _uri(f"case{ENDINGS[language]}"), 0, 1
        self.texts = {self.uri: text} | {_uri(name): there for name, there in others.items()}
        self.figures = figures
        self.paused = asyncio.Event()
        self.edits = NextEdits(
            Memory(lambda _model, _language, _outcome: None),
            self._now,
            start=self._start if line else self._answer,
            wait=self._wait,
        )
        self.asking: asyncio.Task[NextEditOffer | None] | None = None

    @property
    def text(self) -> str:
        return self.texts[self.uri]

    def go(self, uri: str) -> None:
        self.uri = uri

    async def type(self, text: str, at: int) -> None:
        burst = Burst(self.uri, split_lines(self.text), split_lines(text))
        self.texts[self.uri], self.at, self.version = text, at, self.version + 1
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
        return await self.edits.suggest(self.line, self._snapshot(), trigger=trigger)

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

    def _start(
        self, line: Line, prompt: NextEditPrompt, region: Region, burst: int, *, automatic: bool
    ) -> NextEditCall:
        self.figures.calls += 1
        return start_call(line, prompt, region, burst, automatic=automatic)

    def _now(self, uri: str) -> Document | None:
        return Document(uri, self.texts[uri], self.language, self.version) if uri in self.texts else None

    def _snapshot(self) -> Snapshot:
        opened = {uri: self._now(uri) for uri in self.texts}
        document = cast("Document", opened.pop(self.uri))
        return Snapshot(
            document,
            Selection(self.at, self.at),
            settings=self.line.settings,
            open_documents=cast("dict[str, Document]", opened),
        )


async def _route(_role: str) -> None:
    """There is a model."""


ENDINGS = {"python": ".py", "typescript": ".ts", "lua": ".lua"}
SETTINGS = Settings.model_validate({"roles": {"next": ["rules/next"]}})
LINE = SimpleNamespace(route_of=_route, settings=SETTINGS)


def _distance(text: str, wanted: str) -> int:
    """Lines that differ; renames add and take away none."""
    return sum(a != b for a, b in zip(text.split("\n"), wanted.split("\n"), strict=False))


def _uri(name: str) -> str:
    return f"untitled:{name}"


def _is_worse(before: str, after: str, language: str) -> bool:
    """Python's own parser decides for Python; for the others a count of the syntax tree's errors."""
    if language != "python":
        return count_errors(after, language) > count_errors(before, language)
    try:
        ast.parse(after)
    except SyntaxError:
        return True
    return False


KINDS: Mapping[str, Callable[[int], Iterable[Case]]] = {
    "python": cases,
    "typescript": lambda most: tree_cases("typescript", most),
    "imports": import_cases,
    "lua": lambda most: tree_cases("lua", most),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--most", type=int, default=40, help="the most cases of a kind")
    parser.add_argument("--kind", choices=KINDS, action="append", help="one kind of cases; all without it")
    parser.add_argument("--model", metavar="PROVIDER/NAME", help="a configured model, instead of the rules")
    asked = parser.parse_args()
    return asyncio.run(_run(asked.kind or list(KINDS), asked.most, asked.model))


async def _run(kinds: Iterable[str], most: int, model: str | None) -> int:
    """The exit code: 1 where an edit did harm."""
    room = EngineRoom.open() if model else None
    line = _line_to(room, model) if room and model else None
    harmful = 0
    for kind in kinds:
        figures = Figures()
        for case in KINDS[kind](most):
            await _replay(case, figures, line)
        print(
            f"{kind}: {figures.finished} of {figures.cases} finished; {figures.calls} calls, {figures.offered} edits "
            f"offered: {figures.right} right, {figures.useless} useless, {figures.harmful} harmful; "
            f"{figures.calls / max(1, figures.right):.1f} calls for each edit accepted"
        )
        harmful += figures.harmful
    if room:
        await room.aclose()
    return 1 if harmful else 0


def _line_to(room: EngineRoom, model: str) -> Line:
    layers = (*room.layers(), roles_layer("session", {"next": parse_route([model])}))
    settings = room.config.merge(layers)

    async def route_of(role: Role) -> Route:
        return (await room.prepare_route(role, settings, layers)).route

    return Line(room.router, Caller(), settings, route_of)


if __name__ == "__main__":
    raise SystemExit(main())
