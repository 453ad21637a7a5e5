"""`kind = "openai-responses"`: `/v1/responses` (https://platform.openai.com/docs/api-reference/responses),
streaming.

What OpenAI's Pro, o-series and Codex models prefer. Nothing is stored at the host (`store` is false). What is
wrong with a stream as a whole is `stream/streaming.py`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from halley.core.calls import AnyPrompt, EmbedPrompt, Message, Prompt, Trace
from halley.core.events import Event, Finish, Image, ReasoningDelta
from halley.core.media import MediaPrompt
from halley.core.models import Model
from halley.core.ports import Take
from halley.providers.facts import facts_of
from halley.providers.hosts.host import Host
from halley.providers.hosts.kept_turns import PLAIN
from halley.providers.hosts.learning import Learned, send_learning, where_it_lives, without
from halley.providers.hosts.model_list import read_model_list
from halley.providers.http.answer import HttpAnswer
from halley.providers.refusals.errors import Asked
from halley.providers.refusals.said import Said, is_error, said_of
from halley.providers.stream.citations import citations_of
from halley.providers.stream.finish import finish_reason
from halley.providers.stream.iterating import hand_over
from halley.providers.stream.streaming import ChunkError, Reader, feed_events
from halley.providers.stream.think import Habits, Thought, splitter_for, visible_length
from halley.providers.stream.tool_calls import ToolCalls
from halley.providers.stream.usage import later_usage, usage_of
from halley.providers.wires.attached import Blocks, in_order, own_notes, texts_of, with_notes
from halley.providers.wires.data_urls import data_url
from halley.providers.wires.effort import responses_effort
from halley.providers.wires.media import feed_media
from halley.providers.wires.requests import chat_prompt, may_be_empty, open_chat, private_texts
from halley.providers.wires.room import learn_room, token_limit
from halley.providers.wires.schemas import tool_schema
from halley.providers.wires.turns import arrange_turns
from halley.providers.wires.wire import JobWire


class ResponsesProvider(JobWire):
    """An endpoint that speaks `/v1/responses`. Implements `core.ports.Provider`."""

    async def feed(self, model: Model, prompt: AnyPrompt, take: Take, trace: Trace | None = None) -> None:
        """Events, then exactly one `Finish`, or one error of `core.errors`."""
        host = self.host.traced(trace)
        if isinstance(prompt, EmbedPrompt):
            from halley.providers.wires.openai_media import embed

            for event in await embed(host, model.ref.name, prompt):
                await hand_over(event, take)
            return
        if isinstance(prompt, Prompt) and prompt.expect == "image":
            prompt = MediaPrompt("image", prompt.messages[-1].text)
        if isinstance(prompt, MediaPrompt) and not self._paints_as_tool(model, prompt):
            facts = facts_of(self.endpoint, model)
            await feed_media(host, model, facts, prompt, take)
            return
        paint = _painting_tool(prompt) if isinstance(prompt, MediaPrompt) else None
        answer, asked, reader = await self._open(
            host, model, own_notes(chat_prompt(prompt, model), model.ref), paint
        )
        learn = partial(learn_room, self.learned[model.ref.name])
        await feed_events(answer, reader, asked, take, may_be_empty=may_be_empty(prompt), on_empty=learn)

    def _paints_as_tool(self, model: Model, prompt: MediaPrompt) -> bool:
        """A model that talks paints with the `image_generation` tool, one that only paints by its own operation."""
        return prompt.kind in ("image", "imageEdit") and "image" not in model.roles

    async def list_models(self) -> tuple[Model, ...]:
        """What `/models` lists, with what is known of each by its name."""
        return read_model_list(self.endpoint, await self.host.send_for_json("/models"))

    async def _open(
        self, host: Host, model: Model, prompt: Prompt, paint: dict[str, Any] | None
    ) -> tuple[HttpAnswer, Asked, Reader]:
        """At `/responses`; a model whose host says that it does not live there is asked at `/chat/completions`."""
        name, facts = model.ref.name, facts_of(self.endpoint, model)
        learned = self.learned[name]

        async def at_responses() -> tuple[HttpAnswer, Asked, Reader]:
            answer, asked = await open_responses(host, name, facts, learned, prompt, paint)
            return answer, asked, ResponsesReader(learned)

        async def at_chat() -> tuple[HttpAnswer, Asked, Reader]:
            from halley.providers.wires.openai_reader import OpenAIReader

            answer, asked = await open_chat(host, name, facts, learned, prompt)
            return answer, asked, OpenAIReader(habits=learned)

        return await (at_responses() if paint else where_it_lives(learned, "chat", at_responses, at_chat))


async def open_responses(
    host: Host,
    name: str,
    facts: Mapping[str, Any],
    learned: Learned,
    prompt: Prompt,
    paint: dict[str, Any] | None = None,
) -> tuple[HttpAnswer, Asked]:
    """An answer of `/responses`, still to be read by a `ResponsesReader`."""
    return await send_learning(
        host,
        "/responses",
        lambda learned: without(
            build_responses_body(name, facts, prompt, learned) | ({"tools": [paint]} if paint else {}),
            facts,
            learned,
        ),
        learned,
        model=name,
        private=private_texts(prompt),
    )


def _painting_tool(prompt: MediaPrompt) -> dict[str, Any]:
    wishes = {"size": prompt.size, "quality": prompt.quality, "output_format": prompt.form}
    return {"type": "image_generation"} | {name: value for name, value in wishes.items() if value}


def build_responses_body(
    name: str, facts: Mapping[str, Any], prompt: Prompt, learned: Learned
) -> dict[str, Any]:
    """The body of `/v1/responses`: system text as `instructions`, turns as items. It knows no `stop`."""
    messages = arrange_turns(with_notes(prompt.messages, learned), facts, learned)
    system = "\n\n".join(message.text for message in messages if message.role == "system")
    limit = token_limit(prompt.max_tokens, facts, learned)
    return {
        "model": name,
        "instructions": system or None,
        "input": [
            item
            for number, message in enumerate(messages)
            if message.role != "system"
            for item in _items(message, number)
        ],
        "max_output_tokens": max(limit, 16) if limit else None,  # fewer are refused
        "temperature": prompt.temperature,
        "tools": [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool_schema(tool.parameters, facts, learned),
                "strict": False,
            }
            for tool in prompt.tools
        ]
        or None,
        "reasoning": responses_effort(facts),
        "include": ["reasoning.encrypted_content"] if facts.get("reasoning") else None,
        "store": False,
        "stream": True,
    }


def _items(message: Message, number: int) -> list[dict[str, Any]]:
    """A turn as items. Strict hosts want every field of a reply that an answer has, so it gets an id of its own."""
    if message.role == "tool":
        return [{"type": "function_call_output", "call_id": message.tool_call_id, "output": message.text}]
    if message.role != "assistant":
        question = _question(message)
        return [question] if question["content"] else []
    texts = [
        _reply(text, f"{number}_{part}" if part else f"{number}") | more
        for part, (text, more) in enumerate(texts_of(message, "responses", "items"))
        if text
    ]
    calls = [
        {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments or "{}"}
        for call in message.tool_calls
    ]
    return in_order(message, "responses", "items", texts, calls)


def _question(message: Message) -> dict[str, Any]:
    content = [
        {"type": "input_text", "text": part}
        if isinstance(part, str)
        else {"type": "input_image", "image_url": data_url(part), "detail": "auto"}
        for part in message.parts
        if part
    ]
    return {"type": "message", "role": message.role, "content": content}


def _reply(text: str, number: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {
        "type": "message", "id": f"msg_{number}", "role": "assistant", "status": "completed", "content": content,
    }  # fmt: skip


class ResponsesReader:
    """`response.*` events → ours; or one whole response."""

    __slots__ = (
        "_cited",
        "_heard",
        "_length",
        "_order",
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
        self._reason = "stop"
        self._usage: Any = None
        self._tools = ToolCalls()
        self._order = Blocks("responses", "items")
        self._cited: set[tuple[str, int | None]] = set()
        self._length = 0
        self._heard = False
        """Text came, though it may be held back."""

    def feed(self, chunk: Mapping[str, Any]) -> list[Event]:
        events: list[Event] = []
        kind = str(chunk.get("type") or "")
        match kind.removeprefix("response."):
            case "output_text.delta" | "refusal.delta":
                self._text(chunk.get("delta"), events)
            case "reasoning_summary_text.delta" | "reasoning_text.delta" | "reasoning.delta":
                if isinstance(delta := chunk.get("delta"), str) and delta:
                    events.append(ReasoningDelta(delta))
            case "reasoning_summary_part.done":
                events.append(ReasoningDelta("\n\n"))
            case "output_text.annotation.added":
                self._cite({"annotations": [chunk.get("annotation")]}, events)
            case "output_item.added":
                self._item(chunk.get("item") or {}, chunk, events, whole=False)
            case "output_item.done":
                self._item(chunk.get("item") or {}, chunk, events, whole=True)
            case "function_call_arguments.delta":
                self._arguments(chunk, chunk.get("delta"), events)
            case "function_call_arguments.done":
                self._arguments(chunk, chunk.get("arguments"), events)
            case "completed" | "incomplete" | "failed":
                self._close(chunk.get("response") or {}, events)
            case "error":
                raise ChunkError(
                    said_of(chunk.get("error") or {k: v for k, v in chunk.items() if k != "type"})
                )
            case _ if chunk.get("object") == "response":
                self._close(chunk, events)
            case _ if is_error(chunk):
                raise ChunkError(said_of(chunk))
            case _:
                pass  # progress of no interest, and what is yet to be invented
        self.started = self.started or bool(events)
        return events

    def close(self) -> tuple[list[Event], Finish]:
        events: list[Event] = []
        self._give(self._think.close(finish_reason(self._reason, False) != "length"), events)
        events += self._tools.close()
        if notes := self._order.close():
            events.append(notes)
        return events, Finish(finish_reason(self._reason, bool(self._tools)), usage_of(self._usage))

    def _text(self, text: Any, events: list[Event]) -> None:
        if isinstance(text, str) and text:
            self._heard = True
            self._give(self._think.feed(text), events)

    def _give(self, pieces: list[Thought], events: list[Event]) -> None:
        self._length = visible_length(self._length, pieces)
        events += pieces

    def _cite(self, said: Mapping[str, Any], events: list[Event]) -> None:
        for citation in citations_of(said):
            if (citation.url, citation.start) not in self._cited:
                self._cited.add((citation.url, citation.start))
                events.append(citation)

    def _item(
        self, item: Mapping[str, Any], chunk: Mapping[str, Any], events: list[Event], whole: bool
    ) -> None:
        kind = item.get("type")
        if whole:
            self._note(item)
        if kind == "function_call":
            at = item.get("id") or chunk.get("output_index")
            events += self._tools.add(
                at, item.get("call_id") or item.get("id"), item.get("name"), item.get("arguments")
            )
        elif kind == "image_generation_call" and whole:
            events += _picture(item)

    def _note(self, item: Mapping[str, Any]) -> None:
        """Notes an item's place, what it has beside the fields we know, and whole what only its host can read: nothing
        is stored at the host to refer to."""
        kind = str(item.get("type"))
        key = str(item.get("id") or item.get("call_id") or len(self._order.parts))
        if kind in ("message", "function_call"):
            place: dict[str, Any] = {"type": "text" if kind == "message" else kind}
            if kind == "message":
                texts = [part.get("text") or part.get("refusal") or "" for part in item.get("content") or ()]
                place["length"] = len("".join(texts))
            more = {
                name: value for name, value in item.items() if value is not None and name not in PLAIN[kind]
            }
            self._order.parts[key] = place | ({"more": more} if more else {})
        elif item.get("encrypted_content") or (kind == "reasoning" and item.get("content")):
            whole = {name: value for name, value in item.items() if value is not None and name != "status"}
            self._order.parts[key] = whole

    def _arguments(self, chunk: Mapping[str, Any], arguments: Any, events: list[Event]) -> None:
        at = chunk.get("item_id") or chunk.get("output_index")
        if self._tools:
            events += self._tools.add(at, "", "", arguments)

    def _close(self, response: Mapping[str, Any], events: list[Event]) -> None:
        """The response as a whole; its output is only of interest where nothing streamed."""
        self._usage = later_usage(self._usage, response.get("usage"))
        status = response.get("status", "completed")
        if response.get("error") or status in ("failed", "cancelled"):
            raise ChunkError(
                said_of({"error": response.get("error")})
                if response.get("error")
                else Said(f"status {status}")
            )
        streamed = self.started or self._heard
        for item in response.get("output") or ():
            if not streamed:
                self._whole_item(item, events)
            elif item.get("type") == "function_call":  # one that did not stream
                self._item(item, {}, events, whole=True)
        if status == "incomplete":
            self._reason = str((response.get("incomplete_details") or {}).get("reason") or "length")
        if status in ("completed", "incomplete"):
            self.finished = True

    def _whole_item(self, item: Mapping[str, Any], events: list[Event]) -> None:
        for part in item.get("content") or ():
            self._text(part.get("text") or part.get("refusal"), events)
            self._cite(part, events)
        for part in item.get("summary") or ():
            if text := part.get("text"):
                events.append(ReasoningDelta(str(text)))
        self._item(item, {}, events, whole=True)


def _picture(item: Mapping[str, Any]) -> list[Event]:
    import base64
    import binascii

    try:
        data = base64.b64decode(str(item.get("result") or ""))
    except (ValueError, binascii.Error):
        return []
    return [Image(f"image/{item.get('output_format') or 'png'}", data)] if data else []
