"""A reply with its calls: the model asks, the call is agreed to and run, the result goes back, until it answers.

    prompt ──▶ model ──▶ text? ───────────────────────────────▶ the end
                 ▲  └──▶ calls ──▶ read ──▶ agreed? ──▶ run ─┐
                 └───────────────────── results ◀────────────┘

Bounded in calls, in seconds from the first call on (the user's own time not counted) and in money; past a bound the
model is asked to answer with what it has, one last time. A truncated call is never run. After its first round a reply
stays with the model that began it. Models that cannot call are given the written form
(`engine/prompting/tool_text.py`).
"""

from __future__ import annotations

import itertools
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter
from typing import Any

from halley.core.agent import Limits
from halley.core.calls import Message, Prompt, ToolCall, assistant, user
from halley.core.errors import BlockedByPolicy, HalleyError, ModelNotFound, RequestRefused
from halley.core.events import (
    Event,
    Finish,
    Notice,
    Recalled,
    TextDelta,
    ToolCallDelta,
    ToolCalled,
    ToolEnded,
    ToolState,
)
from halley.core.models import HostNotes, Times, Usage
from halley.core.pieces import Pieces
from halley.engine.markdown.inert import visible
from halley.engine.prompting.tool_text import (
    ENOUGH,
    BlockSplitter,
    result_message,
    rules_for,
    tidy_result,
    with_rules,
)
from halley.engine.tool_calls import read_arguments, show_arguments
from halley.features.ask import Line, ModelReply, feed_reply
from halley.features.tools.spending import Spending, ending_with_total
from halley.features.tools.toolbox import Agreed, OfferedTool, OnlyHunks, Prepared, Toolbox
from halley.mcp.values import Outcome, ToolFailed

logger = logging.getLogger(__name__)

SAME_RESULTS = 3
"""How often a call that only reads may give the same result before it is refused. One that does something may be meant
to be repeated, and each time is approved."""
SAME_EFFECTS = 10
SAME_REFUSED = 2
"""How many such refusals a model may ignore before it has to answer with what it has."""

Take = Callable[[Event], None]
Note = Callable[[str], object]
Keep = Callable[[], Awaitable[object]]
Agree = Callable[
    [OfferedTool, Mapping[str, Any], str, Callable[[], None], Prepared | None], Awaitable[Agreed]
]
"""(tool, arguments, the call's id, what to do before a user is asked, the prepared call) → whether it may be run, or
which hunks of it."""


@dataclass(frozen=True, slots=True)
class Written:
    """Which models get the written form. `learn` takes note of one whose host has just refused tools."""

    needs: Callable[[str], bool] = lambda _model: False
    learn: Callable[[str], None] = lambda _model: None


async def converse(
    line: Line,
    prompt: Prompt,
    box: Toolbox,
    agree: Agree,
    take: Take,
    options: Mapping[str, Any],
    *,
    written: Written | None = None,
    said: str = "",
    note: Note = lambda _rules: None,
    keep: Keep | None = None,
    limits: Limits | None = None,
    rules: str = "",
    spending: Spending | None = None,
    is_awaited: Callable[[], bool] = lambda: False,
    waited_s: Callable[[], float] = lambda: 0.0,
) -> None:
    """Streams a reply, calls and all, into `take`, which gets one `Finish` at the end. Raises what the model's host
    made fail. `said` is the text that the reply has already; `note` gets, before each round, what the model gets of
    tools; `keep` is waited for before a call that may have an effect, so that it is on disk that it was begun. `limits`
    are those of `tools.*` unless others are given; `rules` go to the model with those for its tools. `spending` gets
    what each round used. The reply ends after a step in which `is_awaited`: the user has something to say. `waited_s`
    is how long the user was asked within calls: it does not count as work."""
    for notice in box.notices:
        take(Notice(notice))
    spending = spending or Spending(lambda _usage: None)
    options = {**options, "charge": spending.add}
    if not box.tools:
        await feed_reply(line, prompt, ending_with_total(take, spending), **options)
        return
    model = str(options.get("model") or (await line.route_of(options.get("role", "chat")))[0])
    written = written or Written()
    its = line.settings.tools
    limits = limits or Limits(its.max_calls, its.max_seconds, its.max_usd)
    conversation = _Conversation(
        line, box, agree, take, dict(options), written, model, note, len(said), limits, rules,
        spending, is_awaited, keep, waited_s,
    )  # fmt: skip
    await conversation.run(prompt)


