"""What a process keeps on disk, whichever environment its windows bring: one for all engine rooms.

    stores = Stores(paths)          cheap: nothing is read or opened
    stores.ledger, stores.chats, stores.config …        each made when it is first asked for
    await stores.aclose()           after the rooms: they still write

Nothing here reads an environment, holds a key or talks to a host. Keys, connections and lists of models, which depend
on who asks, are the engine room's (`room.py`).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from halley.core.ports import Ledger, MacroLibrary, MacroRuns
    from halley.routing.clock import Clock
    from halley.routing.prices import Prices
    from halley.stores.chats.store import ChatStore
    from halley.stores.checkpoints import CheckpointStore
    from halley.stores.config.selections import SelectionStore
    from halley.stores.config.store import ConfigStore
    from halley.stores.config.tool_picks import ToolPicks
    from halley.stores.config.trust import TrustStore
    from halley.stores.disk.paths import Paths
    from halley.stores.media import MediaStore
    from halley.stores.sqlite.database import Database


class Stores:
    """One for a process and its event loop."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths

    async def aclose(self) -> None:
        """Waits for what is being written, then closes the database."""
        made = vars(self)  # what was never asked for need not be closed
        if "prices" in made:
            await self.prices.aclose()
        if "chats" in made:
            await self.chats.aclose()
        if "database" in made:
            await self.database.aclose()

    @cached_property
    def database(self) -> Database:
        from halley.stores.sqlite.database import Database

        return Database(self.paths.database)

    @cached_property
    def ledger(self) -> Ledger:
        from halley.stores.ledger.store import LedgerStore

        return LedgerStore(self.database)

    @cached_property
    def chats(self) -> ChatStore:
        from halley.stores.chats.store import ChatStore

        return ChatStore(self.database)

    @cached_property
    def checkpoints(self) -> CheckpointStore:
        from halley.stores.checkpoints import CheckpointStore

        return CheckpointStore(self.database, self.paths.data / "checkpoints")

    @cached_property
    def media(self) -> MediaStore:
        from halley.stores.media import MediaStore

        return MediaStore(self.database, self.paths.data / "media")

    @cached_property
    def macro_runs(self) -> MacroRuns:
        from halley.stores.macro_runs import MacroRunStore

        return MacroRunStore(self.paths.state / "macros")

    @cached_property
    def macros(self) -> MacroLibrary:
        from halley.stores.config.writer import ConfigMacros

        return ConfigMacros(self.paths)

    @cached_property
    def selections(self) -> SelectionStore:
        from halley.stores.config.selections import SelectionStore

        return SelectionStore(self.paths)

    @cached_property
    def trust(self) -> TrustStore:
        from halley.stores.config.trust import TrustStore

        return TrustStore(self.paths)

    @cached_property
    def config(self) -> ConfigStore:
        from halley.providers.presets import PRESETS
        from halley.stores.config.store import ConfigStore

        return ConfigStore(self.paths, self.trust, PRESETS)

    @cached_property
    def tool_picks(self) -> ToolPicks:
        from halley.stores.config.tool_picks import ToolPicks

        return ToolPicks(self.paths)

    @cached_property
    def clock(self) -> Clock:
        from halley.routing.clock import Clock

        return Clock()

    @cached_property
    def prices(self) -> Prices:
        from halley.routing.prices import Prices

        return Prices(self.paths.cache / "prices.json")
