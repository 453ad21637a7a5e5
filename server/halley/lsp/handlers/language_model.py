"""halley/models/respond and halley/models/count: a model for others, through the daemon's router.

For clients whose editor shares models among its extensions. No chat is saved and no context is added: the messages are
the caller's. Metering, budgets and the scan for secrets hold as for every call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halley.core.calls import Message, Priority, Prompt, assistant, system, user
from halley.core.tokens import estimate_tokens
from halley.features.ask import ask
from halley.features.chat.events import event_json
from halley.lsp.protocol.models import CountParams, RespondParams
from halley.lsp.protocol.shape import read_params
from halley.lsp.window.partial_results import PartialResults
from halley.lsp.window.session import Session
from halley.lsp.window.status import working

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

Json = dict[str, Any]
_SAYS = {"user": user, "assistant": assistant, "system": system}


async def respond(session: Session, params: Json, emit: Any) -> Json:
    """The whole reply, its text streamed as events. Raises the errors of `core.errors`."""
    asked = read_params(RespondParams, params)
    messages: tuple[Message, ...] = tuple(_SAYS[said.role](said.content) for said in asked.messages)
    reply = await ask(
        session.line(),
        Prompt(messages, max_tokens=asked.max_tokens),
        feature="shared",
        model=asked.model,
        priority=Priority.CHAT,
        on_event=lambda event: emit(event_json("", event)),
    )
    return {"text": reply.text}


def register(server: HalleyServer) -> None:
    @server.feature("halley/models/respond")
    async def _respond(params: Json) -> Json:
        with working(server.session, "answering another extension"), PartialResults(server) as results:
            return await respond(server.session, params, results.send)

    @server.feature("halley/models/count")
    async def _count(params: Json) -> Json:
        return {"tokens": estimate_tokens(read_params(CountParams, params).text)}
