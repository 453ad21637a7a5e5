"""Providers and their catalogue, on the real wire, with the simulator as host."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from halley.core.calls import Caller
from halley.core.errors import AuthFailed, ModelNotFound, NotConfigured, RateLimited
from halley.core.models import ModelRef
from halley.core.settings import Settings
from halley.features.room import EngineRoom
from halley.routing import keys as keys_module
from halley.routing.catalogue import FRESH_S, model_from_json, model_to_json
from halley.routing.keys import REST_S
from halley.simulator.http import json_response
from halley.simulator.routes import GETS

CALLER = Caller()


def settings_for(url: str, name: str = "sim", **more) -> Settings:
    return Settings.model_validate({"providers": {name: {"base_url": url, "preset": "simulator", **more}}})


@pytest.fixture
async def room():
    room = EngineRoom.open(
        environ={**__import__("os").environ, "SIM_KEY": "sk-sim-1", "SIM_KEY_2": "sk-sim-2"}
    )
    yield room
    await room.aclose()


@pytest.fixture
def settings(simulator):
    return settings_for(simulator.base_url)


async def test_models_are_listed_and_cached_for_the_next_process(room, settings, simulator):
    listed = await room.registry.list_models(settings, CALLER)
    assert ModelRef("sim", "sim-chat") in {model.ref for model in listed.models}
    assert (listed.stale, listed.problems) == (False, ())
    other = EngineRoom.open(room.paths)
    shelf = other.catalogue.shelf(other.registry.endpoint("sim", settings))
    assert shelf.models == listed.models
    await other.aclose()


async def test_a_list_is_asked_for_once_by_many_and_not_again_while_fresh(room, settings):
    asked = 0
    binding = room.registry.binding("sim", settings)
    provider = room.registry.provider(binding)
    real = provider.list_models

    async def counting():
        nonlocal asked
        asked += 1
        return await real()

    provider.list_models = counting
    await asyncio.gather(*(room.registry.list_models(settings, CALLER) for _ in range(10)))
    await room.registry.list_models(settings, CALLER)
    assert asked == 1
    await room.registry.list_models(settings, CALLER, refresh=True)
    assert asked == 2


async def test_old_lists_are_shown_immediately_and_refreshed_in_the_background(room, settings):
    await room.registry.list_models(settings, CALLER)
    changed = []
    room.catalogue.on_change.append(lambda: changed.append(True))
    now = room.clock.now()
    room.catalogue._clock = type(room.clock)(now=lambda: now + FRESH_S + 1)
    listed = await room.registry.list_models(settings, CALLER)
    assert listed.models and listed.stale, "old models immediately, new ones on their way"
    await room.registry.refresh(room.registry.binding("sim", settings), CALLER)
    assert not (await room.registry.list_models(settings, CALLER)).stale
    assert changed == [], "the same models are no news"


async def test_a_host_that_is_down_keeps_its_old_models_and_says_what_is_wrong(room, simulator, settings):
    before = await room.registry.list_models(settings, CALLER)
    await simulator.stop() if hasattr(simulator, "stop") else await simulator.__aexit__(None, None, None)
    listed = await room.registry.list_models(settings, CALLER, refresh=True)
    assert listed.models == before.models
    assert listed.stale
    assert [(problem.code, problem.provider) for problem in listed.problems] == [
        ("provider_unavailable", "sim")
    ]
    await simulator.__aenter__()


async def test_a_model_that_is_not_listed_is_reported_with_its_near_matches(room, settings):
    with pytest.raises(ModelNotFound) as raised:
        await room.registry.check_listed(ModelRef("sim", "sim-caht"), settings, CALLER)
    assert "sim/sim-chat" in raised.value.problem.help
    await room.registry.check_listed(ModelRef("sim", "sim-chat"), settings, CALLER)
    near = await room.registry.near_matches(ModelRef("sim", "sim-caht"), settings, CALLER)
    assert near[0] == ModelRef("sim", "sim-chat")


async def test_find_model_needs_no_network(room):
    settings = settings_for("http://127.0.0.1:9/v1")
    assert room.registry.find_model(ModelRef("sim", "anything"), settings).ref.name == "anything"


async def test_unknown_and_switched_off_providers_say_so(room, simulator):
    with pytest.raises(NotConfigured, match="no provider 'commet'") as raised:
        room.registry.endpoint("commet", Settings())
    assert "comet" in raised.value.problem.help
    off = settings_for(simulator.base_url, enabled=False)
    with pytest.raises(NotConfigured) as raised:
        room.registry.endpoint("sim", off)
    assert raised.value.problem.setting == "providers.sim.enabled"


def ids(room: EngineRoom, settings: Settings | None = None) -> list[str]:
    return [binding.endpoint.id for binding in room.registry.bindings(settings or Settings())]


async def test_without_configuration_a_key_in_the_environment_is_enough(halley_home):
    room = EngineRoom.open(
        environ={"HALLEY_HOME": str(halley_home), "OPENAI_API_KEY": "sk-x", "COMETAPI_KEY": "sk-y"}
    )
    assert ids(room) == ["comet", "openai"]
    route = room.route("chat", Settings())
    assert (route.scope, route.route[0].provider) == ("default", "comet")
    await room.aclose()


async def test_an_entered_key_is_enough_too_but_only_for_its_own_address(room):
    assert ids(room) == []
    await room.secrets.set_key("mistral", "https://api.mistral.ai", "sk-secret-key-123456", "file")
    await room.secrets.set_key("openai", "https://elsewhere.example", "sk-secret-key-123456", "file")
    assert ids(room) == ["mistral"]


async def test_a_configured_provider_without_a_key_is_no_default(room, simulator):
    settings = Settings.model_validate(
        {"providers": {"openai": {}, "sim": {"base_url": simulator.base_url, "preset": "simulator"}}}
    )
    assert room.route("chat", settings).route[0].provider == "sim"


async def test_models_survive_the_cache_file(room, settings):
    for model in (await room.registry.list_models(settings, CALLER)).models:
        assert model_from_json("sim", model_to_json(model)) == model


async def test_a_spoilt_cache_file_is_no_harm(room, settings):
    await room.registry.list_models(settings, CALLER)
    for file in (room.paths.cache / "models").glob("*.json"):
        file.write_text('{"fetched_at": 1, "models": [{"name": 1, "roles": 7}]}')
    other = EngineRoom.open(room.paths)
    assert (await other.registry.list_models(settings, CALLER)).models
    await other.aclose()


def two_keys(url: str) -> Settings:
    return settings_for(url, key=[{"env": "SIM_KEY"}, {"env": "SIM_KEY_2"}])


async def test_keys_take_turns_and_a_refused_one_rests(room, simulator):
    binding = room.registry.binding("sim", two_keys(simulator.base_url))
    now = 100.0
    ring = keys_module.KeyRing(room.secrets, type(room.clock)(monotonic=lambda: now), binding)
    assert {await ring.take() for _ in range(2)} == {"sk-sim-1", "sk-sim-2"}
    bad = await ring.take()
    ring.key_failed(bad, AuthFailed("refused"))
    assert bad not in {await ring.take() for _ in range(4)}
    now += REST_S + 1
    assert bad in {await ring.take() for _ in range(2)}


async def test_when_all_keys_rest_the_one_that_rests_shortest_is_used(room, simulator):
    binding = room.registry.binding("sim", two_keys(simulator.base_url))
    ring = keys_module.KeyRing(room.secrets, room.clock, binding)
    first = await ring.take()
    ring.key_failed(first, RateLimited("slow").about(retry_after_ms=60_000))
    second = await ring.take()
    ring.key_failed(second, RateLimited("slow").about(retry_after_ms=1_000))
    assert first != second
    assert await ring.take() == second


async def test_a_preset_key_does_not_follow_another_address(room, simulator, halley_home):
    environ = {"HALLEY_HOME": str(halley_home), "OPENAI_API_KEY": "sk-own-key-1234567890"}
    other = EngineRoom.open(environ=environ)
    settings = Settings.model_validate({"providers": {"openai": {"base_url": simulator.base_url}}})
    with pytest.raises(NotConfigured):
        await other.registry.take_key(other.registry.binding("openai", settings))
    named = {"providers": {"openai": {"base_url": simulator.base_url, "key": {"env": "OPENAI_API_KEY"}}}}
    settings = Settings.model_validate(named)
    assert (
        await other.registry.take_key(other.registry.binding("openai", settings)) == "sk-own-key-1234567890"
    )
    await other.aclose()


async def test_a_key_from_one_window_is_not_used_for_another(room, simulator):
    settings = settings_for(simulator.base_url, key={"client": True})

    def window(key: str) -> Caller:
        async def ask_key(provider: str, origin: str) -> str:
            return key

        return Caller(ask_key=ask_key)

    one, two = window("sk-sim-window-1"), window("sk-sim-window-2")
    ref = ModelRef("sim", "sim-chat")
    targets = [room.registry.find_target(ref, settings, caller) for caller in (one, two, one)]
    assert targets[0].provider is targets[2].provider
    assert targets[0].provider is not targets[1].provider
    binding = room.registry.binding("sim", settings)
    assert await room.registry.take_key(binding, one.ask_key) == "sk-sim-window-1"
    assert await room.registry.take_key(binding, two.ask_key) == "sk-sim-window-2"


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({}, "http://127.0.0.1:11535/v1"),
        ({"HALLEY_SIMULATOR_KEY": "sk-mine"}, "http://127.0.0.1:11535/v1"),
        ({"HALLEY_SIMULATOR_URL": "http://127.0.0.1:4711/v1"}, "http://127.0.0.1:4711/v1"),
    ],
)
async def test_a_chosen_local_server_needs_no_address_in_the_next_process(environ, address) -> None:
    """A choice outlives the process that found the server; listed is only what was found or named."""
    room = EngineRoom.open(environ={**__import__("os").environ, **environ})
    assert room.registry.endpoint("simulator", Settings()).base_url == address
    listed = {binding.endpoint.id for binding in room.registry.bindings(Settings())}
    assert ("simulator" in listed) == ("HALLEY_SIMULATOR_URL" in environ)
    await room.aclose()


async def test_all_who_look_for_local_servers_at_the_same_time_find_them(halley_home, simulator, monkeypatch):
    for path, answer in {"/api/version": {"version": "0.12.0"}, "/api/tags": {"models": []}}.items():
        monkeypatch.setitem(GETS, path, lambda _app, _call, answer=answer: json_response(answer))
    simulator.options = replace(simulator.options, any_key=True)
    room = EngineRoom.open(
        environ={"HALLEY_HOME": str(halley_home), "OLLAMA_HOST": f"127.0.0.1:{simulator.port}"}
    )
    found = await asyncio.gather(*(room.registry.find_local_servers(Settings()) for _ in range(3)))
    addresses = [
        [binding.endpoint.base_url for binding in one if binding.endpoint.id == "ollama"] for one in found
    ]
    assert addresses == [[simulator.base_url]] * 3
    await room.aclose()
