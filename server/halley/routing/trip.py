"""One call on its way along its route: what was tried, what is shown, and what comes next.

    first pass     the models in order; those whose host rests are passed by
    last resort    the models passed by, when no other could answer: one probe each, shared by all who need that host

No network is touched here; `failover.py` makes the attempts that `Trip.next_step` decides on.
"""

from __future__ import annotations

import asyncio
import copy
from dataclasses import dataclass, field, replace
from types import TracebackType

from halley.core.calls import Call, Trace
from halley.core.errors import (
    BlockedByPolicy,
    ContextTooLong,
    HalleyError,
    ModelNotFound,
    NotConfigured,
    ProviderUnavailable,
    RateLimited,
    UpstreamError,
)
from halley.core.events import Notice
from halley.core.models import ModelRef
from halley.routing.clock import Clock
from halley.routing.cooldown import Cooldowns, Health, Probe
from halley.routing.metering import Chain
from halley.routing.queue import Queues, Slots
from halley.routing.retry import LONGEST_RETRY_AFTER_S, Rule, pause_before_retry, rule_for
from halley.routing.retry_budget import Recent, RetryBudget
from halley.routing.targets import Target, Targets
from halley.routing.waits import Shown, Waits


class Hosts:
    """What is remembered of hosts and providers from one call to the next."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.cooldowns = Cooldowns(clock.monotonic)
        self.queues = Queues()
        self.requests = Recent(clock.monotonic)
        self.budgets: dict[str, RetryBudget] = {}

    def budget(self, host: str) -> RetryBudget:
        budget = self.budgets.get(host)
        if budget is None:
            budget = self.budgets[host] = RetryBudget(self.requests, Recent(self.clock.monotonic))
        return budget


@dataclass(slots=True, eq=False)
class Step:
    """One attempt at one model. As a context it holds the provider's slot."""

    call: Call
    target: Target
    health: Health
    slots: Slots
    shown: Shown
    probe: Probe | None
    trace: Trace = field(default_factory=Trace)
    judged: bool = False
    heard: bool = False
    """The model has said something, so no other may answer."""

    async def __aenter__(self) -> Step:
        if self.slots.is_busy:
            ref = self.target.model.ref
            self.shown.show("waiting", reason=f"{ref.provider} is busy with other requests", target=ref)
        try:
            await self.slots.take(self.call.priority, self.call.caller.workspace or "")
        except BaseException:
            self._give_up()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.slots.give_back()
        if isinstance(error, UpstreamError) and not self.judged:
            self._judge(error)
        self._give_up()

    def answered(self) -> None:
        """The model began to reply, so its host is well."""
        self.judged = self.heard = True
        self.health.succeeded()

    def _judge(self, error: UpstreamError) -> None:
        """A host that refuses a request is well; one that does not answer is not."""
        self.judged = True
        if rule_for(error).host_failed:
            self.health.failed(error)
        else:
            self.health.succeeded()

    def _give_up(self) -> None:
        """A probe that was cancelled leaves its place to the next."""
        if self.probe is not None and not self.judged:
            self.judged = True
            self.health.gave_up(self.probe)


