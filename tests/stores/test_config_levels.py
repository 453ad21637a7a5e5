"""Which level decides: request → session → workspace → client → .halley.toml → user → config.toml → defaults."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from halley.core.models import ModelRef
from halley.core.settings import Settings
from halley.stores.config.layers import LAYERS, Layer, find_source, get_at, roles_layer
from halley.stores.config.selections import SelectionStore
from halley.stores.config.store import ConfigStore, load_user_config, merge_settings, parse_client_settings
from halley.stores.disk.paths import Paths


def level(name, model: str) -> Layer:
    return roles_layer(name, {"chat": (ModelRef.parse(model),)})


@pytest.mark.parametrize(("weak", "strong"), list(combinations(LAYERS[1:], 2)))
def test_of_any_two_levels_the_stronger_decides(weak, strong) -> None:
    layers = (level(strong, "p/strong"), level(weak, "p/weak"))  # the order they come in does not matter
    assert merge_settings(layers).roles.chat == ("p/strong",)
    source = find_source(layers, "roles.chat")
    assert source is not None and source.name == strong


@pytest.mark.parametrize("name", LAYERS[1:])
def test_any_level_beats_the_default_and_leaves_other_keys_alone(name) -> None:
    layer = Layer(name, {"completion": {"debounce_ms": 7}})
    settings = merge_settings((layer,))
    assert settings.completion.debounce_ms == 7
    assert settings.completion.max_tokens == Settings().completion.max_tokens
    assert find_source((layer,), "completion.max_tokens") is None


def test_every_level_from_its_real_place(paths: Paths, tmp_path: Path) -> None:
    """The same, key by key, through files, the editor's settings and picks."""
    root = tmp_path / "w"
    root.mkdir()
    paths.config_file.write_text(
        '[providers.p]\n[roles]\nchat="p/1"\nedit="p/1"\nfast="p/1"\nimage="p/1"\nembed="p/1"'
    )
    picks = SelectionStore(paths)
    picks.save(None, "edit", (ModelRef("p", "2"),))
    (root / ".halley.toml").write_text('[roles]\nedit="p/3"\nfast="p/3"\nimage="p/3"\nembed="p/3"')
    client = parse_client_settings({"roles": {"fast": "p/4", "image": "p/4", "embed": ["p/4"]}})
    picks.save(root, "image", (ModelRef("p", "5"),))
    picks.save(root, "embed", (ModelRef("p", "5"),))
    session = level("session", "p/9")
    store = ConfigStore(paths)
    layers = (*store.layers(root), picks.layer(None), client, picks.layer(root))
    roles = store.merge(layers).roles
    assert (roles.chat, roles.edit, roles.fast) == (("p/1",), ("p/3",), ("p/4",))
    assert (roles.image, roles.embed) == (("p/5",), ("p/5",))
    assert store.merge((*layers, session)).roles.chat == ("p/9",)
    sources = {role: find_source(layers, f"roles.{role}") for role in ("chat", "edit", "fast", "image")}
    assert {role: layer.name if layer else None for role, layer in sources.items()} == {
        "chat": "config.toml",
        "edit": ".halley.toml",
        "fast": "client",
        "image": "workspace",
    }


def test_providers_merge_by_key_macros_whole_exclusions_add_up() -> None:
    below = Layer(
        "config.toml",
        {
            "providers": {"a": {"base_url": "https://a", "concurrency": 2}},
            "macros": {"m": {"prompt": "mine", "description": "mine"}, "n": {"prompt": "n"}},
            "context": {"exclude": ["secret/**"], "max_tokens": 900},
        },
    )
    above = Layer(
        "client",
        {
            "providers": {"a": {"concurrency": 9}, "b": {}},
            "macros": {"m": {"prompt": "theirs"}},
            "context": {"exclude": ["gen/**"]},
        },
    )
    settings = merge_settings((below, above))
    assert settings.providers["a"].base_url == "https://a"
    assert settings.providers["a"].concurrency == 9
    assert set(settings.providers) == {"a", "b"}
    assert (settings.macros["m"].prompt, settings.macros["m"].description) == ("theirs", "")
    assert set(settings.macros) == {"m", "n"}
    assert settings.context.exclude == ("secret/**", "gen/**")
    assert settings.context.max_tokens == 900


