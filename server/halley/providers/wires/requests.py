"""Prompts → request bodies of chat completions, as a model's facts and what was learned allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from halley.core.calls import AnyPrompt, EmbedPrompt, FimPrompt, Message, NextEditPrompt, Prompt, Tool
from halley.core.errors import InvalidInput
from halley.core.media import MediaPrompt
from halley.core.models import Model
from halley.providers.hosts.host import Host
from halley.providers.hosts.learning import Learned, send_learning, without
from halley.providers.http.answer import HttpAnswer
from halley.providers.refusals.errors import Asked
from halley.providers.wires.attached import add_chat_notes, with_notes
from halley.providers.wires.data_urls import data_url
from halley.providers.wires.effort import chat_effort
from halley.providers.wires.media import painting_prompt
from halley.providers.wires.room import token_limit
from halley.providers.wires.schemas import tool_schema
from halley.providers.wires.turns import arrange_turns


def build_chat_body(name: str, facts: Mapping[str, Any], prompt: Prompt, learned: Learned) -> dict[str, Any]:
    """The body of `/chat/completions`, streaming unless the model's host refused that."""
    limit = learned.token_limit or facts.get("token_limit", "max_tokens")
    body: dict[str, Any] = {
        "model": name,
        "messages": build_messages(
            arrange_turns(with_notes(prompt.messages, learned), facts, learned), learned
        ),
        limit: token_limit(prompt.max_tokens, facts, learned),
        "temperature": prompt.temperature,
        "stop": list(prompt.stop[:4]) or None,  # more than four are refused
        "tools": [_tool(tool, facts, learned) for tool in prompt.tools] or None,
        "stream": True,
        "stream_options": {"include_usage": True},
        **chat_effort(facts),
    }
    return without(body, facts, learned)


async def open_chat(
    host: Host, name: str, facts: Mapping[str, Any], learned: Learned, prompt: Prompt
) -> tuple[HttpAnswer, Asked]:
    """An answer of `/chat/completions`, still to be read by an `OpenAIReader`."""
    learned.opens_thinking = learned.opens_thinking or bool(facts.get("opens_thinking"))
    return await send_learning(
        host,
        "/chat/completions",
        lambda learned: build_chat_body(name, facts, prompt, learned),
        learned,
        model=name,
        private=private_texts(prompt),
    )


def chat_prompt(prompt: AnyPrompt, model: Model) -> Prompt:
    """The prompt for a chat; raises InvalidInput for a completion that brings none, and for sound, video and
    texts to embed."""
    if isinstance(prompt, MediaPrompt):
        return painting_prompt(prompt, model)
    if isinstance(prompt, Prompt):
        return prompt
    if isinstance(prompt, EmbedPrompt):
        raise InvalidInput(
            f"{model.ref} does not make embeddings.",
            "Choose another model with `halley use embed`; `halley models --role embed` lists what there is.",
            provider=model.ref.provider,
            model=str(model.ref),
            setting="roles.embed",
        )
    if isinstance(prompt, NextEditPrompt) or prompt.fallback is not None:
        return prompt.fallback  # pyright: ignore[reportReturnType]
    raise InvalidInput(
        f"{model.ref} cannot fill in the middle.",
        "Choose another model for completion.",
        provider=model.ref.provider,
        model=str(model.ref),
        setting="roles.complete",
    )


def may_be_empty(prompt: AnyPrompt) -> bool:
    """Whether nothing at all is an answer to it: only where text at the cursor is wanted."""
    if isinstance(prompt, FimPrompt | NextEditPrompt):
        return True
    return not isinstance(prompt, Prompt) or prompt.may_be_empty


def build_messages(messages: tuple[Message, ...], learned: Learned) -> list[dict[str, Any]]:
    said = [_message(message) for message in messages]
    for form, message in zip(said, messages, strict=True):
        add_chat_notes(form, message, learned)
    return said


def private_texts(prompt: AnyPrompt) -> tuple[str, ...]:
    """What an error must not repeat."""
    if isinstance(prompt, MediaPrompt):
        return (prompt.text,)
    if isinstance(prompt, FimPrompt):
        return (prompt.prefix, prompt.suffix, *(text for _, text in prompt.context))
    if isinstance(prompt, EmbedPrompt | NextEditPrompt):
        return prompt.texts
    return tuple(part for message in prompt.messages for part in message.parts if isinstance(part, str))


def _message(message: Message) -> dict[str, Any]:
    said: dict[str, Any] = {"role": message.role, "content": _content(message)}
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


def _tool(tool: Tool, facts: Mapping[str, Any], learned: Learned) -> dict[str, Any]:
    schema = tool_schema(tool.parameters, facts, learned)
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": schema},
    }
