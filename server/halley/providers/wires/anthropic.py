"""`kind = "anthropic"`: the native `/v1/messages` (https://docs.anthropic.com/en/api/messages), streaming.

System prompt, pictures, tools, thinking, citations, cache usage, and errors in its own envelope. What is
wrong with a stream as a whole is `stream/streaming.py`'s.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import partial
from typing import Any

import orjson

from halley.core.calls import AnyPrompt, Message, Prompt, Trace
from halley.core.errors import ContextTooLong, RequestRefused
from halley.core.events import Citation, Event, Finish, ReasoningDelta
from halley.core.models import Model
from halley.core.ports import Take
from halley.providers.facts import facts_of
from halley.providers.hosts.host import Host
from halley.providers.hosts.learning import Learned, send_learning, without
from halley.providers.hosts.model_list import model_entries, read_model_list
from halley.providers.http.answer import HttpAnswer
from halley.providers.refusals.errors import Asked
from halley.providers.refusals.said import said_of
from halley.providers.stream.finish import finish_reason
from halley.providers.stream.streaming import ChunkError, feed_events
from halley.providers.stream.think import Habits, Thought, splitter_for, visible_length
from halley.providers.stream.tool_calls import ToolCalls
from halley.providers.stream.usage import anthropic_usage, later_usage
from halley.providers.wires.attached import Blocks, in_order, own_notes, texts_of, with_notes
from halley.providers.wires.caching import with_marks
from halley.providers.wires.effort import messages_effort
from halley.providers.wires.requests import chat_prompt, may_be_empty, private_texts
from halley.providers.wires.room import (
    DEFAULT_OUTPUT,
    learn_room,
    longest_output,
    shorter_output,
    token_limit,
)
from halley.providers.wires.schemas import tool_schema
from halley.providers.wires.turns import BEGUN
from halley.providers.wires.wire import Wire

VERSION = "2023-06-01"
MOST_PAGES = 20


class AnthropicProvider(Wire):
    """An endpoint that speaks `/v1/messages`. Implements `core.ports.Provider`."""

    async def feed(self, model: Model, prompt: AnyPrompt, take: Take, trace: Trace | None = None) -> None:
        """Events, then exactly one `Finish`, or one error of `core.errors`."""
        host = self.host.traced(trace)
        answer, asked = await self._open(host, model, own_notes(chat_prompt(prompt, model), model.ref))
        learned = self.learned[model.ref.name]
        reader, learn = AnthropicReader(learned), partial(learn_room, learned)
        await feed_events(answer, reader, asked, take, may_be_empty=may_be_empty(prompt), on_empty=learn)

    async def list_models(self) -> tuple[Model, ...]:
        """All pages of `/v1/models`."""
        entries: list[Any] = []
        after = ""
        for _ in range(MOST_PAGES):
            page = await self.host.send_for_json(
                f"/models?limit=1000{after}", headers={"anthropic-version": VERSION}
            )
            entries += model_entries(page) or []
            if not (isinstance(page, dict) and page.get("has_more") and page.get("last_id")):
                break
            after = f"&after_id={page['last_id']}"
        return read_model_list(self.endpoint, entries)

    async def _open(self, host: Host, model: Model, prompt: Prompt) -> tuple[HttpAnswer, Asked]:
        """A host that refuses so long a reply is asked for a shorter one, once."""
        learned = self.learned[model.ref.name]
        most = longest_output(model, prompt, learned)
        try:
            return await self._send(host, model, prompt, most)
        except (RequestRefused, ContextTooLong) as error:
            shorter = None if prompt.max_tokens else shorter_output(error, most, learned)
            if shorter is None:
                raise
        return await self._send(host, model, prompt, shorter)

    async def _send(self, host: Host, model: Model, prompt: Prompt, most: int) -> tuple[HttpAnswer, Asked]:
        name = model.ref.name
        facts, learned = facts_of(self.endpoint, model), self.learned[name]
        return await send_learning(
            host,
            "/messages",
            lambda learned: without(build_messages_body(name, prompt, learned, facts, most), facts, learned),
            learned,
            model=name,
            private=private_texts(prompt),
            headers={"anthropic-version": VERSION},
            needed="max_tokens",
        )


def build_messages_body(
    name: str, prompt: Prompt, learned: Learned, facts: Mapping[str, Any], most: int = DEFAULT_OUTPUT
) -> dict[str, Any]:
    """The body of `/v1/messages`: system text apart, roles in turns, tool results inside user messages.

    `most` is the longest reply in tokens, which the protocol wants with every request.
    """
    system = "\n\n".join(message.text for message in prompt.messages if message.role == "system")
    limit = token_limit(prompt.max_tokens, facts, learned) or most
    body: dict[str, Any] = {
        "model": name,
        "system": system or None,
        "messages": _turns(with_notes(prompt.messages, learned)),
        "temperature": None if prompt.temperature is None else min(prompt.temperature, 1.0),
        "stop_sequences": [stop for stop in prompt.stop if stop.strip()] or None,  # blank ones are refused
        "tools": [
            {
                "name": tool.name,
                "description": tool.description,
                "input_schema": tool_schema(tool.parameters, facts, learned),
            }
            for tool in prompt.tools
        ]
        or None,
        "stream": True,
    }
    marked = body if learned.no_caching else with_marks(body, prompt)
    return marked | messages_effort(facts, limit, most)


def _turns(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """Messages of one role in a row become one: the protocol wants turns, the user's first."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "system" or not (blocks := _blocks(message)):
            continue
        role = "assistant" if message.role == "assistant" else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    if turns and turns[0]["role"] == "assistant":
        turns.insert(0, {"role": "user", "content": [{"type": "text", "text": BEGUN}]})
    return turns


