"""Connection tests: key, catalogue, first token; each step with its time and, on failure, what to do.

    verify              `halley/providers/verify`: one provider, step by step
    verify_all_models   every model of a provider, a few at a time

Each stream is closed at its first token, so that a test costs next to nothing. A host that rests after failures is
woken: a test must show the current state.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from halley.core.calls import Call, Caller, Priority, Prompt, user
from halley.core.errors import AuthFailed, Enough, HalleyError, NotConfigured, Problem, problem_of
from halley.core.events import Event, Notice
from halley.core.models import Model, ModelRef
from halley.core.settings import Settings
from halley.features.room import EngineRoom
from halley.routing.defaults import default_model
from halley.routing.keys import Binding, key_status

Json = dict[str, Any]
T = TypeVar("T")

FIRST_TOKEN_S = 60.0
AT_ONCE = 8
QUESTION = Prompt((user("Reply with the single word: ready"),), max_tokens=64)


@dataclass(slots=True)
class Steps:
    """What was tested so far."""

    now: Callable[[], float]
    done: list[Json] = field(default_factory=list)

    async def take(self, name: str, work: Awaitable[T]) -> T | None:
        """Awaits one step; None when it failed, which is noted and not raised."""
        began = self.now()
        try:
            result = await work
        except HalleyError as error:
            self.note(name, began, error.problem)
            return None
        self.note(name, began, None)
        return result

    def note(self, name: str, began: float, problem: Problem | None, warning: Problem | None = None) -> None:
        """A `warning` is shown with a step that is fine nevertheless."""
        step: Json = {"name": name, "ok": problem is None, "ms": round((self.now() - began) * 1000, 1)}
        if shown := problem or warning:
            step["problem"] = shown.to_json()
        self.done.append(step)

    @property
    def failed(self) -> Json | None:
        return next((step for step in self.done if not step["ok"]), None)


async def verify(
    room: EngineRoom, settings: Settings, caller: Caller, provider: str, model: str | None = None
) -> Json:
    """`{ok, steps, model, firstTokenMs}`. Raises NotConfigured for a provider there is none of."""
    binding = room.registry.binding(provider, settings)
    room.router.wake(binding.endpoint.origin)
    await _warm_up(room, binding, caller)
    steps = Steps(room.clock.monotonic)
    first_token_ms: float | None = None
    await steps.take("key", find_key(room, binding, caller))
    if not steps.failed and (problem := await plain_text_problem(room, binding, caller)):
        steps.note("encryption", steps.now(), None, problem)
    ref: ModelRef | None = None
    if not steps.failed:
        await steps.take("catalogue", _find_list(room, binding, caller))
        ref = _model_to_ask(room, settings, binding, model)
    if not _is_hopeless(steps):
        if ref is not None:
            first_token_ms = await steps.take("first token", first_token(room, settings, caller, ref))
        elif not steps.failed:  # else what the catalogue did says it all
            steps.note("first token", steps.now(), _no_model(provider).problem)
    answered = first_token_ms is not None
    _remember(room, provider, steps, answered)
    return {
        "ok": answered and all(step["ok"] or step["name"] == "catalogue" for step in steps.done),
        "steps": steps.done,
        "model": str(ref) if ref else None,
        "firstTokenMs": first_token_ms,
    }


async def _warm_up(room: EngineRoom, binding: Binding, caller: Caller) -> None:
    """What the process's first request needs, so that it counts for no step: importing takes longer than a host."""
    room.registry.provider(binding, caller.ask_key)
    await room.http.warm_up()


async def find_key(room: EngineRoom, binding: Binding, caller: Caller) -> None:
    """Raises NotConfigured when the provider needs a key and there is none, saying where it was looked for."""
    endpoint = binding.endpoint
    if (
        await room.registry.take_key(binding, caller.ask_key)
        or endpoint.public_key
        or not endpoint.key_needed
    ):
        return
    names = [source.env for source in binding.endpoint.keys if source.env]
    where = f", or set {' or '.join(names)} in the environment" if names else ""
    raise NotConfigured(
        f"There is no key for {binding.endpoint.label}.",
        f"Enter it with `halley key set {binding.endpoint.id}`{where}.",
        provider=binding.endpoint.id,
        setting=binding.endpoint.setting("key"),
    )


