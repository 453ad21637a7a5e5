"""Numbers, times and names out of JSON that anything may have written."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any

MOST_TOKENS = 10**10
MOST_NAME = 200
_NAME = re.compile(r"[\w.:/@+\-\[\]]+")


def tokens(value: Any) -> int:
    """0 for what is no count."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return 0
    return int(value) if 0 <= value <= MOST_TOKENS else 0


def name(value: Any) -> str:
    """A model's name or an ID; empty for what is none."""
    return value if isinstance(value, str) and len(value) <= MOST_NAME and _NAME.fullmatch(value) else ""


def moment(value: Any) -> float | None:
    """Seconds since the epoch, of an ISO time (UTC where it names no zone), of seconds or of milliseconds."""
    if isinstance(value, str) and len(value) <= 40:
        try:
            found = datetime.fromisoformat(value.strip())
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError, OSError):
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    seconds = value / 1000 if abs(value) >= 1e11 else float(value)
    return seconds if 0 <= seconds < 1e11 else None


def inner(value: Any, *names: str) -> Any:
    """What lies at a path of objects; None where one is missing."""
    for one in names:
        value = value.get(one) if isinstance(value, dict) else None
    return value
