"""halley/chat/apply: a block of code from a reply, put where it belongs as an action's reply would be.

What it changes is found by `features/actions/block.py`. What a protected file or the user's settings ask for becomes a
proposal.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from halley.features.actions.block import edit_of_block
from halley.lsp.protocol.editing import ApplyBlockParams
from halley.lsp.protocol.shape import read_params
from halley.lsp.window.delivery import deliver_edit
from halley.lsp.window.session import Session

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

Json = dict[str, Any]


async def apply_block(session: Session, params: Json) -> Json:
    """The outcome of `halley.run`."""
    asked = read_params(ApplyBlockParams, params)
    snapshot = session.required_snapshot(params["textDocument"], params.get("range"))
    # In a thread: a block of 50,000 lines takes a moment, and no other request has to wait for it.
    edited = await asyncio.to_thread(
        edit_of_block, snapshot, asked.text, asked.language or "", asked.file or ""
    )
    return await deliver_edit(session, edited, {snapshot.document.uri: snapshot.document})


def register(server: HalleyServer) -> None:
    @server.feature("halley/chat/apply")
    async def _apply(params: Json) -> Json:
        return await apply_block(server.session, params)
