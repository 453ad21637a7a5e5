"""Whose choice of model wins, what stands in for a role without one, and what zero configuration gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halley.core.errors import NotConfigured
from halley.core.models import Model, ModelRef
from halley.core.settings import ProviderSettings
from halley.providers.presets import PRESETS, resolve_endpoint
from halley.routing.catalogue import Shelf
from halley.routing.defaults import _table, default_route, own_model
from halley.routing.near import near_names
from halley.routing.selection import parse_route, resolve_route, resolve_selection
from halley.stores.config.layers import LAYERS, Layer, merge_settings, roles_layer

NAMES = [name for name in LAYERS if name not in ("defaults", "request")]


def layer(name: str, **roles: str) -> Layer:
    found = roles_layer(name, {role: parse_route([model]) for role, model in roles.items()})
    return Layer(name, found.data, Path("/there") / name if name.endswith("toml") else None)


@given(st.sets(st.sampled_from(NAMES), min_size=1))
def test_the_strongest_level_decides(chosen):
    layers = [layer(name, chat=f"p/{name}") for name in chosen]
    selected = resolve_route("chat", merge_settings(layers), layers)
    strongest = max(chosen, key=LAYERS.index)
    assert selected.route == (ModelRef("p", strongest),)
    assert selected.scope == strongest
    assert selected.source


def test_a_request_goes_before_everything():
    layers = [layer("session", chat="p/session")]
    selected = resolve_route("chat", merge_settings(layers), layers, request=parse_route(["p/now"]))
    assert (selected.scope, selected.route[0].name) == ("request", "now")


@pytest.mark.parametrize(
    ("role", "roles", "wanted"),
    [
        ("edit", {"chat": "p/c"}, "c"),
        ("edit", {"chat": "p/c", "edit": "p/e"}, "e"),
        ("complete", {"chat": "p/c"}, "c"),
        ("complete", {"chat": "p/c", "fast": "p/f"}, "f"),
        ("complete", {"chat": "p/c", "fast": "p/f", "complete": "p/i"}, "i"),
        ("fast", {"chat": "p/c"}, "c"),
    ],
)
def test_roles_stand_in_for_each_other(role, roles, wanted):
    layers = [layer("config.toml", **roles)]
    selected = resolve_route(role, merge_settings(layers), layers)
    assert selected.route[0].name == wanted
    assert selected.source == ("/there/config.toml" if role in roles else selected.source)
    assert selected.source.startswith("as ") == (role not in roles)


@pytest.mark.parametrize(
    ("chosen", "role", "own"),
    [
        ("comet/claude-opus-4-5", "complete", "comet/codestral-latest"),
        ("comet/claude-opus-4-5", "fast", "comet/gpt-5-nano"),
        ("anthropic/claude-opus-4-5", "complete", "anthropic/claude-haiku-4-5"),
        ("deepseek/deepseek-reasoner", "fast", "deepseek/deepseek-chat"),
        ("mine/big", "fast", "mine/big"),
        ("mine/big", "complete", "mine/big"),
        ("comet/claude-opus-4-5", "edit", "comet/claude-opus-4-5"),
    ],
)
def test_a_choice_for_chat_does_not_move_ghost_text_and_small_tasks(chosen, role, own):
    def own_default(role, provider):
        settings = None if provider in PRESETS else ProviderSettings(base_url="https://x.example")
        name = own_model(role, resolve_endpoint(provider, settings, {}), Shelf())
        return (ModelRef(provider, name),) if name else ()

    layers = [layer("workspace", chat=chosen)]
    selected = resolve_route(role, merge_settings(layers), layers, own_default=own_default)
    assert str(selected.route[0]) == own
    assert (selected.scope == "default") == (own != chosen)
    named = [layer("workspace", chat=chosen, fast="p/f")]
    assert resolve_route("fast", merge_settings(named), named, own_default=own_default).route[0].name == "f"


def test_a_model_that_fills_in_the_middle_is_a_hosts_own_for_ghost_text():
    mine = resolve_endpoint("mine", ProviderSettings(base_url="https://x.example"), {})
    coder = Model(ModelRef("mine", "coder"), roles=frozenset({"complete"}))
    shelf = Shelf((Model(ModelRef("mine", "big")), coder), 1.0)
    assert (own_model("complete", mine, shelf), own_model("fast", mine, shelf)) == ("coder", None)


@pytest.mark.parametrize("role", ["embed", "image", "speech"])
def test_a_chat_model_stands_in_for_no_other_art(role):
    layers = [layer("config.toml", chat="p/c")]
    with pytest.raises(NotConfigured, match=role):
        resolve_route(role, merge_settings(layers), layers)


def test_embeddings_have_no_default_since_they_send_a_whole_workspace():
    nothing, layers = merge_settings([]), [layer("config.toml", embed="p/e")]
    found = resolve_selection(nothing, defaults=lambda role: (ModelRef("p", role),))
    assert "embed" not in found and found["image"].scope == "default"
    chosen = resolve_selection(merge_settings(layers), layers, lambda role: (ModelRef("p", role),))
    assert chosen["embed"].route == (ModelRef("p", "e"),)


def test_with_nothing_at_all_the_user_learns_what_to_do():
    with pytest.raises(NotConfigured) as raised:
        resolve_route("chat", merge_settings([]))
    for word in ("halley key set", "COMETAPI_KEY", "halley simulator"):
        assert word in raised.value.problem.help
    assert resolve_selection(merge_settings([])) == {}


def test_fallbacks_keep_their_order_and_double_ones_go():
    assert [str(ref) for ref in parse_route(["a/x", "b/y/z", "a/x"])] == ["a/x", "b/y/z"]


def test_defaults_come_from_the_first_provider_that_has_something():
    ollama, comet = resolve_endpoint("ollama", None, {}), resolve_endpoint("comet", None, {})
    nothing, some = Shelf(), Shelf((Model(ModelRef("ollama", "qwen3")),), 1.0)
    assert default_route("chat", [(ollama, nothing), (comet, nothing)])[0].provider == "comet"
    assert str(default_route("chat", [(ollama, some), (comet, nothing)])[0]) == "ollama/qwen3"
    assert default_route("image", [(ollama, some)]) == ()


def test_defaults_follow_the_catalogue():
    comet = resolve_endpoint("comet", None, {})
    listed = Shelf((Model(ModelRef("comet", "gpt-5-mini")), Model(ModelRef("comet", "other"))), 1.0)
    assert str(default_route("chat", [(comet, listed)])[0]) == "comet/gpt-5-mini"


def test_the_table_of_defaults_names_presets_and_roles_that_exist():
    from halley.core.models import ROLES

    assert set(_table()) <= set(PRESETS)
    assert all(set(roles) <= set(ROLES) for roles in _table().values())


@pytest.mark.parametrize(
    ("name", "among", "wanted"),
    [
        ("gpt-5-mni", ["gpt-5-mini", "gpt-5", "claude-opus-4-5"], "gpt-5-mini"),
        ("sonnet-4-5", ["claude-sonnet-4-5", "gpt-5-mini", "sim-chat"], "claude-sonnet-4-5"),
        ("claude-3-sonnet", ["claude-sonnet-4-5", "gemini-2.5-pro"], "claude-sonnet-4-5"),
        ("zzz", ["gpt-5-mini"], None),
    ],
)
def test_near_names(name, among, wanted):
    assert next(iter(near_names(name, among)), None) == wanted
