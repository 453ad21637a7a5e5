"""halley/trust/*: what `.halley.toml` and `AGENTS.md` ask for, and the user's word for exactly that content.

The same word as `halley trust` takes in a terminal. It is asked for by a client, never here: a client has ways of
its own to show a file before it is believed.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from halley.core.errors import InvalidInput
from halley.lsp.protocol.common import UriParams
from halley.lsp.protocol.shape import read_params
from halley.lsp.protocol.trust import TrustParams
from halley.lsp.window.session import Session
from halley.lsp.window.status import send_status
from halley.stores.config.workspace_files import SETTINGS_FILE

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer
    from halley.stores.config.trust import TrustRequest

Json = dict[str, Any]


def describe(session: Session, uri: str) -> Json:
    """`TrustAsked` as the files are now."""
    return _described(session, _asked(session, uri))


def grant(session: Session, uri: str, content_hash: str) -> Json:
    """Raises InvalidInput where the files are not what was shown any more."""
    asked = _asked(session, uri)
    if asked.content_hash != content_hash:
        raise InvalidInput(
            "The workspace's files changed since they were shown, so nothing was trusted.",
            "Review them again.",
        )
    session.room.trust.grant(asked)
    return _described(session, asked)


def revoke(session: Session, uri: str) -> Json:
    asked = _asked(session, uri)
    session.room.trust.untrust(asked.root)
    return _described(session, asked)


def _asked(session: Session, uri: str) -> TrustRequest:
    root = session.folders.root_of(uri)
    if root is None:
        raise InvalidInput("There is no workspace to trust.", "Open a folder.")
    return session.room.config.describe_request(root)


def _described(session: Session, asked: TrustRequest) -> Json:
    root = asked.root
    return {
        "root": str(root),
        "hash": asked.content_hash,
        "trusted": session.room.trust.is_granted(asked),
        "files": [
            str(root / name)
            for name in (SETTINGS_FILE, *asked.guidance_names, *asked.files)
            if (root / name).is_file()
        ],
        "asks": list(asked.asks),
        "refused": list(asked.refused),
    }


def register(server: HalleyServer) -> None:
    def changed() -> None:
        for what in ("selection", "macros"):
            server.session.notify("halley/changed", {"what": what})
        send_status(server.session)

    @server.feature("halley/trust/describe")
    async def _describe(params: Json) -> Json:
        asked = read_params(UriParams, params)
        return await asyncio.to_thread(describe, server.session, asked.uri or "")

    @server.feature("halley/trust/grant")
    async def _grant(params: Json) -> Json:
        asked = read_params(TrustParams, params)
        result = await asyncio.to_thread(grant, server.session, asked.uri or "", asked.hash)
        changed()
        return result

    @server.feature("halley/trust/revoke")
    async def _revoke(params: Json) -> Json:
        asked = read_params(UriParams, params)
        result = await asyncio.to_thread(revoke, server.session, asked.uri or "")
        changed()
        return result
