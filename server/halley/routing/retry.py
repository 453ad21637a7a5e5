"""Which errors are retried and which move on to the next model: a table of upstream faults, as data.

This is the only place that decides retries: providers never retry on their own. The table applies before the first
visible token; after it nothing is sent again, whatever the fault.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from halley.core.errors import (
    AuthFailed,
    BadReply,
    ContextTooLong,
    HalleyError,
    Interrupted,
    ModelNotFound,
    ProviderUnavailable,
    ProxyFailed,
    QuotaExhausted,
    RateLimited,
    RedirectRefused,
    RequestRefused,
    TlsFailed,
    UpstreamTimeout,
)

FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 8.0
LONGEST_RETRY_AFTER_S = 60.0
"""If a host asks for a longer pause than this, the next model is used."""


@dataclass(frozen=True, slots=True)
class Rule:
    attempts: int
    """The most requests to one host."""
    onward: Literal["any", "elsewhere", "no"] = "no"
    """Which model may come next: any, only another provider's, or none."""
    host_failed: bool = False
    """Whether the host is to blame, so that it counts towards its cooldown."""


# A refused request would be refused again, and a fallback would hide the setting that the user has to fix.
REFUSED = Rule(1)
FAULTY = Rule(3, "any", host_failed=True)
EMPTY = Rule(2, "any", host_failed=True)
NO_CHANNEL = Rule(1, "any")  # a relay has tried all it has; its other models lie elsewhere

RULES: dict[type[HalleyError], Rule] = {
    ProviderUnavailable: FAULTY,
    UpstreamTimeout: FAULTY,
    Interrupted: FAULTY,  # cut before it said anything
    RateLimited: Rule(3, "any"),  # a busy host is not a broken one, so it earns no cooldown
    # The account is empty, so neither a retry nor the provider's other models can answer.
    QuotaExhausted: Rule(1, "elsewhere"),
    BadReply: REFUSED,  # but see `rule_for`, also for ModelNotFound
    AuthFailed: REFUSED,
    ModelNotFound: REFUSED,
    RequestRefused: REFUSED,
    ContextTooLong: REFUSED,  # shortened once by `failover.py`, which is another request
    TlsFailed: REFUSED,
    ProxyFailed: REFUSED,
    RedirectRefused: REFUSED,
}


def rule_for(error: HalleyError) -> Rule:
    """The rule of the error's class or its nearest base; what the table does not name is refused."""
    if isinstance(error, BadReply) and error.empty:
        return EMPTY
    if isinstance(error, ModelNotFound) and error.for_now:
        return NO_CHANNEL
    for kind in type(error).__mro__:
        if kind in RULES:
            return RULES[kind]
    return REFUSED


def pause_before_retry(
    error: HalleyError, attempt: int, uniform: Callable[[float, float], float]
) -> float | None:
    """Seconds to wait after `attempt` (1 for the first) failed; None when the host asks for too long a pause.

    Full jitter from 0.5 to 8 s, https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/, unless the
    host says itself when to come back.
    """
    told = error.problem.retry_after_ms
    if told is not None:
        seconds = max(0.0, told / 1000)
        return seconds if seconds <= LONGEST_RETRY_AFTER_S else None
    # Full jitter, because a fixed backoff sends all clients of a failed host back at the same moment.
    return uniform(0.0, min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** (attempt - 1)))
