"""Choosing a model in a window: by request, by command, or by `/model` in a chat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halley.core.models import ModelRef
from halley.features.models import select
from halley.lsp.protocol.models import SelectParams
from halley.lsp.protocol.shape import read_params
from halley.lsp.window.status import send_status

if TYPE_CHECKING:
    from halley.lsp.window.session import Session

Json = dict[str, Any]


def selection(session: Session, uri: str) -> Json:
    return {"roles": session.room.selection(session.settings_of(uri), session.layers(uri))}


async def models_select(session: Session, params: Json) -> Json:
    """Chooses, notifies the client, and answers with what holds now and why."""
    asked = read_params(SelectParams, params)
    uri = asked.uri or ""
    await select(
        session.room,
        asked.role,
        tuple(ModelRef.parse(name) for name in asked.route),
        asked.scope,
        settings=session.settings_of(uri),
        caller=session.caller(uri),
        root=session.folders.root_of(uri),
        pick_session=session.pick,
    )
    session.problem = None
    session.nudge_indexes()
    session.notify("halley/changed", {"what": "selection"})
    send_status(session)
    return selection(session, uri)
