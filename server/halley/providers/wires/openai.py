"""`kind = "openai"`: chat completions and completions, and the model list.

The request is built in `requests.py` (chat) and `fim.py`, the reply read in `openai_reader.py`. Pictures, sound
and video are `media.py`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from halley.core.calls import AnyPrompt, EmbedPrompt, FimPrompt, NextEditPrompt, Prompt, Trace
from halley.core.errors import ModelNotFound, RequestRefused
from halley.core.media import MediaPrompt
from halley.core.models import Model
from halley.core.ports import Take
from halley.providers.facts import facts_of
from halley.providers.hosts.catalogue_api import list_with_prices
from halley.providers.hosts.host import Host
from halley.providers.hosts.learning import send_learning, where_it_lives, without
from halley.providers.http.answer import HttpAnswer
from halley.providers.refusals.errors import Asked
from halley.providers.stream.iterating import hand_over
from halley.providers.stream.sse import StreamDecoder
from halley.providers.stream.streaming import Decoder, Reader, feed_events
from halley.providers.wires.attached import own_notes
from halley.providers.wires.fim import find_form
from halley.providers.wires.media import feed_media, painting_prompt, paints_in_chat
from halley.providers.wires.openai_reader import OpenAIReader
from halley.providers.wires.requests import chat_prompt, may_be_empty, open_chat, private_texts
from halley.providers.wires.room import learn_room
from halley.providers.wires.wire import JobWire

Opened = tuple[HttpAnswer, Asked, Reader, Decoder]


class OpenAIProvider(JobWire):
    """An endpoint that speaks chat completions. Implements `core.ports.Provider`."""

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
        if isinstance(prompt, MediaPrompt):
            facts = facts_of(self.endpoint, model)
            if not paints_in_chat(prompt, facts):
                await feed_media(host, model, facts, prompt, take)
                return
            prompt = painting_prompt(prompt, model)
        answer, asked, reader, decoder = await self._open(host, model, prompt)
        learn = partial(learn_room, self.learned[model.ref.name])
        await feed_events(answer, reader, asked, take, decoder, may_be_empty(prompt), learn)

    async def list_models(self) -> tuple[Model, ...]:
        """What `/models` lists, with what is known of each by its name and from the published catalogue."""
        return await list_with_prices(self.host)

    async def _open(self, host: Host, model: Model, prompt: Prompt | FimPrompt | NextEditPrompt) -> Opened:
        facts = facts_of(self.endpoint, model)
        if isinstance(prompt, Prompt):
            return await self._open_chat(host, model.ref.name, facts, own_notes(prompt, model.ref))
        if isinstance(prompt, NextEditPrompt):
            return await self._open_next_edit(host, model, facts, prompt)
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

        async def at_chat() -> Opened:
            answer, asked = await open_chat(host, name, facts, learned, prompt)
            return answer, asked, OpenAIReader(habits=learned), StreamDecoder()

        async def at_responses() -> Opened:
            from halley.providers.wires.responses import ResponsesReader, open_responses

            answer, asked = await open_responses(host, name, facts, learned, prompt)
            return answer, asked, ResponsesReader(learned), StreamDecoder()

        return await where_it_lives(learned, "responses", at_chat, at_responses)

    async def _open_next_edit(
        self, host: Host, model: Model, facts: Mapping[str, Any], prompt: NextEditPrompt
    ) -> Opened:
        """In the model's own form; by chat where it has none."""
        from halley.providers.wires.next_edit import build_body, find_row, path_of, reader_of

        row, name = find_row(facts), model.ref.name
        if row is None:
            return await self._open_chat(host, name, facts, chat_prompt(prompt, model))
        learned = self.learned[name]
        answer, asked = await send_learning(
            host,
            path_of(row),
            lambda learned: without(build_body(name, row, prompt), facts, learned),
            learned,
            model=name,
            private=private_texts(prompt),
        )
        return answer, asked, reader_of(row), StreamDecoder()

    async def _open_fim(self, host: Host, name: str, facts: Mapping[str, Any], prompt: FimPrompt) -> Opened:
        found = find_form(str(facts["fim"]))
        assert found is not None
        form, family = found
        learned = self.learned[name]
        answer, asked = await send_learning(
            host,
            form.url(self.endpoint),
            lambda learned: without(form.body(name, prompt, family), facts, learned),
            learned,
            model=name,
            private=private_texts(prompt),
            needed="suffix",
        )
        return answer, asked, form.reader(), form.decoder()
