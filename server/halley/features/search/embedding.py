"""Vectors of chunks: estimated, approved, made in the background, stored.

Nothing is sent before the user has approved the estimate for that model in that workspace; from then on what
changes is embedded as it comes. Every request is a call like any other: within budgets, in the ledger, retried by
routing alone. When another model is chosen the old one's vectors answer until the new ones are there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from halley.core.calls import AnyPrompt, EmbedPrompt, Priority
from halley.core.errors import BadReply, BudgetExceeded, HalleyError, Problem, problem_of
from halley.core.events import Event, Vectors
from halley.core.index import Found
from halley.core.models import ModelRef, Usage
from halley.core.tokens import estimate_tokens
from halley.features.ask import Line, feed_reply
from halley.features.search.control import load_control
from halley.features.search.cutting import text_to_embed
from halley.features.search.ground import Attendant, Ground
from halley.features.search.sharing import Sharing

logger = logging.getLogger(__name__)
Json = dict[str, Any]

BATCH_TEXTS, BATCH_CHARACTERS = 64, 100_000
AT_ONCE = 3
ROUND = BATCH_TEXTS * AT_ONCE
ENOUGH = 0.9
"""Share of the chunks that a new model must know before it answers instead of the old one."""
LOOK_S = 10.0
"""How often it is looked whether another process chose another model."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 15.0, 600.0
SAMPLE = 200
KEPT_QUERIES = 256


