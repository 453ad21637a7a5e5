"""What a tool's server asks of the user while the tool runs: forms, and answers of the chat's model.

Both only where the user allowed it for that server (`tools.servers.NAME.elicitation`, `.sampling`). A prompt of a
server is approved as a call of a tool is, by its exact text and each time; it is in the ledger as any other call, and
counts against the money and the calls of the reply.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from halley.core.agent import Limits
from halley.core.calls import Message, Prompt, assistant, system, user
from halley.core.errors import HalleyError
from halley.core.events import Notice
from halley.engine.markdown.inert import visible
from halley.features.ask import Line, ModelReply, feed_reply
from halley.features.tools.approving import Ask, Question
from halley.features.tools.spending import Spending
from halley.mcp.values import AskedReply, Form, ToolFailed

Filled = Mapping[str, Any] | Literal["decline", "cancel"]
Fill = Callable[[str, Form], Awaitable[Filled]]
"""(server, form) → the user's answers by field; `decline` for a no, `cancel` where there was no answer."""
MOST_REFUSED = 3
"""Refusals after which a server is not heard again in a reply: a user could be worn down."""
SAMPLING = "sampling"
"""What is approved in place of a tool."""


@dataclass(slots=True)
class ReplyHelp:
    """Of one reply. `asked_s` is how long the user has taken."""

    line: Line
    options: Mapping[str, Any]
    ask: Ask | None
    fill: Fill | None
    take: Callable[[Notice], object]
    spending: Spending
    limits: Limits
    rounds: int = 0
    asked_s: float = 0.0
    refused: Counter[str] = field(default_factory=Counter[str])
    """By server."""

    def of(self, server: str) -> ServerHelp:
        return ServerHelp(self, server)


@dataclass(frozen=True, slots=True)
class ServerHelp:
    """Of one reply, for one server. Implements `CallHelp`."""

    reply: ReplyHelp
    server: str

    async def fill(self, form: Form) -> Filled:
        if self.reply.fill is None or self.reply.refused[self.server] >= MOST_REFUSED:
            return "decline"
        began = time.monotonic()
        try:
            filled = await self.reply.fill(self.server, form)
        finally:
            self.reply.asked_s += time.monotonic() - began
        self.reply.refused[self.server] += isinstance(filled, str)
        return filled

    async def sample(self, asked: AskedReply) -> tuple[str, str, str]:
        if spent := self._spent():
            raise ToolFailed(spent)
        its = self.reply
        # What is shown is what is sent: hidden characters would be a prompt that the user has not read.
        asked = replace(
            asked, system=visible(asked.system), messages=tuple((r, visible(t)) for r, t in asked.messages)
        )
        if its.refused[self.server] >= MOST_REFUSED or not await self._is_approved(asked):
            its.refused[self.server] += 1
            raise ToolFailed("The user did not approve this prompt.")
        its.rounds += 1
        messages: list[Message] = [system(asked.system)] if asked.system else []
        messages += [(assistant if role == "assistant" else user)(text) for role, text in asked.messages]
        said = ModelReply()
        try:
            prompt = Prompt(tuple(messages), asked.max_tokens, asked.temperature)
            await feed_reply(its.line, prompt, said.add, **{**its.options, "charge": its.spending.add})
        except HalleyError as error:
            raise ToolFailed(error.problem.message) from None
        finish = said.finish
        if finish is not None and finish.usage is not None:
            its.spending.add(finish.usage)
        model = str((finish and finish.model) or its.options.get("model") or "a model")
        return model, said.text, "maxTokens" if finish and finish.reason == "length" else "endTurn"

    async def _is_approved(self, asked: AskedReply) -> bool:
        if self.reply.ask is None:
            return False
        shown = [("system", asked.system)] if asked.system else []
        text = "\n\n".join(f"{role}: {said}" for role, said in (*shown, *asked.messages))
        text += f"\n\n(at most {asked.max_tokens} tokens)"
        question = Question(
            f"k{secrets.token_hex(8)}", self.server, SAMPLING, "Ask the chat's model", {"prompt": text}, text, False,
            always=False, why=f"{self.server} gets the answer, and you pay for it.",
        )  # fmt: skip
        began = time.monotonic()
        try:
            return await self.reply.ask(question) == "once"
        finally:
            self.reply.asked_s += time.monotonic() - began

    def _spent(self) -> str:
        limits = self.reply.limits
        if self.reply.rounds >= limits.calls:
            return f"The reply has asked for {self.reply.rounds} answers (`{limits.setting}.max_calls`)."
        if limits.usd is not None and self.reply.spending.known_usd >= limits.usd:
            return f"The reply has cost what it may (`{limits.setting}.max_usd`)."
        return ""
