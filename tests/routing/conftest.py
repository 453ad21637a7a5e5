"""Fakes: providers that do as a script says, a ledger in a list, a clock that moves only when a test moves it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from halley.core.calls import Call, Caller, FimPrompt, Operation, Priority, Prompt, Trace, user
from halley.core.errors import HalleyError, NotConfigured
from halley.core.events import Event, Finish, TextDelta
from halley.core.models import Model, ModelRef, Price, Role, Usage
from halley.core.ports import Take
from halley.core.settings import Settings
from halley.core.usage import Summary, UsageRow
from halley.routing.clock import Clock
from halley.routing.prices import Prices
from halley.routing.router import Router
from halley.routing.targets import Target
from pouring import pour

HANG = "hang"
"""In a script: wait for ever."""
Script = Iterable[Event | HalleyError | str]


def ok(text: str = "hello") -> list[Event]:
    return [TextDelta(text), Finish("stop", Usage(10, 2))]


@dataclass(eq=False)
class FakeProvider:
    """Plays one script per request; the last one again and again."""

    id: str
    scripts: list[Script]
    requests: list[Prompt | FimPrompt] = field(default_factory=list)
    closed: int = 0

    async def stream(
        self, model: Model, prompt: Prompt | FimPrompt, trace: Trace | None = None
    ) -> AsyncGenerator[Event, None]:
        script = self.scripts[min(len(self.requests), len(self.scripts) - 1)]
        self.requests.append(prompt)
        try:
            for item in script:
                await asyncio.sleep(0)
                if isinstance(item, HalleyError):
                    raise type(item)(item.problem.message, item.problem.help).about(
                        retry_after_ms=item.problem.retry_after_ms
                    )
                if isinstance(item, str):
                    await asyncio.get_running_loop().create_future()
                else:
                    yield item
        finally:
            self.closed += 1

    async def feed(
        self, model: Model, prompt: Prompt | FimPrompt, take: Take, trace: Trace | None = None
    ) -> None:
        await pour(self.stream(model, prompt, trace), take)

    async def list_models(self) -> tuple[Model, ...]:
        return ()


@dataclass(eq=False)
class FakeTargets:
    """`one/a`, `one/b` lie at host one; `two/a` at host two; and so on."""

    providers: dict[str, FakeProvider] = field(default_factory=dict)
    concurrency: int = 64
    price: Price | None = field(default_factory=lambda: Price(1.0, 2.0))

    def find_target(
        self, ref: ModelRef, settings: Settings, caller: Caller, role: Role | None = None
    ) -> Target:
        if ref.provider not in self.providers:
            raise NotConfigured(f"There is no provider {ref.provider}.")
        model = Model(ref, price=self.price)
        return Target(model, self.providers[ref.provider], f"https://{ref.provider}", self.concurrency)

    async def near_matches(self, ref: ModelRef, settings: Settings, caller: Caller) -> tuple[ModelRef, ...]:
        return (ModelRef(ref.provider, "near"),)


@dataclass(eq=False)
class FakeLedger:
    rows: list[dict[str, Any]] = field(default_factory=list)
    already_spent: float = 0.0
    week_usd: float = 0.0
    on_open: Callable[[], None] | None = None

    async def open(self, call: Call, model: ModelRef, *, attempt: int = 1, parent: int | None = None) -> int:
        await asyncio.sleep(0)
        self.rows.append(
            {
                "status": "open",
                "model": str(model),
                "attempt": attempt,
                "parent": parent,
                "feature": call.feature,
            }
        )
        return len(self.rows) - 1

    async def settle(self, entry: int, *, deferred: bool = False, **facts: Any) -> None:
        await asyncio.sleep(0)
        assert self.rows[entry]["status"] in ("open", facts["status"]), "how it ended never changes"
        self.rows[entry].update(facts)

    async def spent(self, since: float) -> float:
        return self.already_spent

    async def summary(self, since: float, by: Sequence[str] = ()) -> Summary:
        """All of `week_usd` on the first day."""
        row = UsageRow({"day": time.strftime("%Y-%m-%d", time.localtime(since))}, calls=1)
        row.cost = {"USD": self.week_usd} if self.week_usd else {}
        return Summary((row,), row)

    @property
    def statuses(self) -> list[str]:
        return [row["status"] for row in self.rows]


class FakeTime:
    """Moves only when a caller waits, and then immediately."""

    def __init__(self) -> None:
        self.at = 1000.0
        self.waits: list[float] = []
        self.moves = True
        self.random = random.Random(7)
        self.before_wait: Callable[[], None] | None = None

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        self.waits.append(seconds)
        if self.before_wait:
            self.before_wait()
        await asyncio.sleep(0)
        if event.is_set():
            return True
        self.at += seconds if self.moves else 0
        return False

    def clock(self) -> Clock:
        return Clock(lambda: self.at, lambda: self.at, self.wait, self.random.uniform)


@dataclass(eq=False)
class Bench:
    """A router on fakes, and what it does to them."""

    targets: FakeTargets = field(default_factory=FakeTargets)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    time: FakeTime = field(default_factory=FakeTime)
    operations: list[Operation] = field(default_factory=list)

    async def look_up_nothing(self, keys):
        return [None] * len(keys)

    def __post_init__(self) -> None:
        prices = Prices(look_up=self.look_up_nothing)
        self.router = Router(self.targets, self.ledger, clock=self.time.clock(), prices=prices)

    def provider(self, id: str, *scripts: Script) -> FakeProvider:
        self.targets.providers[id] = provider = FakeProvider(id, list(scripts) or [ok()])
        return provider

    def call(self, *route: str, **options: Any) -> Call:
        options.setdefault("settings", Settings())
        caller = options.pop("caller", None) or Caller(on_operation=self.operations.append)
        refs = tuple(ModelRef.parse(name) for name in route)
        return Call(
            options.pop("prompt", Prompt((user("hi there"),))),
            refs,
            "test",
            caller=caller,
            priority=options.pop("priority", Priority.CHAT),
            **options,
        )

    async def run(self, *route: str, **options: Any) -> list[Event]:
        return [event async for event in self.router.stream(self.call(*route, **options))]

    @property
    def states(self) -> list[str]:
        return [operation.state for operation in self.operations]


@pytest.fixture
def bench() -> Bench:
    return Bench()
