"""What a wire is: how one API's requests are read and its answers written.

Three rows: chat completions, responses, messages. Adding one is a file with these functions and a row in
`routes.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from orjson import dumps

from halley.simulator.answers import answer_conversation
from halley.simulator.conversation import FINGERPRINT, Answer, Conversation, OfferedTool
from halley.simulator.envelope import bad_request
from halley.simulator.frames import DONE, Frame

ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


@dataclass(frozen=True, slots=True)
class Limits:
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    n: int = 1


@dataclass(frozen=True, slots=True)
class Meta:
    """What a reply says about itself."""

    id: str
    model: str
    created: int
    prompt_tokens: int
    body: Mapping[str, Any]
    """The request, for wires that echo its parameters."""
    chunk_tokens: int = 1

    @property
    def wants_usage(self) -> bool:
        return bool((self.body.get("stream_options") or {}).get("include_usage"))

    def heading(self, kind: str) -> dict[str, Any]:
        """What a body or chunk of OpenAI's older APIs begins with."""
        named = {"id": self.id, "object": kind, "created": self.created, "model": self.model}
        return named | {"system_fingerprint": FINGERPRINT}


@dataclass(frozen=True, slots=True)
class Wire:
    read: Callable[[Mapping[str, Any]], Conversation]
    limits: Callable[[Mapping[str, Any]], Limits]
    whole: Callable[[Sequence[Answer], Meta], dict[str, Any]]
    frames: Callable[[Sequence[Answer], Meta], list[Frame]]
    error_frame: Callable[[str], Frame]
    answer: Callable[[Conversation, str, int], Answer] = answer_conversation
    lines: bool = False
    """One JSON object a line, instead of events."""


def text_of_parts(content: Any, where: str) -> tuple[str, tuple[str, ...]]:
    """Text and picture addresses of a message's content, in any of the three wires' shapes."""
    if content is None or isinstance(content, str):
        return content or "", ()
    if not isinstance(content, list):
        raise bad_request(f"Invalid type for '{where}': expected a string or an array of parts.", where)
    texts: list[str] = []
    images: list[str] = []
    parts: list[Any] = content
    for at, part in enumerate(parts):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in ("text", "input_text", "output_text", "refusal", "summary_text"):
            texts.append(str(part.get("text", part.get("refusal", ""))))
        elif kind in ("image_url", "input_image", "image"):
            images.append(_address(part))
        elif kind in ("input_audio", "file", "input_file", "document", "thinking", "redacted_thinking"):
            continue
        elif kind not in ("tool_use", "tool_result"):
            raise bad_request(f"Invalid value for '{where}[{at}].type': {kind!r}.", f"{where}[{at}].type")
    return "".join(texts), tuple(images)


def _address(part: dict[str, Any]) -> str:
    link = part.get("image_url")
    if isinstance(link, dict):
        return str(link.get("url", ""))
    source = part.get("source")
    if isinstance(source, dict):
        return str(source.get("url") or f"data:{source.get('media_type')};base64,{source.get('data', '')}")
    return str(link or "")


def offered(tool: Mapping[str, Any]) -> OfferedTool:
    schema = tool.get("parameters") or tool.get("input_schema") or {"type": "object", "properties": {}}
    return OfferedTool(
        str(tool.get("name") or ""), str(tool.get("description") or ""), dumps(schema).decode()
    )


def tool_choice(body: Mapping[str, Any]) -> str:
    """`auto`, `none`, `required`, or the name of one tool, from any of the three wires' shapes."""
    choice = body.get("tool_choice") or "auto"
    if not isinstance(choice, dict):
        return str(choice)
    named = choice.get("function") or choice
    return str(named.get("name") or {"any": "required", "none": "none"}.get(str(choice.get("type")), "auto"))


def wanted_schema(format: Any, holder: Any) -> str | None:
    """The JSON Schema a reply is to follow; in a format of the kind `json_schema`, `holder` has it."""
    kind = format.get("type") if isinstance(format, dict) else None
    if kind == "json_schema":
        return dumps((holder or {}).get("schema") or {}).decode()
    return "{}" if kind == "json_object" else None


def side_by_side(streams: Iterable[list[Frame]], usage: Frame | None) -> list[Frame]:
    """The frames of several choices, in turn, and what ends them."""
    out = [frame for round in zip_longest(*streams) for frame in round if frame is not None]
    return [*out, usage, DONE] if usage else [*out, DONE]
