"""`/v1/chat/completions` (https://platform.openai.com/docs/api-reference/chat).

A chunk is encoded from three parts, so that a streamed token costs one small JSON string and a concatenation.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from orjson import dumps

from halley.simulator.conversation import Answer, Conversation, Message, OfferedTool, SaidToolCall
from halley.simulator.envelope import bad_request, missing
from halley.simulator.frames import Frame
from halley.simulator.wires.wire import (
    ROLES,
    Limits,
    Meta,
    Wire,
    offered,
    side_by_side,
    text_of_parts,
    tool_choice,
    wanted_schema,
)

_ROLES = ROLES | {"tool": "tool", "function": "tool"}


def read(body: Mapping[str, Any]) -> Conversation:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise missing("messages")
    said = tuple(_said(message, at) for at, message in enumerate(messages))  # pyright: ignore[reportUnknownVariableType]
    tools = tuple(_tool(t, at) for at, t in enumerate(body.get("tools") or ()))
    format: Any = body.get("response_format") or {}
    schema = wanted_schema(format, format.get("json_schema"))
    return Conversation(said, tools, tool_choice(body), schema)


def _said(message: Any, at: int) -> Message:
    role = message.get("role") if isinstance(message, dict) else None
    if role not in _ROLES:
        raise bad_request(f"Invalid value for 'messages[{at}].role': {role!r}.", f"messages[{at}].role")
    if "content" not in message and role != "assistant":
        raise missing(f"messages[{at}].content")
    if role == "tool" and not message.get("tool_call_id"):
        raise missing(f"messages[{at}].tool_call_id")
    text, images = text_of_parts(message.get("content"), f"messages[{at}].content")
    return Message(_ROLES[role], text, images, str(message.get("tool_call_id") or ""))  # type: ignore[arg-type]


def _tool(tool: Any, at: int) -> OfferedTool:
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(function, dict) or not function.get("name"):
        raise missing(f"tools[{at}].function.name")
    return offered(function)


def limits(body: Mapping[str, Any]) -> Limits:
    stop = body.get("stop") or ()
    most = body.get("max_completion_tokens") or body.get("max_tokens")
    return Limits(most, (stop,) if isinstance(stop, str) else tuple(stop), int(body.get("n") or 1))


def usage(answers: Sequence[Answer], meta: Meta) -> dict[str, Any]:
    spoken = sum(answer.tokens for answer in answers)
    return {
        "prompt_tokens": meta.prompt_tokens, "completion_tokens": spoken,
        "total_tokens": meta.prompt_tokens + spoken,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0}, "completion_tokens_details": {
        "reasoning_tokens": sum(a.reasoning_tokens for a in answers), "audio_tokens": 0},
    }  # fmt: skip


def whole(answers: Sequence[Answer], meta: Meta) -> dict[str, Any]:
    choices = [
        {"index": at, "message": _message(answer), "logprobs": None, "finish_reason": answer.finish}
        for at, answer in enumerate(answers)
    ]
    return meta.heading("chat.completion") | {"choices": choices, "usage": usage(answers, meta)}


def _message(answer: Answer) -> dict[str, Any]:
    content = None if answer.finish == "tool_calls" and not answer.text else answer.text
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
    if answer.reasoning:
        message["reasoning_content"] = answer.reasoning
    if answer.images:
        message["images"] = [_image(image) for image in answer.images]
    if answer.tool_calls:
        message["tool_calls"] = [_whole_call(call) for call in answer.tool_calls]
    return message


def _image(image: bytes) -> dict[str, Any]:
    """As hosts of this kind send pictures beside the text."""
    url = f"data:image/png;base64,{b64encode(image).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}


def _whole_call(call: SaidToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def frames(answers: Sequence[Answer], meta: Meta) -> list[Frame]:
    head, with_usage = dumps(meta.heading("chat.completion.chunk"))[:-1], meta.wants_usage
    tail = b',"usage":null}' if with_usage else b"}"
    streams = [_choice_frames(answer, at, head, tail, meta) for at, answer in enumerate(answers)]
    ended = head + b',"choices":[],"usage":' + dumps(usage(answers, meta)) + b"}"
    return side_by_side(streams, Frame("usage", ended) if with_usage else None)


def _choice_frames(answer: Answer, index: int, head: bytes, tail: bytes, meta: Meta) -> list[Frame]:
    opening = head + b',"choices":[{"index":%d,"delta":' % index
    closing = b',"logprobs":null,"finish_reason":null}]' + tail

    def delta(kind: Any, json: bytes) -> Frame:
        return Frame(kind, opening + json + closing)

    out = [delta("start", b'{"role":"assistant","content":"","refusal":null}')]
    if answer.reasoning:
        thought = Answer(answer.reasoning).cut(meta.chunk_tokens)
        out += [delta("reasoning", b'{"reasoning_content":' + dumps(piece) + b"}") for piece in thought]
    out += [delta("text", b'{"content":' + dumps(piece) + b"}") for piece in answer.cut(meta.chunk_tokens)]
    out += [delta("text", dumps({"images": [_image(image)]})) for image in answer.images]
    for at, call in enumerate(answer.tool_calls):
        first = _whole_call(call) | {"index": at, "function": {"name": call.name, "arguments": ""}}
        out.append(delta("tool", b'{"tool_calls":[' + dumps(first) + b"]}"))
        for piece in Answer(call.arguments).cut(meta.chunk_tokens):
            more = {"index": at, "function": {"arguments": piece}}
            out.append(delta("tool", b'{"tool_calls":[' + dumps(more) + b"]}"))
    reason = dumps(answer.finish)
    out.append(Frame("finish", opening + b'{},"logprobs":null,"finish_reason":' + reason + b"}]" + tail))
    return out


def error_frame(message: str) -> Frame:
    error = {"message": message, "type": "server_error", "param": None, "code": 502}
    return Frame("error", dumps({"error": error}))


CHAT = Wire(read, limits, whole, frames, error_frame)
