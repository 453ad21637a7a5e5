"""What is known of a model by its name: `catalog/models.toml`, and the `[[models]]` of a preset.

A row says `match` (patterns for the last part of the name, lower case; a pattern with a slash is for the
whole name), perhaps `except`, and facts. Rows are laid over one another from top to bottom, the preset's
last; lists of `drop` add up. What a host itself says of a model goes over all of it (`hosts/catalogue_api.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from halley.core.models import Model, ModelRef, Role
from halley.providers.endpoint import Endpoint
from halley.providers.presets import load_catalog_file, load_preset

MODEL_FIELDS = ("context", "max_output", "roles", "group", "label", "deprecated")
"""Facts that have a field of their own in `Model`; the rest are its capabilities."""


def describe_model(endpoint: Endpoint, name: str, said: Mapping[str, Any] | None = None) -> Model:
    """The model as far as its name and `said` (facts in the names of `catalog/models.toml`) tell."""
    return _describe(endpoint, name, said) if said else _described(endpoint, name)


@lru_cache(maxsize=1024)
def _described(endpoint: Endpoint, name: str) -> Model:
    return _describe(endpoint, name, None)


def _describe(endpoint: Endpoint, name: str, said: Mapping[str, Any] | None) -> Model:
    facts = {**known_facts(endpoint.preset, name), **{k: v for k, v in (said or {}).items() if v is not None}}
    fim = fim_form(endpoint, facts)
    roles = set(facts.get("roles", ("chat", "edit", "fast")))
    if fim:
        roles.add("complete")
    capabilities = {
        k: v for k, v in facts.items() if k not in (*MODEL_FIELDS, "price", "fim_trained", "fim_tokens")
    }
    if fim:
        capabilities["fim"] = fim
    else:
        capabilities.pop("fim", None)
    return Model(
        ref=ModelRef(endpoint.id, name),
        label=facts.get("label") or name,
        group=facts.get("group") or group_of(name, facts.get("owner")),
        context=facts.get("context"),
        max_output=facts.get("max_output"),
        price=facts.get("price"),
        roles=frozenset[Role](roles),
        capabilities=MappingProxyType(capabilities),
        deprecated=bool(facts.get("deprecated", False)),
    )


def fim_form(endpoint: Endpoint, facts: Mapping[str, Any]) -> str:
    """How this host fills in the middle with a model of these facts; empty where it cannot.

    `suffix`, `mistral`, `deepseek`, `llamacpp`, `ollama`, or `tokens:<family>` for the model's own tokens.
    """
    form = facts.get("fim") or (
        endpoint.quirks.fim if facts.get("fim_trained") or facts.get("fim_tokens") else ""
    )
    if form == "tokens":
        return f"tokens:{facts['fim_tokens']}" if facts.get("fim_tokens") else ""
    return str(form)


def facts_of(endpoint: Endpoint, model: Model) -> Mapping[str, Any]:
    """What is known by name, with what the catalogue entry says over it; `asked_effort` is what was picked."""
    known = describe_model(endpoint, model.ref.name).capabilities
    drop = (*endpoint.quirks.drop, *known.get("drop", ()), *model.capabilities.get("drop", ()))
    return {**known, **model.capabilities, "drop": drop, "asked_effort": model.ref.effort}


@lru_cache(maxsize=8192)
def known_facts(preset: str | None, name: str) -> Mapping[str, Any]:
    """The rows that match, laid over one another."""
    lower = name.lower()
    last = lower.rpartition("/")[2]
    facts: dict[str, Any] = {}
    for row in _rows(preset):
        if not row.matches(last, lower):
            continue
        drop = (*facts.get("drop", ()), *row.facts.get("drop", ()))
        facts |= row.facts
        if drop:
            facts["drop"] = tuple(dict.fromkeys(drop))
    return MappingProxyType(facts)


def group_of(name: str, owner: str | None = None) -> str:
    """The family a model is listed under: its maker by its name, else the owner the host names."""
    lower = name.lower()
    for group, patterns in _groups():
        if patterns.match(lower.rpartition("/")[2]):
            return group
    maker, slash, _ = name.partition("/")
    return maker if slash else (owner or "Other")


@dataclass(frozen=True, slots=True)
class _Row:
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None
    whole: bool
    facts: Mapping[str, Any]

    def matches(self, last: str, full: str) -> bool:
        name = full if self.whole else last
        return bool(self.pattern.match(name)) and not (self.unless and self.unless.match(name))


@lru_cache(maxsize=64)
def _rows(preset: str | None) -> tuple[_Row, ...]:
    tables = load_catalog_file("models").get("models", [])
    if preset and load_preset(preset):
        tables = [*tables, *load_catalog_file(preset).get("models", [])]
    return tuple(_row(table) for table in tables)


def _row(table: Mapping[str, Any]) -> _Row:
    patterns = [table["match"]] if isinstance(table["match"], str) else list(table["match"])
    unless = _any_of(table["except"]) if table.get("except") else None
    facts = {
        k: tuple(v) if isinstance(v, list) else v for k, v in table.items() if k not in ("match", "except")
    }
    return _Row(_any_of(patterns), unless, any("/" in pattern for pattern in patterns), facts)


@lru_cache(maxsize=1)
def _groups() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (group, _any_of(patterns)) for group, patterns in load_catalog_file("models")["groups"].items()
    )


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(translate(pattern.lower()) for pattern in patterns))
