"""What is left of the user's money at a host that reports it.

comet        /user/quota at another host of its own
openrouter   /credits
litellm      /key/info: what the proxy counts for a virtual key, and its budget
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from halley.core.errors import UpstreamError
from halley.providers.hosts.host import Host

Json = dict[str, Any]

QUOTA_HOSTS = {"https://api.cometapi.com": "https://query.cometapi.com"}
"""The one exception to a key's belonging to its origin: the host's own query service, for exactly that host.
"""
NO_VIRTUAL_KEYS = (400, 403, 404, 500)
"""How LiteLLM refuses `/key/info` where it has no database, or the key is the proxy's own (master) key."""


async def find_quota(host: Host) -> Json | None:
    """What is left, in US dollars, as `{total?, used, left?, currency, requests?, resets?}`; None where the host does
    not tell. `resets` is a day, or a minute of UTC.

    Raises UpstreamError and NotConfigured like any request.
    """
    match host.endpoint.quirks.quota:
        case "comet":
            return await _comet_quota(host)
        case "openrouter":
            said = (await host.send_for_json("/credits")).get("data") or {}
            return _quota(money(said.get("total_credits")), money(said.get("total_usage")))
        case "litellm":
            return await _litellm_quota(host)
        case _:
            return None


async def _comet_quota(host: Host) -> Json | None:
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
    left, used = money(said.get("total_quota")), money(said.get("total_used_quota"))
    quota = _quota(None if left is None else left + (used or 0.0), used)
    if quota and isinstance(said.get("request_count"), int):
        quota["requests"] = said["request_count"]
    return quota


async def _litellm_quota(host: Host) -> Json | None:
    """A virtual key may ask about itself. The budget is the key's own, or one that several keys share.

    https://docs.litellm.ai/docs/proxy/virtual_keys
    """
    if not await host.find_key():
        return None
    try:
        said = await host.send_for_json(host.endpoint.base_url.removesuffix("/v1") + "/key/info")
    except UpstreamError as error:
        if error.problem.status in NO_VIRTUAL_KEYS:
            return None
        raise
    info = _mapping(_mapping(said).get("info"))
    shared = _mapping(info.get("litellm_budget_table"))
    used = money(info.get("spend"))
    if used is None:
        return None
    own = money(info.get("max_budget"))
    found = _quota(own if own is not None else money(shared.get("max_budget")), used)
    found = found or {"used": used, "currency": "USD"}
    if resets := _moment(info.get("budget_reset_at") or shared.get("budget_reset_at")):
        found["resets"] = resets
    return found


def _moment(value: Any) -> str | None:
    """`2026-12-01`, or `2026-12-01 09:30 UTC` where it is not midnight."""
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return f"{at:%Y-%m-%d}" if (at.hour, at.minute) == (0, 0) else f"{at:%Y-%m-%d %H:%M} UTC"


def _quota(total: float | None, used: float | None) -> Json | None:
    if total is None or used is None:
        return None
    return {"total": total, "used": used, "left": round(total - used, 6), "currency": "USD"}


async def _no_key() -> None:
    return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def money(value: Any) -> float | None:
    """An amount as hosts write it, a number or a text; None for anything else, and below nothing."""
    try:
        amount = float(value)
    except (TypeError, ValueError):
        return None
    return amount if 0 <= amount < float("inf") else None
