"""halley/checkpoints/*: what an agent changed, and taking it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from halley.core.errors import InvalidInput
from halley.features.agent.checkpoints import diff_json, going_back, list_json, restore
from halley.lsp.protocol.agent import (
    CheckpointParams,
    CheckpointReviewParams,
    CheckpointsParams,
    RestoreParams,
)
from halley.lsp.protocol.shape import read_params
from halley.lsp.window.agent.workbench import agent_desk
from halley.lsp.window.editor import editor_of
from halley.lsp.window.session import Session

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

Json = dict[str, Any]


async def restore_checkpoint(session: Session, params: Json) -> Json:
    asked = read_params(RestoreParams, params)
    store, desk = session.room.checkpoints, agent_desk(session)
    root = await _root(session, await store.chat_of(asked.id))
    done = await restore(
        store, desk.bench(root), root, asked.id, asked.files, force=asked.force, own=desk.closed(root)
    )
    return {
        "restored": list(done.files),
        "changed": list(done.changed),
        "failed": list(done.failed),
        "undo": done.undo,
    }


async def review_checkpoint(session: Session, params: Json) -> Json:
    """What a restore would do as a proposal, so that the user accepts it hunk by hunk."""
    asked = read_params(CheckpointReviewParams, params)
    store, desk = session.room.checkpoints, agent_desk(session)
    root = await _root(session, await store.chat_of(asked.id))
    change, base = await going_back(store, desk.bench(root), root, asked.id, asked.files, desk.closed(root))
    if not change.changes:
        return {}
    return {"proposal": await editor_of(session).propose(change, base)}


async def _root(session: Session, chat: str) -> Path:
    """The chat's workspace, which must be open here."""
    workspace = (await session.room.chats.get(chat)).workspace
    root = next((root for root in session.folders.roots if str(root) == workspace), None)
    if root is None:
        raise InvalidInput("This chat belongs to another workspace.", f"Open {workspace}.")
    return root


def register(server: HalleyServer) -> None:
    @server.feature("halley/checkpoints/list")
    async def _list(params: Json) -> Json:
        chat = read_params(CheckpointsParams, params).chat_id
        return await list_json(server.session.room.checkpoints, chat)

    @server.feature("halley/checkpoints/diff")
    async def _diff(params: Json) -> Json:
        return await diff_json(server.session.room.checkpoints, read_params(CheckpointParams, params).id)

    @server.feature("halley/checkpoints/restore")
    async def _restore(params: Json) -> Json:
        return await restore_checkpoint(server.session, params)

    @server.feature("halley/checkpoints/review")
    async def _review(params: Json) -> Json:
        return await review_checkpoint(server.session, params)