@dataclass(slots=True)
class Trip:
    """One call's way. `call` changes once, when its prompt is shortened."""

    call: Call
    targets: Targets
    hosts: Hosts
    waits: Waits
    shown: Shown = field(init=False)
    chain: Chain = field(init=False)
    ahead: list[ModelRef] = field(init=False)
    resting: list[ModelRef] = field(default_factory=list[ModelRef])
    errors: list[tuple[ModelRef, HalleyError]] = field(default_factory=list[tuple[ModelRef, HalleyError]])
    notices: list[Notice] = field(default_factory=list[Notice])
    again: tuple[Target, float] | None = None
    """The target to ask again, and the pause before that."""
    tries: int = 0
    last_resort: bool = False
    left: tuple[ModelRef, str] | None = None
    """The model that the route has just moved on from, and why."""
    spent_keys: set[str] = field(default_factory=set[str], repr=False)
    """Keys that the host refused during this call."""
    shortened: bool = False

    def __post_init__(self) -> None:
        call, clock = self.call, self.hosts.clock
        self.shown = Shown(call.caller.on_operation)
        self.ahead = list(dict.fromkeys(call.route))
        self.chain = Chain(None if call.timeout_s is None else clock.monotonic() + call.timeout_s)
        self.hosts.requests.count()

    async def next_step(self) -> Step | None:
        """What to try now, after any wait it takes; None when nothing is left to try."""
        if self.again is not None:
            target, pause = self.again
            self.again = None
            await self._pause(target, pause)
            # During the pause other requests may have shown that the host is down.
            if not self._health(target).is_closed:
                return self._step(target)
            self._left(target.model.ref, "its host is paused after repeated failures")
        return await self._next_model()

    async def _next_model(self) -> Step | None:
        while self.ahead:
            ref = self.ahead.pop(0)
            target = self._find(ref)
            if target is None:
                continue
            if self._health(target).is_closed and not await self._may_disturb(target):
                continue
            self.tries = 0
            self._tell_moved(ref)
            return self._step(target)
        if self.resting and self.call.retry:
            # Paused hosts are tried after all others have failed: an answer late is better than none.
            self.ahead, self.resting, self.last_resort = self.resting, [], True
            return await self._next_model()
        return None

    def _find(self, ref: ModelRef) -> Target | None:
        """None for a fallback that is not configured or not allowed; raises for the model that was picked."""
        try:
            return self.targets.find_target(ref, self.call.settings, self.call.caller, self.call.role)
        except (NotConfigured, BlockedByPolicy) as error:
            if ref == self.call.route[0]:
                raise
            self.errors.append((ref, error))
            return None

    async def _may_disturb(self, target: Target) -> bool:
        """Whether a resting host may be asked now: as a last resort, and by one probe at a time."""
        ref, health = target.model.ref, self._health(target)
        if not self.last_resort:
            self.resting.append(ref)
            self._left(ref, "its host is paused after repeated failures")
            return False
        if health.probe is None:
            return True
        # One request at a time finds out whether the host is back; a crowd would bring it down again. Shielded,
        # because the probe is another caller's request and outlives this one.
        outcome = await asyncio.shield(health.probe)
        if outcome is not None:
            self.errors.append((ref, _copy_of(outcome)))
        return outcome is None

    def _step(self, target: Target) -> Step:
        self.tries += 1
        health = self._health(target)
        slots = self.hosts.queues.of(target.model.ref.provider, target.concurrency)
        return Step(self.call, target, health, slots, self.shown, health.start())

    def failed(self, step: Step, error: HalleyError) -> None:
        """Notes a failure before the first token, and decides whether and where to try again."""
        target, ref = step.target, step.target.model.ref
        self.errors.append((ref, self._about(error, target)))
        rule = rule_for(error)
        other_key = target.key_failed(step.trace.key, error) if target.key_failed is not None else None
        if self._hand_over(step, error, other_key) or self._shorten(error, target):
            self.again = (target, 0.0)
        elif not self.call.retry:
            self.ahead, self.resting = [], []
        elif (pause := self._retry_pause(step, error, rule, other_key)) is not None:
            self.again = (target, pause)
        else:
            self._move_on(ref, rule, error)

    def _hand_over(self, step: Step, error: HalleyError, other_key: float | None) -> bool:
        """Whether the provider's next key is asked now: each of its keys once a call, so it costs no retry."""
        key = step.trace.key
        if other_key != 0.0 or key in self.spent_keys or self._is_too_late(0.0):
            return False
        self.spent_keys.add(key)
        # Another key is no retry: the host did not fail, the key did.
        self.tries -= 1
        if not isinstance(error, RateLimited):
            provider = step.target.model.ref.provider
            what = error.problem.message.rstrip(".")
            self.notices.append(
                Notice(f"Using the next key of {provider}: {what}.", model=step.target.model.ref)
            )
        return True

    def _retry_pause(
        self, step: Step, error: HalleyError, rule: Rule, other_key: float | None
    ) -> float | None:
        """Seconds until the same host is asked again, with whichever key is ready first; None when it should not be."""
        # A probe is never retried: its failure has just shown that the host is still down.
        if self.tries >= rule.attempts or step.probe is not None or self._health(step.target).is_closed:
            return None
        pause = pause_before_retry(error, self.tries, self.hosts.clock.uniform)
        if other_key is not None and error.problem.retry_after_ms is not None:
            pause = other_key if pause is None and other_key <= LONGEST_RETRY_AFTER_S else pause
            pause = None if pause is None else min(pause, other_key)
        if pause is None or self._is_too_late(pause):
            return None
        return pause if self.hosts.budget(step.target.host).take_retry() else None

    def _is_too_late(self, pause: float) -> bool:
        deadline = self.chain.deadline
        return deadline is not None and self.hosts.clock.monotonic() + pause >= deadline

    def _move_on(self, ref: ModelRef, rule: Rule, error: HalleyError) -> None:
        if rule.onward == "no" or self._is_too_late(0.0):
            self.ahead, self.resting = [], []
        # The provider's account or network failed, so its other models would fail in the same way.
        elif rule.onward == "elsewhere":
            self.ahead = [other for other in self.ahead if other.provider != ref.provider]
            self.resting = [other for other in self.resting if other.provider != ref.provider]
        self._left(ref, error.problem.message.rstrip("."))

    def _shorten(self, error: HalleyError, target: Target) -> bool:
        if not isinstance(error, ContextTooLong) or self.shortened or self.call.shorten is None:
            return False
        shorter = self.call.shorten(self.call.prompt)
        if shorter is None:
            return False
        self.call, self.shortened, self.tries = replace(self.call, prompt=shorter), True, 0
        ref = target.model.ref
        self.notices.append(Notice(f"The context was too long for {ref} and was cut.", model=ref))
        return True

    def _about(self, error: HalleyError, target: Target) -> HalleyError:
        """The error with its model named."""
        ref = target.model.ref
        return error.about(
            provider=error.problem.provider or ref.provider, model=error.problem.model or str(ref)
        )

    async def _pause(self, target: Target, seconds: float) -> None:
        if seconds <= 0:
            return
        ref, error = self.errors[-1]
        facts = {"attempt": self.tries + 1, "of": rule_for(error).attempts, "reason": error.problem.message}
        operation = self.shown.show("waiting", wait_ms=round(seconds * 1000), source=ref, **facts)
        await self.waits.wait(operation, seconds)
        self.shown.show("retrying", source=ref, **facts)

    def _left(self, ref: ModelRef, why: str) -> None:
        # The first reason counts: the user picked that model and wants to know what is wrong with it.
        self.left = self.left or (ref, why)

    def _tell_moved(self, ref: ModelRef) -> None:
        """Never silent: if another model answers than the one picked, the notice names it."""
        if self.left is None or self.left[0] == ref:
            self.left = None
            return
        (source, why), self.left = self.left, None
        self.shown.show("failedOver", reason=why, source=source, target=ref)
        self.notices.append(Notice(f"{source} cannot answer ({why}); asking {ref} instead.", model=ref))

    def take_notices(self) -> list[Notice]:
        taken, self.notices = self.notices, []
        return taken

    async def verdict(self) -> HalleyError:
        """The error the user sees: the first model's, with what became of the others."""
        if not self.errors:
            return self._all_resting()
        # The first model is the one the user picked; what its fallbacks met is an addition.
        ref, error = self.errors[0]
        if isinstance(error, ModelNotFound):
            await self._name_near_matches(ref, error)
        others = {str(other): told.problem.message for other, told in self.errors if other != ref}
        if others:
            failed = " ".join(f"{other}: {message}" for other, message in others.items())
            error.about(help=f"{error.problem.help} The fallbacks failed too. {failed}".strip())
        return error

    async def _name_near_matches(self, ref: ModelRef, error: HalleyError) -> None:
        near = await self.targets.near_matches(ref, self.call.settings, self.call.caller)
        if near:
            error.about(
                help=f"Did you mean {_or([str(match) for match in near])}? `halley models` lists what there is."
            )

    def _all_resting(self) -> HalleyError:
        if not self.call.route:
            return NotConfigured("No model was named.", "Pick one with `halley use`.")
        ref = self.call.route[0]
        return ProviderUnavailable(
            f"{ref} is paused after repeated failures.",
            "Halley will retry automatically; `halley verify` shows the problem.",
            provider=ref.provider,
            model=str(ref),
        )

    def _health(self, target: Target) -> Health:
        return self.hosts.cooldowns.of(target.host)


def _copy_of(error: HalleyError) -> HalleyError:
    """For a second caller: an exception that is raised twice collects both tracebacks. Keeps every field."""
    return copy.copy(error)


def _or(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
