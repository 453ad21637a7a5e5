"""When a host wants to be asked again, in all the forms they say it.

retry-after-ms: 1500          retry-after: 2 | 0.5 | Fri, 31 Oct 2025 10:00:00 GMT
x-ratelimit-reset-requests: 6m0s | 500ms | 12 | epoch seconds or milliseconds (also -tokens, and without
either) anthropic-ratelimit-*-reset: 2025-10-31T10:00:00Z
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LENGTH = re.compile(
    r"(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?"
)
_UNITS_MS = (86_400_000, 3_600_000, 60_000, 1000, 1)
_IN_WORDS = re.compile(
    r"(?:try again|retry|wait|reset)[^.\d]{0,30}(?:in|after)\s+((?:\d+(?:\.\d+)?(?:ms|s|m|h)?)+)",
    re.IGNORECASE,
)
_IN_BODY = re.compile(r'"retryDelay":\s*"(\d+(?:\.\d+)?s)"')


def retry_after_ms(headers: Mapping[str, str], now: datetime, said: str = "") -> int | None:
    """Milliseconds from `now` (aware), or None without such a header. Names of `headers` are lower case.

    A length in the words of the error (`try again in 1.5s`) counts when no header says anything.
    """
    if (value := headers.get("retry-after-ms")) is not None and (ms := _number(value)) is not None:
        return _whole(ms)
    if (value := headers.get("retry-after")) is not None and (ms := _seconds_or_date(value, now)) is not None:
        return _whole(ms)
    resets = [
        ms
        for name, value in headers.items()
        if _is_spent(name, headers) and (ms := _reset(value, now)) is not None
    ]
    if resets:
        return _whole(max(resets))
    if found := (_IN_BODY.search(said) or _IN_WORDS.search(said)):
        text = found[1] if found[1][-1].isalpha() else f"{found[1]}s"
        return _whole(_length(text))
    return None


def _is_spent(name: str, headers: Mapping[str, str]) -> bool:
    """A header that names the reset of a limit with nothing left; a limit with room left is not what is
    waited for.
    """
    if "ratelimit" not in name or "reset" not in name:
        return False
    left = headers.get(name.replace("reset", "remaining"))
    return left is None or (_number(left) or 0) <= 0


def _seconds_or_date(value: str, now: datetime) -> float | None:
    if (seconds := _number(value)) is not None:
        return seconds * 1000
    if (ms := _length(value)) is not None:
        return ms
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return _iso(value, now)
    return ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds() * 1000


def _reset(value: str, now: datetime) -> float | None:
    number = _number(value)
    if number is None:
        return ms if (ms := _length(value)) is not None else _iso(value, now)
    if number > 1e11:  # an epoch in milliseconds
        return number - now.timestamp() * 1000
    if number > 1e9:  # in seconds
        return (number - now.timestamp()) * 1000
    return number * 1000


def _iso(value: str, now: datetime) -> float | None:
    try:
        date = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds() * 1000


def _length(value: str) -> float | None:
    """`6m0s`, `500ms`, `1h2m3.5s` in milliseconds."""
    found = _LENGTH.fullmatch(value.strip().lower())
    if not found or not value.strip():
        return None
    return sum(float(part) * unit for part, unit in zip(found.groups(), _UNITS_MS, strict=True) if part)


def _number(value: str) -> float | None:
    try:
        number = float(value.strip())
    except ValueError:
        return None
    return number if 0 <= number < 1e15 else (0.0 if number < 0 else None)


def _whole(ms: float | None) -> int | None:
    return None if ms is None else max(0, min(round(ms), 7 * 86_400_000))
