"""`/v1/chat/completions` (https://platform.openai.com/docs/api-reference/chat).

A chunk is encoded from three parts, so that a streamed token costs one small JSON string and a concatenation.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from halley.simulator.conversation import FINGERPRINT, Answer, Conversation, OfferedTool, Said, SaidToolCall
from halley.simulator.envelope import bad_request, missing
from halley.simulator.frames import DONE, Frame
from halley.simulator.wires.wire import Limits, Meta, Wire, dumps, text_of_parts

_ROLES = {
    "system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool",
    "function": "tool",
}  # fmt: skip


def read(body: Mapping[str, Any]) -> Conversation:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise missing("messages")
    said = tuple(_said(message, at) for at, message in enumerate(messages))  # pyright: ignore[reportUnknownVariableType]
    tools = tuple(_tool(t, at) for at, t in enumerate(body.get("tools") or ()))
    return Conversation(said, tools, _choice(body.get("tool_choice")), _schema(body.get("response_format")))


def _said(message: Any, at: int) -> Said:
    role = message.get("role") if isinstance(message, dict) else None
    if role not in _ROLES:
        raise bad_request(f"Invalid value for 'messages[{at}].role': {role!r}.", f"messages[{at}].role")
    if "content" not in message and role != "assistant":
        raise missing(f"messages[{at}].content")
    if role == "tool" and not message.get("tool_call_id"):
        raise missing(f"messages[{at}].tool_call_id")
    text, images = text_of_parts(message.get("content"), f"messages[{at}].content")
    return Said(_ROLES[role], text, images, str(message.get("tool_call_id") or ""))  # type: ignore[arg-type]


def _tool(tool: Any, at: int) -> OfferedTool:
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(function, dict) or not function.get("name"):
        raise missing(f"tools[{at}].function.name")
    schema = dumps(function.get("parameters") or {"type": "object", "properties": {}}).decode()
    return OfferedTool(str(function["name"]), str(function.get("description") or ""), schema)


def _choice(choice: Any) -> str:
    if isinstance(choice, dict):
        return str((choice.get("function") or {}).get("name") or "auto")
    return str(choice or "auto")


def _schema(wanted: Any) -> str | None:
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "json_schema":
        return dumps((wanted.get("json_schema") or {}).get("schema") or {}).decode()
    return "{}" if kind == "json_object" else None


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
    return {
        "id": meta.id, "object": "chat.completion", "created": meta.created, "model": meta.model,
        "system_fingerprint": FINGERPRINT, "choices": [
        {"index": at, "message": _message(answer), "logprobs": None, "finish_reason": answer.finish}
        for at, answer in enumerate(answers)], "usage": usage(answers, meta),
    }  # fmt: skip


def _message(answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None, "refusal": None}
    if answer.finish != "tool_calls":
        message["content"] = answer.text
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
    options = meta.body.get("stream_options") or {}
    with_usage = bool(options.get("include_usage"))
    head = dumps(
        {
            "id": meta.id,
            "object": "chat.completion.chunk",
            "created": meta.created,
            "model": meta.model,
            "system_fingerprint": FINGERPRINT,
        }
    )[:-1]
    tail = b',"usage":null}' if with_usage else b"}"
    streams = [_choice_frames(answer, at, head, tail, meta) for at, answer in enumerate(answers)]
    out = [frame for round in zip_longest(*streams) for frame in round if frame is not None]
    if with_usage:
        out.append(Frame("usage", head + b',"choices":[],"usage":' + dumps(usage(answers, meta)) + b"}"))
    return [*out, DONE]


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
    return Frame(
        "error", dumps({"error": {"message": message, "type": "server_error", "param": None, "code": 502}})
    )


CHAT = Wire("chat", read, limits, whole, frames, error_frame)
