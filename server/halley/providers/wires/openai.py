"""`kind = "openai"`: chat completions and completions, and the model list.

The request is built in `requests.py` (chat) and `fim.py`, the reply read in `openai_reader.py`. Pictures, sound
and video are `media.py`'s.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from halley.core.calls import AnyPrompt, EmbedPrompt, FimPrompt, Prompt, Trace
from halley.core.errors import ModelNotFound, RequestRefused
from halley.core.events import Event
from halley.core.media import MediaPrompt
from halley.core.models import Model
from halley.providers.facts import facts_of
from halley.providers.hosts.catalogue_api import find_quota, list_with_prices
from halley.providers.hosts.host import Host
from halley.providers.hosts.learning import send_learning, without
from halley.providers.http.answer import Answer
from halley.providers.refusals.errors import Asked
from halley.providers.stream.sse import StreamDecoder
from halley.providers.stream.streaming import Decoder, Reader, stream_events
from halley.providers.wires.attached import own_notes
from halley.providers.wires.fim import find_form
from halley.providers.wires.media import painting_prompt, paints_in_chat, stream_media
from halley.providers.wires.openai_reader import OpenAIReader
from halley.providers.wires.requests import chat_prompt, may_be_empty, open_chat, private_texts
from halley.providers.wires.room import Ending
from halley.providers.wires.wire import JobWire

Opened = tuple[Answer, Asked, Reader, Decoder]


class OpenAIProvider(JobWire):
    """An endpoint that speaks chat completions. Implements `core.ports.Provider`."""

    async def stream(
        self, model: Model, prompt: AnyPrompt, trace: Trace | None = None
    ) -> AsyncGenerator[Event, None]:
        """Events, then exactly one `Finish`, or one error of `core.errors`."""
        host = self.host.traced(trace)
        if isinstance(prompt, EmbedPrompt):
            from halley.providers.wires.openai_media import embed

            for event in await embed(host, model.ref.name, prompt):
                yield event
            return
        if isinstance(prompt, Prompt) and prompt.expect == "image":
            prompt = MediaPrompt("image", prompt.messages[-1].text)
        if isinstance(prompt, MediaPrompt):
            facts = facts_of(self.endpoint, model)
            if not paints_in_chat(prompt, facts):
                async with aclosing(stream_media(host, model, facts, prompt)) as events:
                    async for event in events:
                        yield event
                return
            prompt = painting_prompt(prompt, model)
        answer, asked, reader, decoder = await self._open(host, model, prompt)
        ending = Ending(self.learned[model.ref.name])
        async with aclosing(stream_events(answer, reader, asked, decoder, may_be_empty(prompt))) as events:
            async for event in events:
                ending.see(event)
                yield event

    async def list_models(self) -> tuple[Model, ...]:
        """What `/models` lists, with what is known of each by its name and from the published catalogue."""
        return await list_with_prices(self.host)

    async def find_quota(self) -> dict[str, Any] | None:
        """The remaining balance, where the host reports it (`catalogue_api.find_quota`)."""
        return await find_quota(self.host)

    async def _open(self, host: Host, model: Model, prompt: Prompt | FimPrompt) -> Opened:
        facts = facts_of(self.endpoint, model)
        if isinstance(prompt, Prompt):
            return await self._open_chat(host, model.ref.name, facts, own_notes(prompt, model.ref))
        learned = self.learned[model.ref.name]
        if find_form(str(facts.get("fim", ""))) and not learned.no_fim:
            try:
                return await self._open_fim(host, model.ref.name, facts, prompt)
            except (RequestRefused, ModelNotFound):
                if prompt.fallback is None:
                    raise
                learned.no_fim = True
        return await self._open_chat(host, model.ref.name, facts, chat_prompt(prompt, model))

    async def _open_chat(self, host: Host, name: str, facts: Mapping[str, Any], prompt: Prompt) -> Opened:
        """At `/chat/completions`; a model whose host says that it lives at `/responses` is asked there."""
        learned = self.learned[name]
        if not learned.other_wire:
            try:
                answer, asked = await open_chat(host, name, facts, learned, prompt)
                return answer, asked, OpenAIReader(habits=learned), StreamDecoder()
            except (RequestRefused, ModelNotFound) as error:
                if error.subject != "responses":
                    raise
                learned.other_wire = True
        from halley.providers.wires.responses import ResponsesReader, open_responses

        answer, asked = await open_responses(host, name, facts, learned, prompt)
        return answer, asked, ResponsesReader(learned), StreamDecoder()

    async def _open_fim(self, host: Host, name: str, facts: Mapping[str, Any], prompt: FimPrompt) -> Opened:
        found = find_form(str(facts["fim"]))
        assert found is not None
        form, family = found
        learned = self.learned[name]
        answer, asked = await send_learning(
            host,
            form.url(self.endpoint),
            lambda: without(form.body(name, prompt, family), facts, learned),
            learned,
            model=name,
            private=private_texts(prompt),
            needed="suffix",
        )
        return answer, asked, form.reader(), form.decoder()
