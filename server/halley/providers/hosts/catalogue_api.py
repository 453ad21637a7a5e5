"""Catalogues with prices, where a host publishes one beside its `/models`, and what is left of the money.

    comet        /api/models at the root of the host (no key), and /user/quota at another one
    openrouter   prices come with /models itself (`model_list.py`), and /credits

A catalogue that is not available costs the prices, never the list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from halley.core.errors import HalleyError
from halley.core.models import Model, Price
from halley.providers.endpoint import Endpoint
from halley.providers.facts import describe_model, known_facts
from halley.providers.hosts.host import Host
from halley.providers.hosts.limits import with_limits
from halley.providers.hosts.model_list import model_entries, read_model_list

CATALOGUE_S = 10.0
MOST_PAGES = 30
QUOTA_HOSTS = {"https://api.cometapi.com": "https://query.cometapi.com"}
"""The one exception to a key's belonging to its origin: the host's own query service, for exactly that host.
"""
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
    inputs, outputs, request = (_money(pricing.get(name)) for name in ("input", "output", "per_request"))
    second = _money(pricing.get("per_second"))
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


async def find_quota(host: Host) -> dict[str, Any] | None:
    """What is left, in US dollars, as `{total, used, left, requests?}`; None where the host does not tell.

    Raises UpstreamError and NotConfigured like any request.
    """
    match host.endpoint.quirks.quota:
        case "comet":
            return await _comet_quota(host)
        case "openrouter":
            said = (await host.send_for_json("/credits")).get("data") or {}
            return _quota(_money(said.get("total_credits")), _money(said.get("total_usage")))
        case _:
            return None


async def _comet_quota(host: Host) -> dict[str, Any] | None:
    """The key is in the query, so this address must never be shown or logged."""
    from urllib.parse import quote

    base = QUOTA_HOSTS.get(host.endpoint.origin)
    if base is None:
        return None
    key = await host.find_key()
    beside = Host(replace(host.endpoint, base_url=base), host.http, _no_key)
    said = await beside.send_for_json(
        f"{base}/user/quota?key={quote(key, safe='')}", public=True, private=(key,)
    )
    left, used = _money(said.get("total_quota")), _money(said.get("total_used_quota"))
    quota = _quota(None if left is None else left + (used or 0.0), used)
    if quota and isinstance(said.get("request_count"), int):
        quota["requests"] = said["request_count"]
    return quota


def _quota(total: float | None, used: float | None) -> dict[str, Any] | None:
    if total is None or used is None:
        return None
    return {"total": total, "used": used, "left": round(total - used, 6), "currency": "USD"}


async def _no_key() -> None:
    return None


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


def _money(value: Any) -> float | None:
    try:
        amount = float(value)
    except (TypeError, ValueError):
        return None
    return amount if amount >= 0 else None