class Embedder:
    """Of one index. Runs only where the index is kept; every process may embed a question.

    `control` gets the answer to an estimate, `embed` or `decline`.
    """

    def __init__(self, ground: Ground, control: Callable[[str], Awaitable[Json]]) -> None:
        self.ground, self.control = ground, control
        self.sharing = Sharing(ground)
        self.estimate: Json | None = None
        self.problem: Problem | None = None
        self.busy = False
        self._task: asyncio.Task[None] | None = None
        self._nudge = asyncio.Event()
        self._asked: set[str] = set()
        self._asking: asyncio.Task[None] | None = None
        self._queries: OrderedDict[tuple[str, str], tuple[float, ...]] = OrderedDict()

    def start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="embedding")

    def nudge(self) -> None:
        self._nudge.set()

    async def stop(self) -> None:
        """Ends what is under way; what has been embedded is stored."""
        for task in (self._task, self._asking):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        self._task = self._asking = None
        self.busy = False

    async def aclose(self) -> None:
        await self.stop()

    # -- questions

    async def answering(self) -> str | None:
        """The model whose vectors answer: the chosen one, or the one before while its vectors are being made."""
        chosen = self.ground.embed_model()
        if chosen is None or not self.ground.exists:
            return None

        models = await self.ground.store.embedded_by_model()
        if not models:
            return None
        # A new model answers only once it knows nearly as much as the old one; before that its results would have
        # holes.
        best = max(models, key=lambda name: models[name])
        mine = models.get(str(chosen), 0)
        return str(chosen) if mine and mine >= ENOUGH * models[best] else best

    async def vector_of(self, line: Line, model: str, query: str) -> tuple[float, ...]:
        """A question's vector: a call to the model, unless it was asked lately. Raises the errors of `core.errors`."""
        key = (model, query)
        if key not in self._queries:
            (self._queries[key],) = await embed_texts(line, ModelRef.parse(model), [query], Priority.ACTION)
            if len(self._queries) > KEPT_QUERIES:
                self._queries.popitem(last=False)
        self._queries.move_to_end(key)
        return self._queries[key]

    # -- making them

    async def _run(self) -> None:
        pause = FIRST_PAUSE_S
        while True:
            self._nudge.clear()
            model = self.ground.embed_model()
            try:
                await self._embed_what_is_missing()
                pause = FIRST_PAUSE_S
                self.problem = None
                await self._news(model)
            except HalleyError as error:
                self.problem = error.problem
                self.busy = False
                self.ground.tell()
                # A budget does not come back in seconds; a host may.
                wait = LONGEST_PAUSE_S if isinstance(error, BudgetExceeded) else pause
                pause = min(pause * 2, LONGEST_PAUSE_S)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._nudge.wait()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self.problem = problem_of(error)
                logger.warning("embedding stopped: %s", type(error).__name__)
                await self._nudge.wait()

    async def _news(self, looked_at: ModelRef | None) -> None:
        """Until it is nudged, or another model was chosen elsewhere: in a terminal, in another process."""
        while not self._nudge.is_set() and self.ground.embed_model() == looked_at:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._nudge.wait()

    async def _embed_what_is_missing(self) -> None:
        model = self.ground.embed_model()
        attendant = self.ground.attendant
        if model is None or attendant is None:
            self.estimate = None
            return
        async with self.sharing.of(model):
            await self._embed_with(model, attendant)

    async def _embed_with(self, model: ModelRef, attendant: Attendant) -> None:
        control = load_control(self.ground.folder)
        declined = str(model) in control.answers and not control.agreed(str(model))
        if self.sharing.shares and not declined:
            # Before the estimate: what the team has costs nothing, and no text is sent for it.
            self.busy = True
            taken = await self.sharing.take(
                [digest for digest, _ in await self.ground.store.missing(str(model), -1)]
            )
            self.busy = False
            if taken:
                self.ground.tell()
        if not control.agreed(str(model)):
            await self._ask_first(model, declined=declined)
            return
        self.estimate = None
        line = attendant.line()
        line = replace(
            line, caller=replace(line.caller, confirm=None)
        )  # no budget question without a request by the user
        while todo := await self.ground.store.missing(str(model), ROUND):
            self.busy = True
            # Asked between rounds, because another process can choose another model or withdraw the approval at any
            # time.
            if self.ground.embed_model() != model or not load_control(self.ground.folder).agreed(str(model)):
                self.nudge()
                return
            await self._embed_round(line, model, todo)
        # Only now: until the new vectors are complete the old ones answer.
        await self.ground.store.keep_only(str(model))
        await self.sharing.give_all()
        self.busy = False
        self.ground.tell()

    async def _embed_round(self, line: Line, model: ModelRef, todo: Sequence[tuple[bytes, int]]) -> None:
        chunks = await self.ground.store.load_chunks([chunk for _, chunk in todo])
        # Asked again, because a colleague may be embedding the same files in this moment.
        taken = await self.sharing.take([digest for digest, _ in todo])
        wanted = [(digest, chunks[id]) for digest, id in todo if id in chunks and digest not in taken]
        kept = [self._embed_batch(line, model, batch) for batch in _batches(wanted)]
        for failure in await asyncio.gather(*kept, return_exceptions=True):
            if failure is not None:
                raise failure

    async def _embed_batch(self, line: Line, model: ModelRef, batch: list[tuple[bytes, Found]]) -> None:
        """Each batch is stored as soon as it arrives: after a kill only the one under way is paid for again."""
        vectors = await embed_texts(line, model, [_text(chunk) for _, chunk in batch], Priority.BATCH)
        digests = [digest for digest, _ in batch]
        await self.ground.store.append_vectors(str(model), digests, vectors)
        self.ground.tell(at_most_every_s=0.5)
        await self.sharing.give(digests)

    # -- asking

    async def _ask_first(self, model: ModelRef, *, declined: bool) -> None:
        self.busy = False
        self.estimate = None if declined else await self.find_estimate(model)
        if self.estimate is None:
            return
        self.ground.tell()
        attendant = self.ground.attendant
        if attendant is not None and attendant.ask is not None and str(model) not in self._asked:
            self._asked.add(str(model))
            self._asking = asyncio.create_task(self._ask(model, estimate_text(self.estimate)))

    async def _ask(self, model: ModelRef, question: str) -> None:
        attendant = self.ground.attendant
        answer = await attendant.ask(question) if attendant and attendant.ask else None
        if answer is not None and self.ground.embed_model() == model:
            self._asking = None  # what we do now stops the asking
            await self.control("embed" if answer else "decline")

    def offer(self, estimate: Json | None) -> str:
        """The notice about the estimate after a search, once per model; empty where the user gets a question
        instead."""
        attendant = self.ground.attendant
        if estimate is None or attendant is None or attendant.ask is not None:
            return ""
        if estimate["model"] in self._asked:
            return ""
        self._asked.add(estimate["model"])
        return (
            f"{estimate_text(estimate)} `halley index embed` in a terminal approves it, `halley index decline` rejects "
            "it; in the editor use the command halley.index.control."
        )

    async def find_estimate(self, model: ModelRef) -> Json | None:
        """What the missing vectors will take; None where none is missing. A sample is counted, the rest measured."""
        chunks, characters, sample = await self.ground.store.missing_extent(str(model), SAMPLE)
        if not chunks or not sample:
            return None
        counted = await asyncio.to_thread(lambda: sum(estimate_tokens(_text(chunk)) for chunk in sample))
        tokens = round(counted * characters / max(1, sum(len(chunk.text) for chunk in sample)))
        return {
            "model": str(model),
            "chunks": chunks,
            "tokens": tokens,
            "cost": await self._cost(model, tokens),
        }

    async def _cost(self, model: ModelRef, tokens: int) -> Json:
        from halley.routing.registry import price_book_of

        models, attendant = self.ground.models, self.ground.attendant
        assert attendant is not None
        settings = attendant.line().settings
        known = models.registry().find_model(model, settings)
        if known.price is None:  # its host's own list may name one
            caller = attendant.line().caller
            with contextlib.suppress(HalleyError):
                await models.registry().list_models(settings, caller, provider=model.provider)
            known = models.registry().find_model(model, settings)
        book = price_book_of(models.registry().endpoint(model.provider, settings))
        usage = await models.prices().with_cost(Usage(input_tokens=tokens), known, book)
        return {"amount": usage.cost_usd or 0.0, "currency": "USD", "source": usage.cost_source}


