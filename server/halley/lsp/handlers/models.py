"""halley/models/*: the catalogue, which model does what here, and choosing another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halley.core.models import ModelRef
from halley.features.models import list_models, mark_favourite
from halley.lsp.protocol.common import UriParams
from halley.lsp.protocol.models import FavouriteParams, ModelsListParams
from halley.lsp.protocol.shape import read_params
from halley.lsp.window.model_choice import models_select, selection
from halley.lsp.window.session import Session

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

Json = dict[str, Any]


def watch_catalogue(session: Session) -> None:
    """Tell the client when a list that was shown from cache has been fetched again; from the first list on."""
    if session.watches_catalogue:
        return
    session.watches_catalogue = True
    listeners = session.room.catalogue.on_change

    def changed(*_: Any) -> None:
        session.notify("halley/changed", {"what": "models"})

    listeners.append(changed)
    session.server.closing.callback(lambda: listeners.remove(changed))


async def models_list(session: Session, params: Json) -> Json:
    asked = read_params(ModelsListParams, params)
    watch_catalogue(session)
    return await list_models(
        session.room,
        session.settings_of(),
        session.caller(),
        role=asked.role,
        provider=asked.provider,
        refresh=asked.refresh,
    )


async def models_favourite(session: Session, params: Json) -> Json:
    asked = read_params(FavouriteParams, params)
    found = await mark_favourite(
        session.room,
        ModelRef.parse(asked.model),
        asked.favourite,
        settings=session.settings_of(),
        caller=session.caller(),
    )
    session.notify("halley/changed", {"what": "models"})
    return found


def register(server: HalleyServer) -> None:
    @server.feature("halley/models/list")
    async def _list(params: Json) -> Json:
        return await models_list(server.session, params)

    @server.feature("halley/models/selection")
    async def _selection(params: Json) -> Json:
        return selection(server.session, read_params(UriParams, params).uri or "")

    @server.feature("halley/models/select")
    async def _select(params: Json) -> Json:
        return await models_select(server.session, params)

    @server.feature("halley/models/favourite")
    async def _favourite(params: Json) -> Json:
        return await models_favourite(server.session, params)

    @server.command("halley.models.list")
    async def _list_command(arguments: list[Any]) -> Json:
        return await models_list(server.session, arguments[0] if arguments else {})

    @server.command("halley.models.select")
    async def _select_command(arguments: list[Any]) -> Json:
        return await models_select(server.session, arguments[0] if arguments else {})

    @server.command("halley.models.favourite")
    async def _favourite_command(arguments: list[Any]) -> Json:
        return await models_favourite(server.session, arguments[0] if arguments else {})
