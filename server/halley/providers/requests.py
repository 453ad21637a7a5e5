"""Prompts → request bodies of chat completions, as a model's facts and what was learned allow."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from halley.core.calls import FimPrompt, ImagePart, Message, Prompt
from halley.core.errors import BadRequest
from halley.core.models import Model

DROPPABLE = (
    "temperature",
    "stop",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "top_p",
    "stream",
)
"""What a request can do without, should a host refuse it; never the tools, without which the answer means
something else.
"""


LESSONS = 4
"""How many refused parameters one request may teach."""


@dataclass(slots=True)
class Learned:
    """What one model's host refused by name, so that it is never sent again."""

    drop: set[str] = field(default_factory=set[str])
    token_limit: str | None = None
    system_as_user: bool = False
    no_fim: bool = False


def build_chat_body(name: str, facts: Mapping[str, Any], prompt: Prompt, learned: Learned) -> dict[str, Any]:
    """The body of `/chat/completions`, streaming unless the model's host refused that."""
    limit = learned.token_limit or facts.get("token_limit", "max_tokens")
    body: dict[str, Any] = {
        "model": name,
        "messages": build_messages(prompt.messages, learned.system_as_user or facts.get("system") == "user"),
        limit: prompt.max_tokens + facts.get("thinks", 0) if prompt.max_tokens else None,
        "temperature": prompt.temperature,
        "stop": list(prompt.stop[:4]) or None,  # more than four are refused
        "tools": [_tool(tool) for tool in prompt.tools] or None,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    return without(body, facts, learned)


def without(body: Mapping[str, Any], facts: Mapping[str, Any], learned: Learned) -> dict[str, Any]:
    """The body without what is not set and what the host is known to refuse."""
    drop = {*facts.get("drop", ()), *learned.drop}
    if "stream" in drop:
        drop.add("stream_options")
    return {key: value for key, value in body.items() if value is not None and key not in drop}


def learn(error: BadRequest, body: Mapping[str, Any], learned: Learned) -> bool:
    """Takes note of a parameter refused by name; True when the request is worth sending once more."""
    name = error.parameter or ""
    told = error.problem.help
    if name in ("max_tokens", "max_completion_tokens") and learned.token_limit is None:
        learned.token_limit = "max_completion_tokens" if name == "max_tokens" else "max_tokens"
        return True
    if name in DROPPABLE and name in body and name not in learned.drop:
        learned.drop.add(name)
        return True
    if name.startswith("messages") and "system" in told and not learned.system_as_user:
        learned.system_as_user = True
        return True
    return False


def chat_prompt(prompt: Prompt | FimPrompt, model: Model) -> Prompt:
    """The prompt for a chat; raises BadRequest for a completion that brings none."""
    if isinstance(prompt, Prompt):
        return prompt
    if prompt.fallback is not None:
        return prompt.fallback
    raise BadRequest(
        f"{model.ref} cannot fill in the middle.",
        "Choose another model for completion.",
        provider=model.ref.provider,
        model=str(model.ref),
        setting="roles.complete",
    )


def build_messages(messages: tuple[Message, ...], system_as_user: bool = False) -> list[dict[str, Any]]:
    return [_message(message, system_as_user) for message in messages]


def private_texts(prompt: Prompt | FimPrompt) -> tuple[str, ...]:
    """What an error must not repeat."""
    if isinstance(prompt, FimPrompt):
        return (prompt.prefix, prompt.suffix, *(text for _, text in prompt.context))
    return tuple(part for message in prompt.messages for part in message.parts if isinstance(part, str))


def data_url(image: ImagePart) -> str:
    return f"data:{image.mime};base64,{base64.b64encode(image.data).decode()}"


def _message(message: Message, system_as_user: bool) -> dict[str, Any]:
    role = "user" if message.role == "system" and system_as_user else message.role
    said: dict[str, Any] = {"role": role, "content": _content(message)}
    if message.tool_calls:
        said["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments or "{}"},
            }
            for call in message.tool_calls
        ]
        said["content"] = said["content"] or None
    if message.role == "tool":
        said["tool_call_id"] = message.tool_call_id
    return said


def _content(message: Message) -> Any:
    """Plain text where it is all text: many hosts know nothing else."""
    if all(isinstance(part, str) for part in message.parts):
        return message.text
    return [
        {"type": "text", "text": part}
        if isinstance(part, str)
        else {"type": "image_url", "image_url": {"url": data_url(part)}}
        for part in message.parts
    ]


def _tool(tool: Any) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
    }