def test_the_editors_settings_in_any_spelling() -> None:
    expected = {"completion": {"debounce_ms": 5, "disabled_languages": ["md"]}, "edits": {"apply": "preview"}}
    for spelling in (
        {"completion": {"debounceMs": 5, "disabledLanguages": ["md"]}, "edits": {"apply": "preview"}},
        {
            "halley": {
                "completion": {"debounce_ms": 5, "disabledLanguages": ["md"]},
                "edits": {"apply": "preview"},
            }
        },
        {
            "completion.debounceMs": 5,
            "completion": {"disabled_languages": ["md"]},
            "halley.edits.apply": "preview",
        },
        {**expected, "chat": {"instructions": None}, "format": None},
    ):
        layer = parse_client_settings(spelling)
        assert layer.problems == ()
        assert {k: v for k, v in layer.data.items() if v} == expected


def test_names_that_people_chose_stay_as_they_are() -> None:
    layer = parse_client_settings(
        {"macros": {"myMacro": {"prompt": "x", "inputs": {"forEach": {"type": "string"}}}}}
    )
    assert list(layer.data["macros"]) == ["myMacro"]
    assert list(layer.data["macros"]["myMacro"]["inputs"]) == ["forEach"]


def test_endpoints_in_the_editors_settings_need_a_clients_word() -> None:
    settings = {"providers": {"comet": {"baseUrl": "https://evil.example"}}, "completion": {"enabled": False}}
    refused = parse_client_settings(settings)
    assert refused.data == {"completion": {"enabled": False}}
    assert refused.problems[0].setting == "providers"
    granted = parse_client_settings(settings, keeps_machine_settings=True)
    assert granted.data["providers"]["comet"]["base_url"] == "https://evil.example"


MACHINE = sorted(
    (top, name)
    for top, field in Settings.model_fields.items()
    if hasattr(field.annotation, "model_fields")
    for name, leaf in field.annotation.model_fields.items()
    if (leaf.json_schema_extra or {}).get("scope") == "machine"
)


@pytest.mark.parametrize(("top", "name"), [*MACHINE, ("providers", "evil")])
def test_what_is_the_users_own_is_refused_from_a_client_that_promises_nothing(top: str, name: str) -> None:
    """Many editors read settings from files of the repository."""
    layer = parse_client_settings({top: {name: {"command": ["evil"]}}})
    assert get_at(layer.data, (top, name)) is None
    assert "config.toml" in layer.problems[0].message


@pytest.mark.parametrize("section", ["team", "daemon"])
def test_no_client_can_set_the_team_or_the_shared_daemon(section: str) -> None:
    said = {section: {"url": "postgresql://a@evil.example/x", "idle_minutes": 1}}
    assert section not in parse_client_settings(said, keeps_machine_settings=True).data


@pytest.mark.parametrize(
    "junk", [3, "x", [], {"a": {"b": [{}]}}, {"roles": 3}, {"": 1}, {"...": {}}, {"halley": 4}]
)
def test_junk_from_an_editor_is_a_problem_not_an_error(junk) -> None:
    layer = parse_client_settings(junk)
    assert layer.problems
    merge_settings((layer,))


def test_wrong_editor_settings_keep_the_last_good_ones() -> None:
    good = parse_client_settings({"completion": {"debounceMs": 5, "maxTokens": 9}})
    bad = parse_client_settings({"completion": {"debounceMs": "soon", "maxTokens": 10}}, good)
    assert bad.data["completion"] == {"debounce_ms": 5, "max_tokens": 10}


def test_nothing_is_expanded(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "CANARY")
    paths.config_file.write_text('[chat]\ninstructions = "${SECRET} $SECRET {env:SECRET} ~"')
    assert load_user_config(paths).data["chat"]["instructions"] == "${SECRET} $SECRET {env:SECRET} ~"
