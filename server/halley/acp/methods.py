"""The methods of the protocol that a client may ask once Halley is loaded, by name: `METHODS`.

What a client asks first, `initialize`, is in `server.py`, which answers it before this module is imported.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from halley.acp.auth import METHOD_IDS
from halley.acp.errors import AUTH_REQUIRED, INVALID_PARAMS, NOT_FOUND, RpcError, list_in, text_in
from halley.acp.history import replay
from halley.acp.next_edit.methods import NextEditSessions
from halley.acp.offers import commands_update
from halley.acp.options import config_options, mode_state, set_mode, set_option
from halley.acp.rpc import Peer
from halley.acp.servers import read_servers
from halley.acp.session import Session, root_of
from halley.acp.turn import answer_prompt
from halley.core.errors import InvalidInput, NotConfigured
from halley.features.shared import Shared

Json = dict[str, Any]
PAGE = 50
"""Sessions of one answer to `session/list`."""


class Sessions:
    """The sessions of one connected client."""

    def __init__(self, shared: Shared, peer: Peer, capabilities: Json) -> None:
        self.shared, self.peer, self.capabilities = shared, peer, capabilities
        self.sessions: dict[str, Session] = {}
        self.unasked: dict[str, Path] = {}
        """Sessions of this connection that had no prompt yet, so that no chat is stored: ID → folder."""
        self.next_edits = NextEditSessions(shared, self._uses_index)

    def session(self, params: Json) -> Session:
        """Raises RpcError where no session of that ID is open."""
        id = text_in(params, "sessionId")
        if id not in self.sessions:
            raise RpcError(NOT_FOUND, f"No session {id[:80]} is open. Load it first.")
        return self.sessions[id]

    def begin(self, id: str, params: Json) -> Session:
        """Opens a session. Raises InvalidInput for a folder that is none."""
        root = root_of(text_in(params, "cwd"))
        servers = read_servers(list_in(params, "mcpServers"))
        self.sessions[id] = found = Session(id, root, self.shared, self.peer, self.capabilities, servers)
        return found

    def cancel(self, params: Json) -> None:
        if (session := self.sessions.get(text_in(params, "sessionId"))) is not None:
            session.cancel()

    def _uses_index(self, root: Path) -> bool:
        return any(session.root == root and session.uses_index for session in self.sessions.values())

    def note_end(self) -> None:
        """The connection ends: what is cancelled from here on was not cancelled by the user."""
        for session in self.sessions.values():
            session.is_ending = True

    async def aclose(self) -> None:
        for session in self.sessions.values():
            await session.aclose()
        await self.next_edits.aclose()


Method = Callable[[Sessions, Json], Awaitable["Json | None"]]


async def _authenticate(client: Sessions, params: Json) -> Json:
    """Whether a model can be asked now. Raises NotConfigured where none can."""
    if text_in(params, "methodId") not in METHOD_IDS:
        raise RpcError(INVALID_PARAMS, "There is no such method of authentication.")
    room = client.shared.room
    await room.prepare_route("chat", room.settings(), room.layers())
    return {}


async def _new(client: Sessions, params: Json) -> Json:
    session = client.begin(client.shared.room.chats.new_chat_id(), params)
    client.unasked[session.id] = session.root
    return {"sessionId": session.id} | await _opened(client, session)


async def _load(client: Sessions, params: Json) -> Json:
    """Tells the whole chat before it answers."""
    session = await _begin_again(client, params)
    for update in replay(session, session.chat) if session.chat else ():
        session.update(update)
    return await _opened(client, session)


async def _resume(client: Sessions, params: Json) -> Json:
    return await _opened(client, await _begin_again(client, params))


async def _begin_again(client: Sessions, params: Json) -> Session:
    """A session on a chat that is stored. Raises RpcError where there is none of this workspace."""
    id = text_in(params, "sessionId")
    root = root_of(text_in(params, "cwd"))
    room, chat = client.shared.room, None
    try:
        chat = await room.chats.get(id)
    except InvalidInput:
        if client.unasked.get(id) != root:
            raise RpcError(NOT_FOUND, f"There is no session {id[:80]}.") from None
    if chat is not None and chat.workspace != room.config.workspace(root).workspace.id:
        raise RpcError(NOT_FOUND, f"The session {id[:80]} belongs to another workspace.")
    if (open_one := client.sessions.pop(id, None)) is not None:
        await open_one.aclose()
    session = client.begin(id, params)
    session.chat = chat
    return session


async def _opened(client: Sessions, session: Session) -> Json:
    """What the client gets of a session that is open now; the commands follow."""
    try:
        options = await config_options(session)
    except NotConfigured as error:
        client.sessions.pop(session.id, None)
        raise RpcError(
            AUTH_REQUIRED, f"{error.problem.message} {error.problem.help}".strip(), error.problem.to_json()
        ) from None
    session.peer.run_later(_tell_commands(session))
    return {"modes": mode_state(session), "configOptions": options}


async def _tell_commands(session: Session) -> None:
    """Now, and again with what the client's servers offer once they have started."""
    session.update(commands_update(session))
    if session.servers:
        await session.tools.tried(session.settings, session.servers)
        session.update(commands_update(session))


