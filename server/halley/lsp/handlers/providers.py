"""halley/providers/* and halley/secrets/*: endpoints of the user's own configuration, and their keys."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from halley.core.errors import InvalidInput
from halley.features.models import list_providers
from halley.features.verify import verify
from halley.lsp.protocol.providers import (
    ProviderIdParams,
    ProviderParams,
    ProviderSaveParams,
    SecretSetParams,
    VerifyParams,
)
from halley.lsp.protocol.shape import read_params
from halley.lsp.window.progress import WorkDone
from halley.lsp.window.session import Session
from halley.lsp.window.status import send_status
from halley.stores.config.writer import remove_provider, save_provider

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

Json = dict[str, Any]


async def providers_list(session: Session) -> Json:
    return await list_providers(session.room, session.settings_of(), session.caller())


async def providers_save(session: Session, params: Json) -> Json:
    """Writes the provider into config.toml; fields that are absent stay as they are."""
    asked = read_params(ProviderSaveParams, params)
    fields = asked.model_dump(exclude_unset=True, exclude={"id"}, by_alias=False)
    await asyncio.to_thread(save_provider, session.room.paths, asked.id, fields)
    return await _changed(session)


async def providers_remove(session: Session, params: Json) -> Json:
    asked = read_params(ProviderIdParams, params)
    removed = await asyncio.to_thread(remove_provider, session.room.paths, asked.id)
    if not removed:
        raise InvalidInput(f"There is no provider {asked.id} in config.toml.", "Presets cannot be removed.")
    return await _changed(session)


async def secrets_set(session: Session, params: Json) -> Json:
    """Stores a key for exactly the origin the provider has now."""
    asked = read_params(SecretSetParams, params)
    endpoint = session.room.registry.endpoint(asked.provider, session.settings_of())
    await session.room.secrets.set_key(asked.provider, endpoint.origin, asked.key, asked.store)
    session.problem = None
    return await _changed(session)


async def secrets_remove(session: Session, params: Json) -> Json:
    await session.room.secrets.remove_key(read_params(ProviderParams, params).provider)
    return await _changed(session)


async def _changed(session: Session) -> Json:
    for what in ("providers", "models", "selection"):
        session.notify("halley/changed", {"what": what})
    send_status(session)
    return {}


async def providers_verify(session: Session, params: Json) -> Json:
    asked = read_params(VerifyParams, params)
    found = await verify(session.room, session.settings_of(), session.caller(), asked.provider, asked.model)
    if found["ok"]:
        session.problem = None
    session.notify("halley/changed", {"what": "providers"})
    return found


def register(server: HalleyServer) -> None:
    async def _verify(params: Json) -> Json:
        async with WorkDone(server, "Halley: verify"):
            return await providers_verify(server.session, params)

    server.feature("halley/providers/verify")(_verify)

    @server.command("halley.providers.verify")
    async def _verify_command(arguments: list[Any]) -> Json:
        return await _verify(arguments[0] if arguments else {})

    @server.feature("halley/providers/list")
    async def _list(_params: Json) -> Json:
        return await providers_list(server.session)

    @server.feature("halley/providers/save")
    async def _save(params: Json) -> Json:
        return await providers_save(server.session, params)

    @server.feature("halley/providers/remove")
    async def _remove(params: Json) -> Json:
        return await providers_remove(server.session, params)

    @server.feature("halley/secrets/set")
    async def _set(params: Json) -> Json:
        return await secrets_set(server.session, params)

    @server.feature("halley/secrets/remove")
    async def _forget(params: Json) -> Json:
        return await secrets_remove(server.session, params)
