"""One session: a chat of a workspace, with the models, the effort and the mode that were picked for it.

The chat is made with the first prompt, under the session's ID, so that a client that opens a session and asks nothing
leaves nothing in the list of chats.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halley.acp.asking import asking, confirming
from halley.acp.rpc import Peer
from halley.acp.v1.files import ClientFiles
from halley.acp.v1.terminals import ClientTerminals
from halley.core.agent import Mode
from halley.core.calls import Caller
from halley.core.errors import InvalidInput
from halley.core.models import Role, Route
from halley.core.settings import Settings, ToolServerSettings
from halley.features.agent.modes import mode_of
from halley.features.agent.on_disk import DiskBench
from halley.features.agent.work import AgentDesk
from halley.features.ask import Line
from halley.features.chat.desk import ChatDesk, ToolDesk
from halley.features.shared import Shared
from halley.features.surroundings import Surroundings
from halley.stores.config.layers import Layer, roles_layer

if TYPE_CHECKING:
    from halley.core.ports import Replier, Terminals, Workbench
    from halley.features.search.index import WorkspaceIndex
    from halley.features.tools.servers import ToolServers
    from halley.stores.chats.values import Chat

Json = dict[str, Any]


@dataclass(slots=True)
class Session:
    id: str
    root: Path
    shared: Shared
    peer: Peer
    capabilities: Json
    """What the client can do, as it said in `initialize`."""
    servers: Mapping[str, ToolServerSettings] = field(default_factory=dict[str, ToolServerSettings])
    """MCP servers that the client named."""
    chat: Chat | None = None
    """As it was last read; None until the first prompt."""
    picked: dict[Role, Route] = field(default_factory=dict[Role, Route])
    effort: str = ""
    """Of the chat role; empty: what the settings say."""
    mode: Mode | None = None
    """Chosen, where there is no chat yet to keep it."""
    turns: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])
    """Prompts that are being answered, or wait for the one before."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One prompt at a time."""
    is_ending: bool = False
    """The connection ends, so what is cancelled now was not cancelled by the user."""
    _detach: Callable[[], None] | None = None
    _files: ClientFiles | None = None
    _terminals: ClientTerminals | None = None
    _tools: ToolServers | None = None

    def update(self, update: Json) -> None:
        self.peer.notify("session/update", {"sessionId": self.id, "update": update})

    @property
    def layers(self) -> tuple[Layer, ...]:
        own = roles_layer("session", self.picked)
        if self.effort:
            own = replace(own, data={**own.data, "reasoning": {"chat": self.effort}})
        return (*self.shared.room.layers(self.root), own)

    @property
    def settings(self) -> Settings:
        settings = self.shared.room.settings(self.root, self.layers[-1:])
        if not self.servers:
            return settings
        tools = settings.tools.model_copy(update={"servers": {**settings.tools.servers, **self.servers}})
        return settings.model_copy(update={"tools": tools})

    @property
    def workspace_id(self) -> str | None:
        return self.shared.room.config.workspace(self.root).workspace.id

    @property
    def current_mode(self) -> Mode:
        return self.mode or mode_of(self.settings, self.shared.room.tool_picks, self.root, self.chat)

    def caller(self) -> Caller:
        return Caller(str(self.root), confirm=confirming(self.peer, self.id))

    async def route_of(self, role: Role) -> Route:
        """Raises NotConfigured where no model can answer."""
        room = self.shared.room
        return (await room.prepare_route(role, self.settings, self.layers)).route

    def line(self, router: Replier | None = None) -> Line:
        """An open line to the models, with the picks of this moment."""
        return Line(router or self.shared.room.router, self.caller(), self.settings, self.route_of)

    def desk(self, router: Replier | None = None) -> ChatDesk:
        """What the chat works with at this moment. `router` stands before the room's, to see what passes."""
        room = self.shared.room
        paths = room.paths
        around = Surroundings(
            self.line(router),
            room.template,
            room.config.workspace(self.root).workspace,
            self.shared.project(self.root),
            self._index(),
            lambda: self.shared.media,
            room.macro_runs,
        )
        return ChatDesk(
            around,
            room.chats,
            lambda ref: room.registry.find_model(ref, self.settings),
            choose_model=self._choose_model,
            tools=ToolDesk(self.tools, room.tool_picks, lambda *_ids: asking(self.peer, self.id, self.root)),
            agent=AgentDesk(
                self._bench, self.terminals, room.checkpoints, (*paths.folders, paths.config_file)
            ),
            read_text=self.files.current if self.files and self.files.reads else None,
            is_ending=lambda: self.is_ending,
        )

    def _index(self) -> WorkspaceIndex:
        from halley.features.search.ground import Attendant

        found = self.shared.index(self.root)
        if self._detach is None:
            self._detach = found.attach(Attendant(self.line, lambda: self.layers))
        return found

    @property
    def uses_index(self) -> bool:
        """Whether the workspace's index is maintained for this session."""
        return self._detach is not None

    @property
    def tools(self) -> ToolServers:
        """The process's servers; the session's own where the client named some."""
        if not self.servers:
            return self.shared.tools
        if self._tools is None:
            self._tools = self.shared.new_tools()
        return self._tools

    @property
    def files(self) -> ClientFiles | None:
        """The client's texts, where it lets us read or write them."""
        can = self.capabilities.get("fs")
        reads, writes = (
            bool(isinstance(can, dict) and can.get(name)) for name in ("readTextFile", "writeTextFile")
        )
        if self._files is None and (reads or writes):
            self._files = ClientFiles(self.root, self._request, reads, writes)
        return self._files

    def _bench(self, root: Path) -> Workbench:
        return self.files or DiskBench(root)

    @property
    def terminals(self) -> Terminals:
        """The client's, where it has some; else commands run here."""
        return self.client_terminals or self.shared.commands

    @property
    def client_terminals(self) -> ClientTerminals | None:
        if self._terminals is None and self.capabilities.get("terminal") is True:
            self._terminals = ClientTerminals(self._request, self.shared.room.environ)
        return self._terminals

    async def _request(self, method: str, params: Json) -> Any:
        return await self.peer.request(method, {"sessionId": self.id, **params})

    async def _choose_model(self, names: tuple[str, ...]) -> str:
        """`/model`: for this session; what other sessions and editors use stays."""
        if names:
            await self.pick("chat", names)
        route = await self.route_of("chat")
        return f"This session asks {', then '.join(map(str, route))}."

    async def pick(self, role: Role, names: tuple[str, ...]) -> None:
        """Raises InvalidInput for what is no model, NotConfigured and ModelNotFound for one there is none of."""
        from halley.features.models import select
        from halley.routing.selection import parse_route

        await select(
            self.shared.room,
            role,
            parse_route(list(names)),
            "session",
            settings=self.settings,
            caller=self.caller(),
            root=self.root,
            pick_session=self._keep_pick,
        )

    def _keep_pick(self, role: Role, route: Route) -> None:
        if route:
            self.picked[role] = route
        else:
            self.picked.pop(role, None)

    async def open_chat(self) -> str:
        """The chat's ID, which exists from now on."""
        store = self.shared.room.chats
        if self.chat is None:
            mode = self.current_mode
            await store.create(self.workspace_id, chat=self.id)
            await store.note_agent(self.id, {"mode": mode})
            self.chat, self.mode = await store.get(self.id), None
        return self.id

    async def read_chat(self) -> None:
        """Raises InvalidInput where another process deleted it."""
        self.chat = await self.shared.room.chats.get(self.id)

    def cancel(self) -> None:
        """Stops what is being answered, and what waits for it."""
        for task in self.turns:
            task.cancel()

    async def aclose(self) -> None:
        self.cancel()
        await asyncio.gather(*self.turns, return_exceptions=True)
        await self.terminals.stop(self.id)
        if self._tools is not None:
            await self._tools.aclose()
        if self._detach is not None:
            self._detach()


def root_of(cwd: str) -> Path:
    """The workspace's folder. Raises InvalidInput for one that is not absolute or not there."""
    path = Path(cwd)
    if not path.is_absolute():
        raise InvalidInput(f"`cwd` must be an absolute path, and {cwd[:200]!r} is none.", "Open a folder.")
    if not path.is_dir():
        raise InvalidInput(f"There is no folder {cwd[:200]}.", "Open a folder that exists.")
    return path
