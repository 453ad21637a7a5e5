"""`/v1/messages` (https://docs.anthropic.com/en/api/messages, and its streaming events)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orjson import JSONDecodeError, dumps, loads

from halley.simulator.conversation import Answer, Conversation, Message
from halley.simulator.envelope import anthropic_error, bad_request
from halley.simulator.frames import Frame, Kind
from halley.simulator.wires.wire import Limits, Meta, Wire, offered, text_of_parts, tool_choice

_STREAMED: dict[str, tuple[dict[str, Any], Kind, str, str]] = {
    "thinking": ({"thinking": "", "signature": ""}, "reasoning", "thinking_delta", "thinking"),
    "text": ({"text": ""}, "text", "text_delta", "text"),
    "tool_use": ({"input": {}}, "tool", "input_json_delta", "partial_json"),
}
"""How a block of each type begins, what its frames are, and the delta its pieces come in."""
_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}


def read(body: Mapping[str, Any]) -> Conversation:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise bad_request("messages: Field required", "messages")
    if not isinstance(body.get("max_tokens"), int):
        raise bad_request("max_tokens: Field required", "max_tokens")
    said: list[Message] = []
    if body.get("system"):
        said.append(Message("system", text_of_parts(body["system"], "system")[0]))
    for at, message in enumerate(messages):
        said += _said(message, at)
    tools = tuple(offered(tool) for tool in body.get("tools") or () if "input_schema" in tool)
    return Conversation(tuple(said), tools, tool_choice(body))


def _said(message: Any, at: int) -> list[Message]:
    role = message.get("role") if isinstance(message, dict) else None
    if role not in ("user", "assistant"):
        raise bad_request(f"messages.{at}.role: Input should be 'user' or 'assistant'", f"messages.{at}.role")
    content = message.get("content")
    text, images = text_of_parts(content, f"messages.{at}.content")
    parts: list[Any] = content if isinstance(content, list) else []
    results = [
        Message(
            "tool", text_of_parts(part.get("content"), "content")[0], (), str(part.get("tool_use_id", ""))
        )
        for part in parts
        if isinstance(part, dict) and part.get("type") == "tool_result"
    ]
    own = [Message(role, text, images)] if text or images or not results else []
    return [*own, *results]


def limits(body: Mapping[str, Any]) -> Limits:
    return Limits(body.get("max_tokens"), tuple(body.get("stop_sequences") or ()))


def whole(answers: Sequence[Answer], meta: Meta) -> dict[str, Any]:
    answer = answers[0]
    return _message(meta, _blocks(answer), _REASONS[answer.finish], answer.tokens)


def _message(meta: Meta, content: list[dict[str, Any]], reason: str | None, spoken: int) -> dict[str, Any]:
    return {
        "id": meta.id, "type": "message", "role": "assistant", "model": meta.model, "content": content,
        "stop_reason": reason, "stop_sequence": None, "usage": {"input_tokens": meta.prompt_tokens,
        "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": spoken,
        "service_tier": "standard"},
    }  # fmt: skip


def _blocks(answer: Answer) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if answer.reasoning:
        blocks.append({"type": "thinking", "thinking": answer.reasoning, "signature": "simulated"})
    if answer.text or not answer.tool_calls:
        blocks.append({"type": "text", "text": answer.text})
    for call in answer.tool_calls:
        given = _object(call.arguments)
        blocks.append({"type": "tool_use", "id": f"toolu_{call.id}", "name": call.name, "input": given})
    return blocks


def _object(arguments: str) -> dict[str, Any]:
    """Arguments as the object this API sends; broken JSON, which it could not send, as an empty one."""
    try:
        value = loads(arguments)
    except JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def frames(answers: Sequence[Answer], meta: Meta) -> list[Frame]:
    answer = answers[0]
    out = [_event("start", "message_start", message=_message(meta, [], None, 1)), _event("start", "ping")]
    calls = iter(answer.tool_calls)
    for at, block in enumerate(_blocks(answer)):
        empty, kind, delta, field = _STREAMED[block["type"]]
        said = answer if kind == "text" else Answer(answer.reasoning)
        if kind == "tool":
            said = Answer(next(calls).arguments)
        deltas = [{"type": delta, field: piece} for piece in said.cut(meta.chunk_tokens)]
        if kind == "reasoning":
            deltas.append({"type": "signature_delta", "signature": "simulated"})
        out.append(_event("start", "content_block_start", index=at, content_block=block | empty))
        out += [_event(kind, "content_block_delta", index=at, delta=piece) for piece in deltas]
        out.append(_event("start" if kind == "reasoning" else "finish", "content_block_stop", index=at))
    ended = {"stop_reason": _REASONS[answer.finish], "stop_sequence": None}
    usage = {"input_tokens": meta.prompt_tokens, "output_tokens": answer.tokens}
    out.append(_event("finish", "message_delta", delta=ended, usage=usage))
    out.append(_event("done", "message_stop"))
    return out


def _event(kind: Kind, type: str, **fields: Any) -> Frame:
    return Frame(kind, dumps({"type": type, **fields}), type)


def error_frame(message: str) -> Frame:
    return Frame("error", dumps(anthropic_error(529, message, "req_sim")), "error")


MESSAGES = Wire(read, limits, whole, frames, error_frame)
