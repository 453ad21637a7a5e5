"""Chats, turns and replies as the protocol shows them (JSON, camelCase)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from halley.core.models import Times, Usage
from halley.stores.chat_values import Chat, ChatSummary, Reply, Turn

Json = dict[str, Any]


def summary_json(summary: ChatSummary) -> Json:
    return {
        "chatId": summary.id,
        "title": summary.title,
        "created": _when(summary.created),
        "updated": _when(summary.updated),
        "turns": summary.turns,
    } | ({"match": summary.match} if summary.match else {})


def chat_json(chat: Chat) -> Json:
    current = {turn.id for turn in chat.current_turns}
    return {
        "chatId": chat.id,
        "title": chat.title,
        "created": _when(chat.created),
        "updated": _when(chat.updated),
        "forkedFrom": chat.forked_from,
        "turns": [
            turn_json(turn) | {"current": turn.id in current} for turn in chat.turns if not turn.undone
        ],
        "marks": [{"kind": m.kind, "afterPosition": m.after_position, "text": m.text} for m in chat.marks],
    }


def turn_json(turn: Turn) -> Json:
    return {
        "turnId": turn.id,
        "prompt": turn.prompt,
        "created": _when(turn.created),
        "excerpts": [{"source": e.source, "label": e.label, "tokens": e.tokens} for e in turn.excerpts],
        "images": [{"mime": image.mime} for image in turn.images],
        "replies": [reply_json(reply) for reply in turn.replies],
    }


def reply_json(reply: Reply) -> Json:
    """The protocol's `Reply`."""
    shown: Json = {
        "replyId": reply.id,
        "model": reply.model,
        "text": reply.text,
        "status": "interrupted" if reply.status == "open" else reply.status,
        "citations": [
            {"url": c.url, "title": c.title}
            | ({"start": c.start, "end": c.end} if c.start is not None else {})
            for c in reply.citations
        ],
        "images": [
            {"mime": image.mime} | ({"url": image.url} if image.url else {}) for image in reply.images
        ],
    }
    if reply.reasoning:
        shown["reasoning"] = reply.reasoning
    if reply.problem:
        shown["problem"] = reply.problem.to_json()
    if reply.usage:
        shown["usage"] = usage_json(reply.usage, reply.times)
    if reply.chosen:
        shown["chosen"] = True
    return shown


def usage_json(usage: Usage, times: Times | None) -> Json:
    """The protocol's `Usage`."""
    shown: Json = {"inputTokens": usage.input_tokens, "outputTokens": usage.output_tokens}
    if usage.cached_tokens:
        shown["cachedTokens"] = usage.cached_tokens
    if usage.cost_usd is not None:
        shown["cost"] = {"amount": usage.cost_usd, "currency": "USD", "source": usage.cost_source}
    if times:
        named = {
            "firstTokenMs": times.first_token_ms,
            "totalMs": times.total_ms,
            "tokensPerS": times.tokens_per_s,
        }
        shown |= {name: round(value, 1) for name, value in named.items() if value is not None}
    return shown


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