async def plain_text_problem(room: EngineRoom, binding: Binding, caller: Caller) -> Problem | None:
    """Where a key is sent to another machine without encryption."""
    endpoint = binding.endpoint
    if endpoint.is_local or not endpoint.base_url.lower().startswith("http://"):
        return None
    if (await key_status(room.secrets, binding, caller.ask_key)).status != "present":
        return None
    return Problem(
        "configuration",
        f"The key of {endpoint.label} is sent to {endpoint.host} without encryption: anyone on the way can read it.",
        f"Use https:// in `{endpoint.setting('base_url')}`, or a tunnel to an address of this machine.",
        provider=endpoint.id,
        setting=endpoint.setting("base_url"),
    )


async def first_token(room: EngineRoom, settings: Settings, caller: Caller, ref: ModelRef) -> float:
    """Milliseconds until the model began to answer. Raises what `Router.feed` raises."""
    call = Call(
        QUESTION,
        (ref,),
        "verify",
        settings,
        caller,
        priority=Priority.BATCH,
        retry=False,
        timeout_s=FIRST_TOKEN_S,
    )
    began = room.clock.monotonic()

    def take(event: Event) -> None:
        if not isinstance(event, Notice):
            raise Enough

    with contextlib.suppress(Enough):
        await room.router.feed(call, take)
    return round((room.clock.monotonic() - began) * 1000, 1)


async def verify_all_models(
    room: EngineRoom,
    settings: Settings,
    caller: Caller,
    provider: str,
    on_result: Callable[[Json], None] = lambda row: None,
) -> list[Json]:
    """`{model, ok, firstTokenMs | problem}` for each model that chats; `on_result` hears of each as it ends.

    Raises NotConfigured for a provider there is none of or without a key, and the error of its catalogue.
    """
    binding = room.registry.binding(provider, settings)
    room.router.wake(binding.endpoint.origin)
    await find_key(room, binding, caller)
    models = await _find_list(room, binding, caller)
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(model: Model) -> Json:
        async with turns:
            room.router.wake(binding.endpoint.origin)  # a broken model says nothing of the next one
            row = await _try_model(room, settings, caller, model.ref)
        on_result(row)
        return row

    chatty = [model for model in models if "chat" in model.roles]
    return list(await asyncio.gather(*(one(model) for model in chatty)))


async def _try_model(room: EngineRoom, settings: Settings, caller: Caller, ref: ModelRef) -> Json:
    try:
        ms = await first_token(room, settings, caller, ref)
    except HalleyError as error:
        return {"model": str(ref), "ok": False, "problem": problem_of(error).to_json()}
    return {"model": str(ref), "ok": True, "firstTokenMs": ms}


async def _find_list(room: EngineRoom, binding: Binding, caller: Caller) -> tuple[Model, ...]:
    """The provider's list as it answers now. Raises what the host did wrong."""
    from halley.core.errors import error_of

    shelf = await room.registry.list_now(binding, caller)
    if shelf.problem is not None:
        raise error_of(shelf.problem)
    return shelf.models


def _model_to_ask(
    room: EngineRoom, settings: Settings, binding: Binding, named: str | None
) -> ModelRef | None:
    """The one named, else one that is chosen for something, else the provider's usual one."""
    provider = binding.endpoint.id
    if named:
        return ModelRef.parse(named if named.startswith(f"{provider}/") else f"{provider}/{named}")
    for role in ("chat", "edit", "fast"):
        for name in getattr(settings.roles, role):
            if name.startswith(f"{provider}/"):
                return ModelRef.parse(name)
    usual = default_model("chat", binding.endpoint, room.catalogue.shelf(binding.endpoint))
    return ModelRef(provider, usual) if usual else None


def _is_hopeless(steps: Steps) -> bool:
    """Some hosts have no catalogue and answer all the same; a missing or refused key ends the test."""
    failed = steps.failed
    return failed is not None and (
        failed["name"] == "key"
        or failed["problem"]["code"]
        in (
            AuthFailed.code,
            "tls_failed",
            "proxy_failed",
            "redirect_refused",
            "provider_unavailable",
            "timeout",
        )
    )


def _no_model(provider: str) -> NotConfigured:
    return NotConfigured(
        f"{provider} has no model to test.",
        f"Name one: `halley verify {provider} --model NAME`.",
        provider=provider,
    )


def _remember(room: EngineRoom, provider: str, steps: Steps, ok: bool) -> None:
    """The provider's `health` in later lists."""
    at = datetime.fromtimestamp(room.clock.now(), UTC).isoformat(timespec="seconds")
    health: Json = {"ok": ok, "at": at, "ms": round(sum(step["ms"] for step in steps.done), 1)}
    failed = steps.failed
    if not ok and failed is not None:
        health["problem"] = failed["problem"]
    room.health[provider] = health
