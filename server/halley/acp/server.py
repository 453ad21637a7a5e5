"""The connection: it answers `initialize` immediately, and loads the rest of Halley in the background.

halley acp ─▶ serve ─▶ Agent ─▶ methods.py ─▶ session.py, turn.py, options.py …

Loading takes most of a second of processor, and an editor that starts an agent waits for its first answer. So nothing
heavy is imported here; a request that comes before all is loaded waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from halley.acp.auth import auth_methods
from halley.acp.errors import METHOD_NOT_FOUND, RpcError
from halley.acp.next_edit.flag import CAPABILITY, is_on
from halley.acp.rpc import OnRequest, Peer
from halley.acp.stdio import Lines
from halley.version import __version__

if TYPE_CHECKING:
    from halley.acp.methods import Sessions
    from halley.features.shared import Shared

Json = dict[str, Any]
PROTOCOL_VERSION = 1
HEAD_START_S = 0.02
"""How long loading waits, so that the answer to `initialize` is written first."""


class Agent:
    """One connected client."""

    def __init__(self, open_shared: Callable[[], Shared], peer: Peer) -> None:
        self.peer = peer
        self.capabilities: Json = {}
        """The client's, as `initialize` had them."""
        self._open_shared = open_shared
        self._loading: asyncio.Task[Sessions] | None = None
        self._sessions: Sessions | None = None
        peer.find_request = self._find
        peer.notifications = {"session/cancel": self._cancel}

    def begin_loading(self) -> asyncio.Task[Sessions]:
        if self._loading is None or (self._loading.done() and self._sessions is None):  # try again
            self._loading = asyncio.ensure_future(self._load())
        return self._loading

    async def aclose(self) -> None:
        if self._sessions is not None:
            self._sessions.note_end()
        await self.peer.aclose()
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait([self._loading])
        if self._sessions is not None:
            await self._sessions.aclose()

    async def _load(self) -> Sessions:
        await asyncio.to_thread(_import_methods)
        from halley.acp.methods import Sessions

        self._sessions = Sessions(self._open_shared(), self.peer, self.capabilities)
        self.peer.notifications = {**self.peer.notifications, **self._sessions.next_edits.notifications()}
        return self._sessions

    def _find(self, method: str) -> OnRequest:
        if method == "initialize":
            return self._initialize

        async def ask(params: Json) -> Json | None:
            sessions = self._sessions or await asyncio.shield(self.begin_loading())
            from halley.acp.methods import METHODS

            if method not in METHODS:
                raise RpcError(METHOD_NOT_FOUND, f"There is no method {method[:100]}.")
            return await METHODS[method](sessions, params)

        return ask

    def _cancel(self, params: Json) -> None:
        if self._sessions is not None:  # else no session is open
            self._sessions.cancel(params)

    async def _initialize(self, params: Json) -> Json:
        """Whatever version the client names, the answer is the one that is spoken here; the client decides."""
        given = params.get("clientCapabilities")
        self.capabilities.clear()
        self.capabilities.update(given if isinstance(given, dict) else {})
        asyncio.get_running_loop().call_later(HEAD_START_S, self.begin_loading)
        return {
            "protocolVersion": PROTOCOL_VERSION,
            "agentInfo": {"name": "halley", "title": "Halley", "version": __version__},
            "agentCapabilities": {
                "loadSession": True,
                "promptCapabilities": {"image": True, "audio": True, "embeddedContext": True},
                "mcpCapabilities": {"http": True, "sse": False},
                "sessionCapabilities": {"list": {}, "resume": {}, "close": {}, "delete": {}},
                **({"nes": CAPABILITY} if is_on() else {}),
            },
            "authMethods": auth_methods(self.capabilities),
        }


async def serve(open_shared: Callable[[], Shared], lines: Lines, ended: asyncio.Event) -> None:
    """Answers the client on the other side of `lines` until it is gone or `ended` is set. What `open_shared` opens is
    the caller's to close."""
    peer = Peer(lines.send)
    agent = Agent(open_shared, peer)
    lines.open(peer.receive, ended.set)
    await ended.wait()
    await agent.aclose()
    await lines.aclose()


def _import_methods() -> None:
    """In a thread, so that the connection stays alive meanwhile."""
    import halley.acp.methods
    import halley.features.shared  # noqa: F401
