"""How much a model should think, in each protocol's words: a fact of the catalogue (`effort`) says which it takes.

    openai       `reasoning_effort`, and `reasoning.effort` at `/responses`
    openrouter   `reasoning.effort` in a chat
    budget       `thinking.budget_tokens` in the Messages protocol

A model of which nothing is known is left alone: many hosts refuse what they do not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from halley.core.models import Effort

BUDGETS: Mapping[Effort, int] = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 24_576}
"""Tokens for thinking; fewer than 1,024 are refused
(https://docs.claude.com/en/docs/build-with-claude/extended-thinking)."""


def chat_effort(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Fields for the body of `/chat/completions`."""
    effort: Effort | None = facts.get("asked_effort")
    if effort is None:
        return {}
    if facts.get("effort_by") == "openrouter" and facts.get("effort"):
        return {"reasoning": {"effort": effort}}
    return {"reasoning_effort": effort} if facts.get("effort") == "openai" else {}


def responses_effort(facts: Mapping[str, Any]) -> dict[str, Any] | None:
    """`reasoning` of the body of `/responses`; None for a model that does not think."""
    effort: Effort | None = facts.get("asked_effort")
    if not facts.get("reasoning"):
        return None
    asked = {"effort": effort} if effort and facts.get("effort") == "openai" else {}
    return {"summary": "auto"} | asked


def messages_effort(facts: Mapping[str, Any], limit: int, max_output: int | None) -> dict[str, Any]:
    """Fields for the body of `/messages`: the limit counts thinking too, and a temperature cannot be set beside it."""
    effort: Effort | None = facts.get("asked_effort")
    if effort is None or facts.get("effort") != "budget":
        return {"max_tokens": limit}
    budget = BUDGETS[effort]
    most = max(max_output or limit + budget, 2048)
    whole = min(limit + budget, most)
    thinking = {"type": "enabled", "budget_tokens": max(1024, min(budget, whole - min(limit, 1024)))}
    return {"max_tokens": max(whole, 2048), "thinking": thinking, "temperature": None}
