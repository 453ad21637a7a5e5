"""Catalogues with prices, where a host publishes one beside its `/models`.

    comet        /api/models at the root of the host (no key)
    openrouter   prices come with /models itself (`model_list.py`)

A catalogue that is not available costs the prices, never the list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from halley.core.errors import HalleyError
from halley.core.models import Model, Price
from halley.providers.endpoint import Endpoint
from halley.providers.facts import describe_model, known_facts
from halley.providers.hosts.host import Host
from halley.providers.hosts.limits import with_limits
from halley.providers.hosts.model_list import model_entries, read_model_list
from halley.providers.hosts.quota import money

CATALOGUE_S = 10.0
MOST_PAGES = 30
ROLES: dict[str, tuple[str, ...]] = {
    "embedding": ("embed",),
    "image": ("image",),
    "video": ("video",),
    "music": (),
    "rerank": (),
}
FEATURES = {
    "tools": "tools", "function-calling": "tools", "vision": "vision", "image-to-text": "vision",
    "thinking": "reasoning", "reasoning": "reasoning", "fim": "fim_trained",
}  # fmt: skip


async def list_with_prices(host: Host) -> tuple[Model, ...]:
    """What `/models` lists, with what the published catalogue says of each."""
    if host.endpoint.quirks.catalogue != "comet":
        models = read_model_list(host.endpoint, await host.send_for_json("/models"))
        return await with_limits(host, models)
    rows = asyncio.ensure_future(load_public_rows(host))
    try:
        said = await host.send_for_json("/models")
        return with_rows(host.endpoint, read_model_list(host.endpoint, said), await rows)
    finally:
        rows.cancel()


async def load_public_rows(host: Host) -> list[Mapping[str, Any]]:
    """All pages of the published catalogue; empty when it is not available. No key is sent."""
    url = host.endpoint.root_url("/api/models")
    rows: list[Mapping[str, Any]] = []
    try:
        async with asyncio.timeout(CATALOGUE_S):
            for page in range(1, MOST_PAGES + 1):
                said = await host.send_for_json(f"{url}?page={page}" if page > 1 else url, public=True)
                found = [row for row in model_entries(said) or [] if isinstance(row, Mapping)]
                if not found or (rows and found[0] == rows[0]):  # the host knows no pages
                    break
                rows += found
                if len(rows) >= (said.get("total") or 0):
                    break
    except (HalleyError, TimeoutError):
        pass
    return rows


def with_rows(
    endpoint: Endpoint, models: tuple[Model, ...], rows: list[Mapping[str, Any]]
) -> tuple[Model, ...]:
    """The models, with the rows of the same `id` or `code` (they differ on some) laid under them."""
    by_name: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        for name in (row.get("code"), row.get("id")):
            if isinstance(name, str):
                by_name.setdefault(name.lower(), row)
    return tuple(_with_row(endpoint, model, by_name.get(model.ref.name.lower())) for model in models)


def comet_facts(row: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of one row, in the names of `catalog/models.toml`."""
    features = [str(feature).lower() for feature in row.get("features") or () if feature]
    return {
        "label": row.get("name") if isinstance(row.get("name"), str) else None,
        "context": _positive(row.get("context_length")),
        "max_output": _positive(row.get("max_completion_tokens")) or _positive(row.get("max_output")),
        "price": comet_price(row.get("pricing")),
        "roles": _roles(row),
    } | {FEATURES[feature]: True for feature in features if feature in FEATURES}


def _roles(row: Mapping[str, Any]) -> tuple[str, ...] | None:
    """By the kind of model; `audio` says nothing of whether it speaks or listens, and the name does."""
    kind = str(row.get("model_type") or "").lower()
    if kind != "audio":
        return ROLES.get(kind)
    known = known_facts(None, str(row.get("code") or row.get("id") or "")).get("roles")
    return tuple(known) if known else ("speech",)


def comet_price(pricing: Any) -> Price | None:
    """US dollars per million tokens, per request or per second; other money is unknown."""
    if not isinstance(pricing, Mapping) or not str(pricing.get("currency") or "USD").upper().startswith(
        "USD"
    ):
        return None
    inputs, outputs, request = (money(pricing.get(name)) for name in ("input", "output", "per_request"))
    second = money(pricing.get("per_second"))
    if request or second:
        return Price(
            inputs or None,
            outputs or None,
            per_request=request or None,
            per_second=second or None,
            source="provider",
        )
    if inputs is None or outputs is None:
        return None
    return Price(inputs, outputs, source="provider")


def _with_row(endpoint: Endpoint, model: Model, row: Mapping[str, Any] | None) -> Model:
    if row is None:
        return model
    listed = {"context": model.context, "max_output": model.max_output, "price": model.price}
    facts = comet_facts(row)
    said = {name: facts.get(name) or value for name, value in listed.items()}
    return describe_model(endpoint, model.ref.name, {**facts, **said})


def _positive(value: Any) -> int | None:
    return (
        int(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None
    )