@dataclass(slots=True)
class _Round:
    """What a model said before it stopped for results."""

    reply: ModelReply
    calls: list[ToolCall]
    said: Pieces | None = None
    """The text, for the written form; else it is the reply's."""
    block: str = ""
    """The call as it was written, for the written form."""
    cut: bool = False
    begun: bool = False
    """Text was shown, though it may have been called back."""

    @property
    def text(self) -> str:
        return self.reply.text if self.said is None else str(self.said)


@dataclass(slots=True)
class Circles:
    """Calls made over and over: with the same arguments, and the same result each time."""

    same: dict[tuple[str, str], tuple[str, int]] = field(
        default_factory=dict[tuple[str, str], tuple[str, int]]
    )
    """The last result of each call, and how often it came in a row."""
    refused: int = 0

    def is_circle(self, key: tuple[str, str], most: int) -> bool:
        return self.same.get(key, ("", 0))[1] >= most

    def note(self, key: tuple[str, str], result: str) -> None:
        last, count = self.same.get(key, ("", 0))
        self.same[key] = result, count + 1 if result == last else 1


@dataclass(slots=True)
class _Conversation:
    line: Line
    box: Toolbox
    agree: Agree
    take: Take
    options: dict[str, Any]
    written: Written
    model: str
    note: Note
    at: int
    limits: Limits
    rules: str
    spending: Spending
    is_awaited: Callable[[], bool]
    keep: Keep | None = None
    waited_s: Callable[[], float] = lambda: 0.0
    needs_gap: bool = False
    """Between the text of one round and the next; none when a reply is continued."""
    finishes: list[Finish] = field(default_factory=list)
    calls: int = 0
    asked_s: float = 0.0
    began: float | None = None
    """When the first calls were there: how long a model thinks before it asks for any is not bounded here."""
    ids: set[str] = field(default_factory=set)
    """Of all calls so far."""
    refused: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    """Calls the user denied, whole or in part, and how that is said: not asked about again in this reply."""
    circles: Circles = field(default_factory=Circles)

    async def run(self, prompt: Prompt) -> None:
        added: list[Message] = []
        last = False
        notes: HostNotes | None = None  # of the last round: those of earlier ones belong to their calls
        for number in itertools.count():
            said = await self._round(prompt, added, first=number == 0)
            notes = said.reply.notes
            if said.cut:
                self._cut(said)
            # Calls of a reply that broke off are never run: their arguments may be half of what the model wanted.
            if not said.calls or said.cut or last:
                if said.calls and last and not said.cut:
                    self.take(
                        Notice(
                            "The model asked for more calls than the limit allows, so the reply ends here."
                        )
                    )
                break
            self.began = self.began or time.monotonic()
            results = [(call, await self._call(call)) for call in said.calls]
            if self.is_awaited():
                self.take(Notice("The reply ended after this step, for your next message."))
                break
            # One more round after a limit, without further calls: results that are paid for should reach an answer.
            last = bool(self._spent())
            if last:
                call, result = results[-1]
                results[-1] = call, f"{result}\n\n{ENOUGH}"
                self.take(Notice(f"{self._spent()} The model answers with what it has."))
            added += self._as_messages(said, results)
        if notes is not None:
            self.take(notes)
        self.take(_together(self.finishes, self.spending.total))

    # -- asking the model

    async def _round(self, prompt: Prompt, added: list[Message], *, first: bool) -> _Round:
        """One answer of the model. A host that refuses tools is asked in the written form instead, once."""
        if not self.written.needs(self.model):
            try:
                return await self._stream(prompt, added, written=False)
            except (RequestRefused, ModelNotFound) as error:
                # Later rounds have native calls in their history, which the written form cannot take over.
                if not (first and error.subject == "tools"):
                    raise
                self.written.learn(self.model)
        return await self._stream(prompt, added, written=True)

    async def _stream(self, prompt: Prompt, added: list[Message], *, written: bool) -> _Round:
        tools = tuple(sorted((tool.as_tool() for tool in self.box.tools.values()), key=attrgetter("name")))
        rules = "\n\n".join(filter(None, (rules_for(tools, written=written), self.rules)))
        self.note(rules)
        messages = (*with_rules(prompt.messages, rules), *added)
        asked = replace(prompt, messages=messages, tools=() if written else tools)
        said, splitter = _Round(ModelReply(), []), BlockSplitter() if written else None
        said.said = Pieces() if written else None

        def take(event: Event) -> None:
            if said.begun and splitter is None and type(event) is TextDelta and event.text:
                # Nearly all of a reply: text that continues passes as it is.
                said.reply.add_text(event.text)
                self.at += len(event.text)
                self.take(event)
                return
            said.reply.add(event)
            self._pass_on(event, said, splitter)

        try:
            await feed_reply(self.line, asked, take, **self.options)
        except HalleyError:
            self._read_calls(said, splitter)
            if said.calls:
                self._cut(said)
            raise
        self._read_calls(said, splitter)
        return said

    def _pass_on(self, event: Event, said: _Round, splitter: BlockSplitter | None) -> None:
        match event:
            case TextDelta(text):
                self._say(splitter.feed(text) if splitter else text, said)
            case Recalled(length):
                if said.said is not None:
                    text = said.text
                    said.said = Pieces(text[: len(text) - length])
                self.at -= length
                self.take(event)
            case ToolCallDelta() | HostNotes():
                pass
            case Finish():
                self.finishes.append(event)
                if event.usage:
                    self.spending.add(event.usage)
                # After a failover the fallback has the calls in its own form; going back would mix two models' IDs
                # and notes.
                if event.model:  # the model that began a reply with calls continues it
                    self.model = str(event.model)
                    self.options["model"] = self.model
            case _:
                self.take(event)

    def _say(self, text: str, said: _Round) -> None:
        if not text:
            return
        if self.needs_gap and not said.begun:
            self.take(TextDelta("\n\n"))
            self.at += 2
        said.begun = True
        if said.said is not None:
            said.said.add(text)
        self.at += len(text)
        self.needs_gap = True
        self.take(TextDelta(text))

    def _read_calls(self, said: _Round, splitter: BlockSplitter | None) -> None:
        finish = said.reply.finish
        said.cut = finish is None or finish.reason in ("length", "content_filter")
        if splitter is None:
            deltas = [said.reply.tool_calls[index] for index in sorted(said.reply.tool_calls)]
            said.calls = [ToolCall(self._unique(delta.id), delta.name, delta.arguments) for delta in deltas]
            return
        held, call, cut = splitter.close()
        self._say(held, said)
        if call is not None:
            said.calls = [ToolCall("", call.name, call.arguments)]
            said.block, said.cut = call.whole, said.cut or cut

    def _unique(self, id: str) -> str:
        """The host's id, unless it gave none or used it before: results are put with their calls by it.

        Nine letters and digits, because Mistral's hosts refuse any other.
        """
        numbers = itertools.count(len(self.ids))
        while not id or id in self.ids:
            id = f"call{next(numbers):05d}"
        self.ids.add(id)
        return id

    # -- one call

    async def _call(self, call: ToolCall) -> str:
        """Runs it if allowed and not in vain; returns the text for the model."""
        tool, key = self.box.tools.get(call.name), (call.name, call.arguments)
        once = tool is None or tool.read_only or not tool.repeats
        most = SAME_RESULTS if once else SAME_EFFECTS
        if self.line.settings.budget.stop_repetition and self.circles.is_circle(key, most):
            self.circles.refused += 1
            why = f"This exact call has been made {most} times with the same result, so it was not run again."
            return self._refuse(f"k{secrets.token_hex(8)}", call, why, tool)
        result = await self._made(call)
        self.circles.note(key, result)
        return result

    async def _made(self, call: ToolCall) -> str:
        id = f"k{secrets.token_hex(8)}"
        tool, arguments = self.box.tools.get(call.name), read_arguments(call.arguments)
        if tool is None:
            near = ", ".join(list(self.box.tools)[:20])
            return self._refuse(id, call, f"There is no tool {visible(call.name)[:80]!r}. There are: {near}.")
        if arguments is None:
            why = "The arguments are not one JSON object that all programs read alike. It was not run."
            return self._refuse(id, call, why, tool)
        if spent := self._spent():
            return self._refuse(id, call, f"{spent} It was not run.", tool)
        self.calls += 1
        called = ToolCalled(
            id, tool.server, tool.name, tool.title, show_arguments(arguments), tool.read_only, at=self.at
        )
        # By the arguments as they were shown: a model must not get a second question by other white space.
        key = (tool.wire, called.arguments)
        if key in self.refused:
            return self._refuse(id, call, self.refused[key], tool)
        asked = False

        def on_ask() -> None:
            nonlocal asked
            asked = True
            self.take(replace(called, state="asking"))

        prepared: Prepared | None = None
        if tool.prepare is not None:
            try:
                prepared = await tool.prepare(arguments, id)
            except HalleyError as error:
                return self._unprepared(called, tool, error)
            called = replace(called, diff=prepared.diff, command=prepared.command)
        before = time.monotonic()
        try:
            agreed = await self.agree(tool, arguments, id, on_ask, prepared)
        finally:
            self.asked_s += time.monotonic() - before if asked else 0.0
        if not agreed:
            self.refused[key] = "The user has already denied this exact call."
            if not asked:
                self.take(called)
            return self._end(id, tool, "denied", "The user did not approve this call. It was not run.")
        if isinstance(agreed, OnlyHunks) and prepared is not None and prepared.part is not None:
            self.refused[key] = "The user has already denied a part of this exact call."
            prepared = prepared.part(agreed.hunks)
            called = replace(called, diff=prepared.diff)
        self.take(called)
        # After a crash a reply says which effects it may have had, so the call is on disk before it runs.
        if self.keep is not None and not tool.read_only:
            await self.keep()
        run = prepared.run if prepared else partial(tool.run, arguments)
        return await self._run(id, tool, run)

    def _unprepared(self, called: ToolCalled, tool: OfferedTool, error: HalleyError) -> str:
        """A call that cannot be made as it is: the user is not asked, the model gets the reason."""
        self.take(called)
        state: ToolState = "refused" if isinstance(error, BlockedByPolicy) else "failed"
        return self._end(called.id, tool, state, f"{error.problem.message} {error.problem.help}".strip())

    async def _run(self, id: str, tool: OfferedTool, run: Callable[[float], Awaitable[Outcome]]) -> str:
        began = time.monotonic()
        try:
            outcome = await run(max(1.0, self.limits.seconds - self._worked_s()))
        except ToolFailed as error:
            return self._end(id, tool, "failed", str(error), began)
        except HalleyError as error:  # what was prepared cannot be done any more
            why = f"{error.problem.message} {error.problem.help}".strip()
            return self._end(id, tool, "failed", why, began)
        except Exception as error:  # whatever a tool does, the chat continues
            logger.error("the tool %s of %s failed: %s", tool.name, tool.server, type(error).__name__)
            why = f"{tool.name} failed with an error of its own ({type(error).__name__})."
            return self._end(id, tool, "failed", why, began)
        return self._end(id, tool, "failed" if outcome.failed else "done", outcome.text, began)

    def _end(
        self, id: str, tool: OfferedTool, state: ToolState, text: str, began: float | None = None
    ) -> str:
        result = tidy_result(text, self.line.settings.tools.max_result_tokens)
        ms = None if began is None else (time.monotonic() - began) * 1000
        self.take(ToolEnded(id, state, result.text, result.shortened, ms))
        if result.hidden:
            self.take(
                Notice(
                    f"What {tool.name} returned holds {result.hidden} invisible characters; they are escaped."
                )
            )
        if result.secrets:
            self.take(
                Notice(
                    f"What {tool.name} returned holds {result.secrets} texts that look like keys; they are removed."
                )
            )
        return result_message(tool.wire, result.text, state)

    def _refuse(self, id: str, call: ToolCall, why: str, tool: OfferedTool | None = None) -> str:
        self._tell(id, call, tool)
        self.take(ToolEnded(id, "refused", why))
        return why

    def _cut(self, said: _Round) -> None:
        """Calls of an answer that broke off: shown, and not run, not even those that look whole."""
        for call in said.calls:
            id = f"k{secrets.token_hex(8)}"
            self._tell(id, call, self.box.tools.get(call.name))
            self.take(ToolEnded(id, "cut", "The answer ended within this call, so it was not run."))

    def _tell(self, id: str, call: ToolCall, tool: OfferedTool | None) -> None:
        name = visible(call.name)[:80]
        server, own, title = (tool.server, tool.name, tool.title) if tool else ("", name, name)
        read_only = tool.read_only if tool else False
        shown = visible(call.arguments)[:20_000]
        self.take(ToolCalled(id, server, own, title, shown, read_only, at=self.at))

    # -- bounds

    def _worked_s(self) -> float:
        asked_s = self.asked_s + self.waited_s()
        return time.monotonic() - self.began - asked_s if self.began is not None else 0.0

    def _spent(self) -> str:
        """Which bound is reached, as a sentence; empty while none is."""
        limits = self.limits
        if self.circles.refused > SAME_REFUSED:
            return "The model makes the same calls over and over."
        if self.calls >= limits.calls:
            return f"The reply has made {self.calls} calls (`{limits.setting}.max_calls`)."
        if self._worked_s() >= limits.seconds:
            return f"The reply has worked for {limits.seconds} seconds (`{limits.setting}.max_seconds`)."
        # Unknown prices count as nothing here; the number of calls and the time still bound such a model.
        cost = self.spending.known_usd
        if limits.usd is not None and cost > limits.usd:
            amount = f"{cost:.2f}" if cost >= 1 else f"{cost:.6f}"
            return f"The reply has cost {amount} US dollars (`{limits.setting}.max_usd`)."
        return ""

    def _as_messages(self, said: _Round, results: list[tuple[ToolCall, str]]) -> list[Message]:
        if said.block:
            told = "\n\n".join(result for _, result in results)
            return [assistant("\n\n".join(filter(None, (said.text.strip(), said.block)))), user(told)]
        calls = tuple(call for call, _ in results)
        called = Message("assistant", (said.text,), calls, notes=said.reply.notes)
        return [called, *(Message("tool", (text,), tool_call_id=call.id) for call, text in results)]


def _together(finishes: list[Finish], usage: Usage | None) -> Finish:
    """One end for all rounds: the last one's reason and model, everything they used, the first one's first token."""
    last = finishes[-1] if finishes else Finish("stop")
    times = [finish.times for finish in finishes if finish.times]
    total = [one.total_ms for one in times if one.total_ms is not None]
    whole = None
    if times:
        whole = Times(
            times[0].first_byte_ms,
            times[0].first_token_ms,
            sum(total) if total else None,
            times[-1].tokens_per_s,
        )
    return replace(last, usage=usage, times=whole)
