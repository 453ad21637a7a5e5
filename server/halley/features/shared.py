"""What all windows of a process share about workspaces: their code, their indexes, media tasks and tool servers.

    shared = Shared(room)           cheap: each part is made when it is first asked for
    shared.project(root)            a workspace's code          shared.index(root)     its search index
    shared.media                    media tasks                 shared.tools           MCP servers
    await shared.aclose()           before the room's: these still use its database and connections

Stores, providers and routes are not here: those are the engine room's (`room.py`), which knows no feature.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from halley.features.room import EngineRoom

if TYPE_CHECKING:
    from halley.core.models import ModelRef
    from halley.core.ports import SharedVectors
    from halley.core.settings import Settings
    from halley.features.context.project import Project
    from halley.features.media.works import Works
    from halley.features.search.index import WorkspaceIndex
    from halley.features.tools.servers import ToolServers
    from halley.stores.disk.commands import CommandRuns


class Shared:
    """One for a process, above its engine room."""

    def __init__(self, room: EngineRoom) -> None:
        self.room = room
        self._projects: dict[Path, Project] = {}
        self._indexes: dict[Path, WorkspaceIndex] = {}

    async def aclose(self) -> None:
        """Ends what runs in the background. What was never asked for need not be closed."""
        for index in self._indexes.values():
            await index.aclose()
        made = vars(self)
        if "commands" in made:
            await self.commands.aclose()
        if "tools" in made:
            await self.tools.aclose()
        if "media" in made:
            await self.media.aclose()

    def project(self, root: Path) -> Project:
        """The workspace's code, shared by all windows on the same folder."""
        from halley.features.context.project import Project

        if root not in self._projects:
            self._projects[root] = Project(root)
        return self._projects[root]

    def index(self, root: Path) -> WorkspaceIndex:
        """The workspace's index, shared by all windows on the same folder."""
        from halley.features.search.ground import Models
        from halley.features.search.index import WorkspaceIndex
        from halley.stores.index.chunks import index_folder
        from halley.stores.index.store import IndexStore

        if root not in self._indexes:
            room = self.room
            store = IndexStore(index_folder(room.paths, root))
            models = Models(
                room.settings, room.route, lambda: room.registry, lambda: room.prices, self._shared_vectors
            )
            self._indexes[root] = WorkspaceIndex(models, root, store)
        return self._indexes[root]

    def _shared_vectors(self, model: ModelRef, settings: Settings) -> SharedVectors | None:
        if settings.team.url is None or not settings.team.share_index:
            return None
        from halley.features.team_index import TeamVectors

        host = self.room.registry.endpoint(model.provider, settings).base_url
        return TeamVectors(self.room.team(settings.team), str(model), host)

    @cached_property
    def media(self) -> Works:
        from halley.features.media.works import Works

        room = self.room
        return Works(room.stores.media, room.registry, room.clock, room.paths.cache / "media")

    @cached_property
    def commands(self) -> CommandRuns:
        """Those of agents on the command line; a window has its own."""
        from halley.stores.disk.commands import CommandRuns

        return CommandRuns(self.room.environ)

    @cached_property
    def tools(self) -> ToolServers:
        return self.new_tools()

    def new_tools(self) -> ToolServers:
        """Tool servers of someone's own, who closes them."""
        from halley.features.tools.servers import ToolServers
        from halley.providers.http.tls import build_tls_context

        return ToolServers(self.room.secrets, build_tls_context, self.room.environ)
