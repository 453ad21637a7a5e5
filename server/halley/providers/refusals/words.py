"""The words by which hosts say what went wrong. Matched against code, type and message in lower case."""

from __future__ import annotations

import re


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


_KEY = r"\b(api[- _]?key|(this|your|the) key|token)"
_ENDED = r"(expired|revoked|disabled|deactivated|deleted|blocked|suspended)\b"
TOO_LONG = _any(
    r"context_length|context length|context window|maximum context|max context|exceed_context_size",
    r"prompt is too long|input is too long|prompt_too_long|request_too_large|string_above_max_length",
    r"too many (input )?tokens|reduce the length|range of input length|tokens? limit exceeded",
    r"exceeds the (maximum|max|model)[^.]{0,40}(token|length|context)",
    r"input token count[^.]{0,60}exceeds",
)
QUOTA = _any(
    r"insufficient[_ ](user_)?(quota|balance|credit|funds|account)|pre_consume_token_quota_failed",
    r"quota is not enough|quota has been (used|exhausted)|exceeded your current quota",
    r"credit balance is too low|billing|payment required|out of credits?|not enough credits?",
    r"requires more credits|balance (is )?(not enough|insufficient)|arrears|余额不足|额度",
    r"budget (has been |was )?exceeded|budget_exceeded|exceededtokenbudget|(spend|spending) limit",
    r"insufficient[_ ]?credits?|negative balance|not enough (balance|money|funds|quota)",
    r"key limit exceeded|(usage|credit|monthly|total) limits?( has been| was)? (exceeded|reached)",
    r"reached your[^.]{0,30} usage limit",
    r"(doesn't|don't|do not|does not|n't) have any credits|free quota|freetieronly|arrearage",
)
QUOTA_OF_KEY = _any(r"额度(已用尽|不足)|(quota|budget) (is |has been )?(exhausted|used up)|remainquota")
"""Of the key itself, which some relays report as if the key were wrong."""
AUTH = _any(
    r"invalid[_ ](api[_ ])?(key|token)|incorrect api key|invalid x-api-key|api[_ ]key not valid|api_key_invalid",
    r"invalid_authentication|authentication_error|unauthorized|no api key|missing api key|invalid_grant",
    r"无效的令牌|令牌(已|状态)|no connected db|no_db_connection",  # LiteLLM looks for unknown keys in its database
    rf"{_KEY}[^.]{{0,40}} {_ENDED}|{_ENDED}[^.]{{0,20}} {_KEY}",
    rf"\b(organi[sz]ation|account|workspace|team|project)\b[^.]{{0,20}} (is|was|has been) {_ENDED}",
)
NO_MODEL = _any(
    r"model_not_found|model_not_exist|no such model|invalid_model|model_not_supported|not a valid model",
    r"models?\b[^.]{0,120}(does not exist|do not exist|not exist|not found|not available|not supported)",
    r"models?\b[^.]{0,120}(is not a valid|unknown|no access|decommissioned)",
    r"模型[^。]{0,80}无可用渠道|deploymentnotfound|deployment[^.]{0,60}does not exist",
    r"(unknown|invalid|unsupported|no available channel for) model|(not_found_error|not found)[^.]{0,40}model",
)
OVERLOADED = _any(
    r"overloaded|no available channel|capacity|temporarily unavailable|server_error|internal_error",
    r"upstream|bad gateway",
)
RATE = _any(
    r"rate.?limit|too many requests|resource_exhausted|throttl|tpm|rpm limit|concurrency limit",
)
REFUSED_PARAMETER = _any(
    r"unsupported|not supported|unrecognized|unknown (name|parameter|field|argument|key)|unknown_parameter",
    r"extra inputs|extra_forbidden|not permitted|not allowed|does not support|not available for",
    r"unexpected (keyword|parameter|field)|invalid parameter|only the default|is deprecated|no longer",
    r"cannot be (used|specified|set)",
)
INVALID_REQUEST = _any(r"\b(invalid_request|invalid_request_error|invalid_parameter\w*|bad_request)\b")
KEY_SHAPED = re.compile(
    r"\b(sk|pk|rk|key|gsk|xai|r8|hf)[-_][\w*.-]{6,}|\bAIza[\w-]{20,}|\b[A-Za-z0-9+/_-]{40,}\b"
)
"""What looks like a key, in a message that is about to be shown (matched as it is written)."""
