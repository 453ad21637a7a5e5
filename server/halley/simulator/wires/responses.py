"""`/v1/responses` (https://platform.openai.com/docs/api-reference/responses, and its streaming events)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orjson import dumps

from halley.simulator.conversation import Answer, Conversation, Message
from halley.simulator.envelope import bad_request, missing
from halley.simulator.frames import Frame, Kind
from halley.simulator.wires.wire import (
    ROLES,
    Limits,
    Meta,
    Wire,
    offered,
    text_of_parts,
    tool_choice,
    wanted_schema,
)

_Json = dict[str, Any]


def read(body: Mapping[str, Any]) -> Conversation:
    said: list[Message] = []
    if isinstance(body.get("instructions"), str):
        said.append(Message("system", body["instructions"]))
    given = body.get("input")
    if isinstance(given, str):
        said.append(Message("user", given))
    elif isinstance(given, list) and given:
        said += [item for at, raw in enumerate(given) if (item := _said(raw, at))]
    else:
        raise missing("input")
    given_tools: list[dict[str, Any]] = [tool for tool in body.get("tools") or () if isinstance(tool, dict)]
    tools = tuple(offered(tool) for tool in given_tools if tool.get("type") == "function")
    paints = any(tool.get("type") == "image_generation" for tool in given_tools)
    text = body.get("text")
    format = text.get("format") if isinstance(text, dict) else None
    return Conversation(tuple(said), tools, tool_choice(body), wanted_schema(format, format), paints)


def _said(item: Any, at: int) -> Message | None:
    if not isinstance(item, dict):
        raise bad_request(f"Invalid type for 'input[{at}]': expected an object.", f"input[{at}]")
    kind = item.get("type") or "message"
    if kind == "function_call_output":
        output = item.get("output")
        text = output if isinstance(output, str) else text_of_parts(output, f"input[{at}].output")[0]
        return Message("tool", text, tool_call_id=str(item.get("call_id", "")))
    if kind == "function_call":
        return Message("assistant", "")
    if kind != "message":
        return None  # reasoning items and the like say nothing to us
    role = item.get("role")
    if role not in ROLES:
        raise bad_request(f"Invalid value for 'input[{at}].role': {role!r}.", f"input[{at}].role")
    text, images = text_of_parts(item.get("content"), f"input[{at}].content")
    return Message(ROLES[role], text, images)  # type: ignore[arg-type]


def limits(body: Mapping[str, Any]) -> Limits:
    return Limits(body.get("max_output_tokens"))


def whole(answers: Sequence[Answer], meta: Meta) -> dict[str, Any]:
    answer = answers[0]
    return _response(meta, "incomplete" if _cut(answer) else "completed", answer)


def _cut(answer: Answer) -> bool:
    return answer.finish in ("length", "content_filter")


def _response(meta: Meta, status: str, answer: Answer | None) -> dict[str, Any]:
    body = meta.body
    reason = "max_output_tokens" if answer and answer.finish == "length" else "content_filter"
    return {
        "id": meta.id, "object": "response", "created_at": meta.created, "status": status, "error": None,
        "incomplete_details": {"reason": reason} if status == "incomplete" else None,
        "instructions": body.get("instructions"), "max_output_tokens": body.get("max_output_tokens"),
        "model": meta.model, "output": _items(answer, meta) if answer else [],
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": body.get("previous_response_id"),
        "reasoning": {"effort": None, "summary": None}, "store": bool(body.get("store", True)),
        "temperature": body.get("temperature", 1.0), "text": body.get("text") or {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": [{"strict": None, "parameters": None} | tool for tool in body.get("tools") or []],
        "top_p": body.get("top_p", 1.0), "truncation": body.get("truncation", "disabled"),
        "usage": _usage(answer, meta) if answer else None, "user": body.get("user"),
        "metadata": (body.get("metadata") or {}) | {"simulated": "true"},
    }  # fmt: skip


def _usage(answer: Answer, meta: Meta) -> dict[str, Any]:
    return {
        "input_tokens": meta.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": answer.tokens,
        "output_tokens_details": {"reasoning_tokens": answer.reasoning_tokens},
        "total_tokens": meta.prompt_tokens + answer.tokens,
    }


def _items(answer: Answer, meta: Meta) -> list[dict[str, Any]]:
    """The output items, finished."""
    status, tail = "incomplete" if _cut(answer) else "completed", meta.id[5:]
    items: list[dict[str, Any]] = []
    if answer.reasoning:
        summary = [{"type": "summary_text", "text": answer.reasoning}]
        items.append({"type": "reasoning", "id": f"rs_{tail}", "summary": summary})
    if answer.text or not answer.tool_calls:
        said = {"id": f"msg_{tail}", "role": "assistant", "status": status}
        content = [{"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}]
        items.append({"type": "message", **said, "content": content})
    for at, image in enumerate(answer.images):
        picture = {"type": "image_generation_call", "id": f"ig_{tail}_{at}", "status": "completed"}
        items.append(picture | {"result": b64encode(image).decode()})
    for at, call in enumerate(answer.tool_calls):
        named = {"id": f"fc_{tail}_{at}", "call_id": call.id, "name": call.name}
        items.append({"type": "function_call", **named, "arguments": call.arguments, "status": "completed"})
    return items


@dataclass(slots=True)
class _Events:
    """Frames with the running number each event of a response carries."""

    out: list[Frame] = field(default_factory=list)

    def add(self, kind: Kind, type: str, **fields: Any) -> None:
        event = {"type": type, "sequence_number": len(self.out), **fields}
        self.out.append(Frame(kind, dumps(event), type))


def frames(answers: Sequence[Answer], meta: Meta) -> list[Frame]:
    answer, events = answers[0], _Events()
    begun = _response(meta, "in_progress", None)
    events.add("start", "response.created", response=begun)
    events.add("start", "response.in_progress", response=begun)
    for at, item in enumerate(_items(answer, meta)):
        empty, say = _STREAMED[item["type"]]
        events.add("start", "response.output_item.added", output_index=at, item=item | empty)
        say(events, item, {"item_id": item["id"], "output_index": at}, answer, meta)
        last = "start" if item["type"] == "reasoning" else "finish"
        events.add(last, "response.output_item.done", output_index=at, item=item)
    ended = whole(answers, meta)
    events.add("finish", f"response.{ended['status']}", response=ended)
    return events.out


def _reasoning(events: _Events, item: _Json, where: _Json, answer: Answer, meta: Meta) -> None:
    where, part = where | {"summary_index": 0}, item["summary"][0]
    events.add("start", "response.reasoning_summary_part.added", **where, part=part | {"text": ""})
    for piece in Answer(answer.reasoning).cut(meta.chunk_tokens):
        events.add("reasoning", "response.reasoning_summary_text.delta", **where, delta=piece)
    events.add("start", "response.reasoning_summary_text.done", **where, text=answer.reasoning)
    events.add("start", "response.reasoning_summary_part.done", **where, part=part)


def _text(events: _Events, item: _Json, where: _Json, answer: Answer, meta: Meta) -> None:
    where, part = where | {"content_index": 0}, item["content"][0]
    events.add("start", "response.content_part.added", **where, part=part | {"text": ""})
    for piece in answer.cut(meta.chunk_tokens):
        events.add("text", "response.output_text.delta", **where, delta=piece, logprobs=[])
    events.add("finish", "response.output_text.done", **where, text=answer.text, logprobs=[])
    events.add("finish", "response.content_part.done", **where, part=part)


def _picture(events: _Events, item: _Json, where: _Json, answer: Answer, meta: Meta) -> None:
    events.add("start", "response.image_generation_call.in_progress", **where)
    events.add("finish", "response.image_generation_call.completed", **where)


def _tool_call(events: _Events, item: _Json, where: _Json, answer: Answer, meta: Meta) -> None:
    for piece in Answer(item["arguments"]).cut(meta.chunk_tokens):
        events.add("tool", "response.function_call_arguments.delta", **where, delta=piece)
    done = {"arguments": item["arguments"], "name": item["name"]}
    events.add("finish", "response.function_call_arguments.done", **where, **done)


_STREAMED: dict[str, tuple[_Json, Callable[[_Events, _Json, _Json, Answer, Meta], None]]] = {
    "reasoning": ({"summary": []}, _reasoning),
    "message": ({"content": [], "status": "in_progress"}, _text),
    "image_generation_call": ({"status": "in_progress", "result": None}, _picture),
    "function_call": ({"arguments": "", "status": "in_progress"}, _tool_call),
}
"""How an item of each type begins, and the events between its beginning and its end."""


def error_frame(message: str) -> Frame:
    event = {"type": "error", "sequence_number": 0, "code": "server_error", "message": message, "param": None}
    return Frame("error", dumps(event), "error")


RESPONSES = Wire(read, limits, whole, frames, error_frame)