def _blocks(message: Message) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    is_own = message.role == "assistant" and message.notes is not None
    for part in [text for text, _ in texts_of(message, "messages", "blocks")] if is_own else message.parts:
        if not isinstance(part, str):
            data = base64.b64encode(part.data).decode()
            blocks.append(
                {"type": "image", "source": {"type": "base64", "media_type": part.mime, "data": data}}
            )
        elif part.strip():  # blank text blocks are refused
            blocks.append({"type": "text", "text": part})
    if message.role == "tool":
        return [
            {"type": "tool_result", "tool_use_id": message.tool_call_id, "content": blocks or message.text}
        ]
    calls = [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": _input(call.arguments)}
        for call in message.tool_calls
    ]
    return in_order(message, "messages", "blocks", blocks, calls)


def _input(arguments: str) -> Any:
    """The arguments as an object; text that is none is wrapped, so that the model sees what it wrote."""
    try:
        value = orjson.loads(arguments or "{}")
        orjson.dumps(value)
    except (ValueError, TypeError):  # also what is nested too deeply to be sent
        value = None
    return value if isinstance(value, dict) else {"arguments": arguments}


class AnthropicReader:
    """`message_start`, `content_block_*`, `message_delta`, `message_stop` → events; or a whole message at
    once.
    """

    __slots__ = (
        "_blocks",
        "_inputs",
        "_length",
        "_order",
        "_parts",
        "_reason",
        "_think",
        "_tools",
        "_usage",
        "finished",
        "started",
    )

    def __init__(self, habits: Habits | None = None) -> None:
        self._think = splitter_for(habits)
        self.started = self.finished = False
        self._reason = ""
        self._usage: dict[str, Any] = {}
        self._tools = ToolCalls()
        self._order = Blocks("messages", "blocks")
        self._parts: dict[int, dict[str, Any]] = {}
        self._inputs: dict[int, Any] = {}  # whole arguments, which some hosts send with the head
        self._blocks: dict[int, int] = {}  # the host's block → where its text begins
        self._length = 0  # of the visible text, in code points

    def feed(self, chunk: Mapping[str, Any]) -> list[Event]:
        events: list[Event] = []
        match chunk.get("type"):
            case "content_block_delta":
                self._delta(chunk.get("index", 0), chunk.get("delta") or {}, events)
            case "content_block_start":
                self._start(chunk.get("index", 0), chunk.get("content_block") or {}, events)
            case "content_block_stop":
                self._stop(chunk.get("index", 0), events)
            case "message_start":
                self._usage = later_usage(self._usage, _said_usage(chunk.get("message")))
            case "message_delta":
                self._end((chunk.get("delta") or {}).get("stop_reason"))
                self._usage = later_usage(self._usage, _said_usage(chunk))
            case "message_stop":
                self.finished = self.finished or bool(self._reason)
            case "message":
                self._whole(chunk, events)
            case "error":
                raise ChunkError(said_of(chunk))
            case _ if "error" in chunk:
                raise ChunkError(said_of(chunk))
            case _:
                pass  # ping, and what is yet to be invented
        self.started = self.started or bool(events)
        return events

    def close(self) -> tuple[list[Event], Finish]:
        usage = anthropic_usage(self._usage) if self._usage else None
        events: list[Event] = []
        self._give(self._think.close(finish_reason(self._reason, False) != "length"), events)
        for index in tuple(self._inputs):
            self._stop(index, events)
        events += self._tools.close()
        if notes := self._order.close():
            events.append(notes)
        return events, Finish(finish_reason(self._reason, bool(self._tools)), usage)

    def _stop(self, index: int, events: list[Event]) -> None:
        """The end of a block: whole arguments count where no pieces followed."""
        if arguments := self._inputs.pop(index, None):
            events += self._tools.add(index, "", "", arguments)

    def _start(self, index: int, block: Mapping[str, Any], events: list[Event]) -> None:
        kind = block.get("type")
        self._blocks[index] = self._length
        self._see_block(index, block)
        if kind == "tool_use":
            events += self._tools.add(index, block.get("id"), block.get("name"), "")
            self._inputs[index] = block.get("input") or {}
            return
        for name in ("text", "thinking"):
            if block.get(name):
                self._delta(index, {"type": f"{name}_delta", name: block[name]}, events)

    def _delta(self, index: int, delta: Mapping[str, Any], events: list[Event]) -> None:
        match delta.get("type"):
            case "text_delta" if delta.get("text"):
                self._count_text(index, delta["text"])
                self._give(self._think.feed(delta["text"]), events)
            case "signature_delta":
                self._add_to_block(index, "signature", delta.get("signature"))
            case "thinking_delta" if delta.get("thinking"):
                self._add_to_block(index, "thinking", delta["thinking"])
                events.append(ReasoningDelta(delta["thinking"]))
            case "input_json_delta" if delta.get("partial_json"):
                self._inputs.pop(index, None)
                events += self._tools.add(index, "", "", delta["partial_json"])
            case "citations_delta":
                events += self._citation(index, delta.get("citation") or {})
            case _:
                pass

    def _see_block(self, index: int, block: Mapping[str, Any]) -> None:
        """Notes its place, and thinking as it is: signed, empty and redacted blocks too."""
        kind = str(block.get("type"))
        whole = dict(block) if kind in ("thinking", "redacted_thinking") else {"type": kind}
        if kind == "thinking":
            whole["thinking"] = ""  # what is there at the start is read as a delta
        self._order.parts[len(self._order.parts)] = whole
        self._parts[index] = whole

    def _add_to_block(self, index: int, name: str, value: Any) -> None:
        part = self._parts.get(index)
        if part is not None and part["type"] == "thinking" and isinstance(value, str):
            part[name] = part.get(name, "") + value

    def _count_text(self, index: int, text: str) -> None:
        part = self._parts.get(index)
        if part is not None and part["type"] == "text":
            part["length"] = part.get("length", 0) + len(text)

    def _give(self, pieces: list[Thought], events: list[Event]) -> None:
        self._length = visible_length(self._length, pieces)
        events += pieces

    def _citation(self, index: int, said: Mapping[str, Any]) -> list[Citation]:
        """A source on the web; it stands for the text of its block."""
        if not said.get("url"):
            return []
        start = self._blocks.get(index, self._length)
        return [
            Citation(
                str(said["url"]),
                str(said.get("title") or ""),
                start,
                max(self._length, start),
                str(said.get("cited_text") or ""),
            )
        ]

    def _whole(self, message: Mapping[str, Any], events: list[Event]) -> None:
        blocks: list[dict[str, Any]] = message.get("content") or []
        for index, block in enumerate(blocks):
            self._start(index, block, events)
            self._stop(index, events)
            citations: list[dict[str, Any]] = block.get("citations") or []
            for citation in citations:
                events += self._citation(index, citation)
        self._usage = later_usage(self._usage, _said_usage(message))
        self._end(message.get("stop_reason"))

    def _end(self, reason: Any) -> None:
        if isinstance(reason, str) and reason:
            self._reason, self.finished = reason, True


def _said_usage(value: Any) -> dict[str, Any]:
    usage = value.get("usage") if isinstance(value, Mapping) else None
    return {k: v for k, v in usage.items() if v is not None} if isinstance(usage, Mapping) else {}