async def _list(client: Sessions, params: Json) -> Json:
    """The chats of a workspace, newest first; without `cwd` those of all folders that are still there."""
    room, cwd = client.shared.room, params.get("cwd")
    workspace = room.config.workspace(root_of(text_in(params, "cwd"))).workspace.id if cwd else None
    before = _read_cursor(params)
    found = await room.chats.list(workspace, limit=PAGE + before, everywhere=not cwd)
    rows = [
        {
            "sessionId": one.id,
            "cwd": one.workspace,
            "title": one.title or None,
            "updatedAt": datetime.fromtimestamp(one.updated, UTC).isoformat(timespec="seconds"),
        }
        for one in found[before:]
        if one.turns and one.workspace and Path(one.workspace).is_absolute()
    ]
    return {"sessions": rows} | ({"nextCursor": str(len(found))} if len(found) == PAGE + before else {})


def _read_cursor(params: Json) -> int:
    cursor = params.get("cursor")
    if cursor is None:
        return 0
    if not isinstance(cursor, str) or not cursor.isdigit() or len(cursor) > 9:
        raise RpcError(INVALID_PARAMS, "`cursor` is not one of `session/list`.")
    return int(cursor)


async def _close(client: Sessions, params: Json) -> None:
    session = client.session(params)
    del client.sessions[session.id]
    await session.aclose()


async def _delete(client: Sessions, params: Json) -> None:
    """Also one that is not open. One that is gone already is no error."""
    id = text_in(params, "sessionId")
    if (session := client.sessions.pop(id, None)) is not None:
        await session.aclose()
    room = client.shared.room
    client.unasked.pop(id, None)
    await room.chats.delete(id)
    await room.checkpoints.drop_chat(id)


async def _prompt(client: Sessions, params: Json) -> Json:
    session = client.session(params)
    blocks = params.get("prompt")
    if not isinstance(blocks, list):
        raise RpcError(INVALID_PARAMS, "`prompt` must be a list of content.")
    return await answer_prompt(session, blocks)


async def _set_option(client: Sessions, params: Json) -> Json:
    session = client.session(params)
    await set_option(session, text_in(params, "configId"), params.get("value"))
    if params.get("configId") == "mode":
        session.update({"sessionUpdate": "current_mode_update", "currentModeId": session.current_mode})
    return {"configOptions": await config_options(session)}


async def _set_mode(client: Sessions, params: Json) -> None:
    session = client.session(params)
    await set_mode(session, text_in(params, "modeId"))
    session.update({"sessionUpdate": "config_option_update", "configOptions": await config_options(session)})


METHODS: Mapping[str, Method] = {
    "authenticate": _authenticate,
    "session/new": _new,
    "session/load": _load,
    "session/resume": _resume,
    "session/list": _list,
    "session/close": _close,
    "session/delete": _delete,
    "session/prompt": _prompt,
    "session/set_config_option": _set_option,
    "session/set_mode": _set_mode,
    "nes/start": lambda client, params: client.next_edits.start(params),
    "nes/suggest": lambda client, params: client.next_edits.suggest(params),
    "nes/close": lambda client, params: client.next_edits.close(params),
}
"""What a client may ask after `initialize`."""
