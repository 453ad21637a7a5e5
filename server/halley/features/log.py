"""The newest calls that failed, with what a provider's support asks for: `halley log`.

`failed_calls` reads the ledger; prompts and replies are not in it, so there is nothing to leak.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from halley.core.settings import Settings
from halley.core.usage import FailedCall
from halley.features.room import EngineRoom
from halley.features.usage import read_moment
from halley.providers.presets import load_preset

Json = dict[str, Any]


async def failed_calls(room: EngineRoom, settings: Settings, since: str | None, most: int) -> list[Json]:
    """Newest first; `page` is where the provider shows an account's requests. Raises InvalidInput, StoreFailed."""
    found = await room.ledger.failures(read_moment(since, room.clock.now()), most)
    return [_to_json(call, page_of(call.provider, settings)) for call in found]


def _to_json(call: FailedCall, page: str) -> Json:
    return {
        "time": datetime.fromtimestamp(call.started).astimezone().isoformat(timespec="seconds"),
        "model": f"{call.provider}/{call.model}",
        "feature": call.feature,
        "status": call.status,
        "problem": call.problem,
        "httpStatus": call.http_status,
        "requestId": call.request_id,
        "attempt": call.attempt,
        "totalMs": call.total_ms,
        "page": page or None,
    }


def page_of(provider: str, settings: Settings) -> str:
    """Empty where no page is known, and for a provider whose address is the user's own: the page may be another's."""
    configured = settings.providers.get(provider)
    preset = load_preset((configured.preset if configured else None) or provider)
    if preset is None or (configured and configured.base_url not in (None, preset.base_url)):
        return ""
    return preset.calls_page
