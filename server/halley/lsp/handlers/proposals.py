"""halley/proposals/*, their commands, and the lenses for plain clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from halley.lsp.base.converter import from_json
from halley.lsp.protocol.editing import ProposalParams, ProposalsList
from halley.lsp.protocol.shape import read_params
from halley.lsp.window.delivery import accept
from halley.lsp.window.proposing import code_lenses, discard, list_proposals

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

Json = dict[str, Any]


def register(server: HalleyServer) -> None:
    @server.feature("halley/proposals/list")
    async def _list(_params: Json) -> Json:
        return list_proposals(server.session)

    @server.feature("halley/proposals/accept")
    async def _accept(params: Json) -> Json:
        asked = read_params(ProposalParams, params)
        return await accept(server.session, asked.id, asked.hunks, confirm=asked.confirm)

    @server.feature("halley/proposals/discard")
    async def _discard(params: Json) -> Json:
        asked = read_params(ProposalParams, params)
        return discard(server.session, asked.id, asked.hunks)

    @server.feature("halley/proposals/restore")
    async def _restore(params: Json) -> Json:
        from halley.lsp.window.restoring import restore_proposals

        restore_proposals(server.session, read_params(ProposalsList, params).proposals)
        return list_proposals(server.session)

    @server.command("halley.proposals.accept")
    async def _accept_command(arguments: list[Any]) -> Json:
        return await _accept(arguments[0] if arguments else {})

    @server.command("halley.proposals.discard")
    async def _discard_command(arguments: list[Any]) -> Json:
        return await _discard(arguments[0] if arguments else {})

    @server.feature(types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensOptions(resolve_provider=False))
    async def _lenses(params: types.CodeLensParams) -> list[types.CodeLens]:
        found = code_lenses(server.session, params.text_document.uri)
        return [from_json(lens, types.CodeLens) for lens in found]
