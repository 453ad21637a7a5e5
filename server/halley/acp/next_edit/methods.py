"""The requests and notifications of next edits, by name. Without `next_edit.acp` there are no such methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from halley.acp.errors import INVALID_PARAMS, METHOD_NOT_FOUND, NOT_FOUND, RpcError, list_in, text_in
from halley.acp.next_edit.session import NextEditSession
from halley.acp.next_edit.texts import file_of
from halley.acp.session import root_of
from halley.features.shared import Shared

Json = dict[str, Any]


class NextEditSessions:
    """Those of one connected client."""

    def __init__(self, shared: Shared, uses_index: Callable[[Path], bool]) -> None:
        self.shared, self._uses_index = shared, uses_index
        self.sessions: dict[str, NextEditSession] = {}

    async def start(self, params: Json) -> Json:
        """`nes/start`. Raises InvalidInput for a folder that is not there."""
        self._require()
        id = f"nes-{uuid4().hex[:16]}"
        self.sessions[id] = NextEditSession(_folders_in(params), self.shared, self._uses_index)
        return {"sessionId": id}

    async def suggest(self, params: Json) -> Json:
        return await self._session(params).suggest(params)

    async def close(self, params: Json) -> None:
        session = self._session(params)
        del self.sessions[params["sessionId"]]
        await session.aclose()

    async def aclose(self) -> None:
        for session in self.sessions.values():
            await session.aclose()

    def notifications(self) -> Mapping[str, Callable[[Json], None]]:
        """What a client tells, by method; of a session that is not open it tells nothing."""

        def told(take: Callable[[NextEditSession, Json], None]) -> Callable[[Json], None]:
            def heed(params: Json) -> None:
                if (session := self.sessions.get(str(params.get("sessionId")))) is not None:
                    take(session, params)

            return heed

        return {method: told(take) for method, take in _TOLD.items()}

    def _session(self, params: Json) -> NextEditSession:
        self._require()
        if (found := self.sessions.get(text_in(params, "sessionId"))) is None:
            raise RpcError(NOT_FOUND, "No such session of next edits is open. Start one first.")
        return found

    def _require(self) -> None:
        if not self.shared.room.settings().next_edit.acp:
            raise RpcError(
                METHOD_NOT_FOUND, "Next edits are off for this protocol. The setting is `next_edit.acp`."
            )


def _folders_in(params: Json) -> set[Path]:
    named = [params.get("workspaceUri")]
    named += [row.get("uri") for row in list_in(params, "workspaceFolders") if isinstance(row, dict)]
    paths = [file_of(uri) if isinstance(uri, str) else None for uri in named if uri is not None]
    return {root_of(str(path)) for path in paths if path is not None}


def _opened(session: NextEditSession, params: Json) -> None:
    language = params.get("languageId")
    session.texts.open(
        text_in(params, "uri"),
        language if isinstance(language, str) else "",
        _version_in(params),
        text_in(params, "text"),
    )


def _changed(session: NextEditSession, params: Json) -> None:
    session.texts.change(text_in(params, "uri"), _version_in(params), list_in(params, "contentChanges"))


def _version_in(params: Json) -> int:
    version = params.get("version")
    if not isinstance(version, int):
        raise RpcError(INVALID_PARAMS, "`version` must be a number.")
    return version


_TOLD: Mapping[str, Callable[[NextEditSession, Json], None]] = {
    "document/didOpen": _opened,
    "document/didChange": _changed,
    "document/didClose": lambda session, params: session.close_document(text_in(params, "uri")),
    "document/didSave": lambda session, params: session.texts.save(text_in(params, "uri")),
    "document/didFocus": lambda session, params: session.texts.come_to(text_in(params, "uri")),
    "nes/accept": lambda session, params: session.accept(text_in(params, "id")),
    "nes/reject": lambda session, params: session.reject(text_in(params, "id"), params.get("reason")),
}