async def embed_texts(
    line: Line, model: ModelRef, texts: Sequence[str], priority: Priority
) -> tuple[tuple[float, ...], ...]:
    """One vector for each text, from exactly this model. Raises the errors of `core.errors`."""
    options: Json = {"feature": "search", "role": "embed", "model": str(model), "priority": priority}
    prompt = EmbedPrompt(tuple(texts))
    found: list[tuple[tuple[float, ...], ...]] = []

    def take(event: Event) -> None:
        if isinstance(event, Vectors):
            found.append(event.vectors)

    await feed_reply(line, prompt, take, shorten=_shorter, **options)
    if len(found) != 1 or len(found[0]) != len(texts):
        raise BadReply(
            f"{model} sent no embeddings.", "Choose another model with `halley use embed`.", model=str(model)
        )
    return found[0]


def _shorter(prompt: AnyPrompt) -> AnyPrompt | None:
    """For a model with a small window: the first quarter of each text, the beginning says most."""
    if not isinstance(prompt, EmbedPrompt):
        return None
    return EmbedPrompt(tuple(text[: max(200, len(text) // 4)] for text in prompt.texts))


def estimate_text(estimate: Json) -> str:
    """The estimate as a question."""
    pieces = f"{estimate['chunks']:,} piece{'' if estimate['chunks'] == 1 else 's'}"
    return (
        f"Search by meaning: send {pieces} of this workspace ({estimate['tokens']:,} tokens) to "
        f"{estimate['model']} once, {price_text(estimate['cost'])}, and later changes as they happen?"
    )


def price_text(cost: Json) -> str:
    if cost["source"] == "unknown":
        return "at an unknown price"
    if cost["amount"] < 0.0001:
        return "for less than $0.0001" if cost["amount"] else "at no cost"
    return f"for about ${cost['amount']:.4f}"


def _text(chunk: Found) -> str:
    return text_to_embed(chunk.path, chunk.symbol, chunk.text)


def _batches(wanted: Sequence[tuple[bytes, Found]]) -> list[list[tuple[bytes, Found]]]:
    batches: list[list[tuple[bytes, Found]]] = []
    size = 0
    for entry in wanted:
        length = len(entry[1].text)
        if not batches or len(batches[-1]) >= BATCH_TEXTS or size + length > BATCH_CHARACTERS:
            batches.append([])
            size = 0
        batches[-1].append(entry)
        size += length
    return batches
