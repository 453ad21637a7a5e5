"""Chats, turns and replies as the protocol shows them (JSON, camelCase)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from halley.core.agent import Mode
from halley.core.models import Times, Usage
from halley.engine.code.file_names import is_certain
from halley.engine.markdown.fences import find_fences
from halley.engine.replies.labels import label_of
from halley.features.chat.blind import is_blind, shown
from halley.features.chat.rendering import Places, place_uri, rendered_reply, sources_of
from halley.stores.chats.values import Chat, ChatSummary, Excerpt, Reply, ToolUse, Turn

Json = dict[str, Any]


def summary_json(summary: ChatSummary) -> Json:
    return {
        "chatId": summary.id,
        "title": summary.title,
        "created": _when(summary.created),
        "updated": _when(summary.updated),
        "turns": summary.turns,
    } | ({"match": summary.match} if summary.match else {})


def chat_json(chat: Chat, mode: Mode = "ask") -> Json:
    """`mode` is that of its next turn."""
    current = {turn.id for turn in chat.current_turns}
    root = Path(chat.workspace) if chat.workspace else None
    return {
        "chatId": chat.id,
        "title": chat.title,
        "created": _when(chat.created),
        "updated": _when(chat.updated),
        "forkedFrom": chat.forked_from,
        "turns": [
            turn_json(turn, root) | {"current": turn.id in current} for turn in chat.turns if not turn.undone
        ],
        "marks": [{"kind": m.kind, "afterPosition": m.after_position, "text": m.text} for m in chat.marks],
        "mode": mode,
        "plan": [{"text": step, "state": state} for step, state in chat.agent.get("plan") or ()],
    }


def turn_json(turn: Turn, root: Path | None = None) -> Json:
    """`root` is where the chat's workspace lies, so that places in it can be opened."""
    places = Places.of(turn.excerpts, root)
    return {
        "turnId": turn.id,
        "position": turn.position,
        "prompt": turn.prompt,
        "created": _when(turn.created),
        "excerpts": excerpts_json(turn, root),
        "images": [{"mime": image.mime} for image in turn.images],
        "blind": is_blind(turn),
        "replies": [reply_json(reply, places) for reply in shown(turn).replies],
    }


def excerpts_json(turn: Turn, root: Path | None) -> list[Json]:
    """The protocol's `ChatExcerpt`s: what the turn's variables and the selection brought in."""
    return [_excerpt(excerpt, root) for excerpt in turn.excerpts]


def _excerpt(excerpt: Excerpt, root: Path | None) -> Json:
    found: Json = {"source": excerpt.source, "label": excerpt.label, "tokens": excerpt.tokens}
    path, _, line = excerpt.label.rpartition(":")
    if root and path and line.isdigit():
        found |= {"uri": place_uri(root, path), "line": int(line)}
        found["lastLine"] = int(line) + excerpt.text.rstrip("\n").count("\n")
    return found


def reply_json(reply: Reply, places: Places | None = None) -> Json:
    """The protocol's `Reply`. `text` is as the model wrote it, `rendered` what is safe to show."""
    found: Json = {
        "replyId": reply.id,
        "model": reply.model,
        "text": reply.text,
        "rendered": rendered_reply(reply, places or Places()),
        "status": "interrupted" if reply.status == "open" else reply.status,
        "citations": [
            {"url": c.url, "title": c.title}
            | ({"start": c.start, "end": c.end} if c.start is not None else {})
            for c in reply.citations
        ],
        "sources": [
            {"number": source.number, "url": source.url, "title": source.title}
            for source in sources_of(reply)
        ],
        "blocks": blocks_of(reply.text),
        "images": [
            {"mime": image.mime} | ({"url": image.url} if image.url else {}) for image in reply.images
        ],
        "notices": list(reply.notices),
        "tools": [tool_json(use) for use in reply.tool_uses],
    }
    if media := reply.sent.get("media"):
        found["media"] = list(media)
    if reply.reasoning:
        found["reasoning"] = reply.reasoning
    if reply.problem:
        found["problem"] = reply.problem.to_json()
    if reply.usage:
        found["usage"] = usage_json(reply.usage, reply.times)
    if reply.chosen:
        found["chosen"] = True
    return found


def tool_json(use: ToolUse) -> Json:
    """The protocol's `ToolUse`."""
    found: Json = {
        "callId": use.id, "server": use.server, "tool": use.name, "title": use.title or use.name,
        "arguments": use.arguments, "state": use.state, "result": use.result, "shortened": use.shortened,
        "readOnly": use.read_only, "at": use.at,
    }  # fmt: skip
    found |= {name: text for name, text in (("diff", use.diff), ("command", use.command)) if text}
    return found if use.ms is None else found | {"ms": round(use.ms, 1)}


def blocks_of(text: str) -> list[Json]:
    """The blocks of code in a reply: language, the file it is for where the reply says so, and its lines in the reply
    (from 0, both marks included)."""
    if "```" not in text and "~~~" not in text:
        return []
    found: list[Json] = []
    for fence in find_fences(text.split("\n")):
        label = label_of(fence)
        block: Json = {
            "language": fence.language, "text": fence.text, "first": fence.first, "last": fence.last,
            "closed": fence.closed,
        }  # fmt: skip
        names = label is not None and (label.sure or is_certain(label.path))
        found.append(block | ({"file": label.path} if label and names else {}))
    return found


def usage_json(usage: Usage, times: Times | None) -> Json:
    """The protocol's `Usage`."""
    found: Json = {"inputTokens": usage.input_tokens, "outputTokens": usage.output_tokens}
    if usage.cached_tokens:
        found["cachedTokens"] = usage.cached_tokens
    if usage.written_tokens:
        found["cacheWriteTokens"] = usage.written_tokens
    if usage.cost_usd is not None:
        found["cost"] = {"amount": usage.cost_usd, "currency": "USD", "source": usage.cost_source}
    if times:
        named = {
            "firstTokenMs": times.first_token_ms,
            "totalMs": times.total_ms,
            "tokensPerS": times.tokens_per_s,
        }
        found |= {name: round(value, 1) for name, value in named.items() if value is not None}
    return found


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
