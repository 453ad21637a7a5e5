"""The engine room: everything a process has one of, made when it is first asked for.

    room = EngineRoom.open()        cheap: nothing is read, opened or connected
    room.router.stream(call)        the one road to models          room.config     the levels of configuration
    room.route(role, settings)      which models do what            room.chats, room.ledger, room.secrets …
    await room.aclose()             settles the ledger, closes connections and the database

Whatever belongs to a window (its documents, its picks, its editor's keys) is in the window's session. What features
keep for all windows (projects, indexes, media tasks, tool servers) is in `shared.py`, which stands on this.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halley.core.calls import Caller
from halley.core.errors import NotConfigured
from halley.core.models import Role, Route
from halley.core.settings import Settings
from halley.stores.config.layers import Layer, get_at, roles_layer
from halley.stores.disk.making import refuse_foreign_home
from halley.stores.disk.paths import Paths, find_paths

if TYPE_CHECKING:
    from halley.core.ports import Budgets, Ledger, MacroLibrary, MacroRuns
    from halley.providers.http.client import Http
    from halley.routing.catalogue import Catalogue
    from halley.routing.clock import Clock
    from halley.routing.prices import Prices
    from halley.routing.registry import Registry
    from halley.routing.router import Router
    from halley.routing.selection import Selected
    from halley.stores.chats.store import ChatStore
    from halley.stores.config.selections import SelectionStore
    from halley.stores.config.store import ConfigStore
    from halley.stores.config.tool_picks import ToolPicks
    from halley.stores.config.trust import TrustStore
    from halley.stores.keys.store import SecretStore
    from halley.stores.sqlite.database import Database

_REMEMBERED = 32


class EngineRoom:
    """One for a process and its event loop."""

    def __init__(self, paths: Paths, environ: Mapping[str, str]) -> None:
        self.paths, self.environ = paths, environ
        self.health: dict[str, dict[str, Any]] = {}
        """How each provider did when it was last tested, as `Provider.health` of the protocol."""
        self._granted: dict[tuple[int, frozenset[str]], tuple[Layer, Layer]] = {}
        """(id of an editor's level, known providers) → that level, and what of it is granted."""
        self._picked: dict[Path | None, tuple[dict[Role, Route], Layer]] = {}

    @classmethod
    def open(cls, paths: Paths | None = None, environ: Mapping[str, str] = os.environ) -> EngineRoom:
        """Raises StoreFailed where a folder of Halley's belongs to another user."""
        paths = paths or find_paths(environ)
        refuse_foreign_home(paths.folders)
        return cls(paths, environ)

    async def aclose(self) -> None:
        """Settles the ledger, then closes connections and the database."""
        # The order matters: each waits for writes of those before it, and the database comes last.
        made = vars(self)  # what was never asked for need not be closed
        if "catalogue" in made:
            await self.catalogue.aclose()
        if "router" in made:
            await self.router.aclose()
        if "prices" in made:
            await self.prices.aclose()
        if "http" in made:
            await self.http.aclose()
        if "chats" in made:
            await self.chats.aclose()
        if "database" in made:
            await self.database.aclose()

    # -- the disk

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
    def macro_runs(self) -> MacroRuns:
        from halley.stores.macro_runs import MacroRunStore

        return MacroRunStore(self.paths.state / "macros")

    @cached_property
    def macros(self) -> MacroLibrary:
        from halley.stores.config.writer import ConfigMacros

        return ConfigMacros(self.paths)

    @cached_property
    def budgets(self) -> Budgets:
        from halley.routing.spending import Spending

        return Spending(self.ledger, self.clock)

    @cached_property
    def selections(self) -> SelectionStore:
        from halley.stores.config.selections import SelectionStore

        return SelectionStore(self.paths)

    @cached_property
    def trust(self) -> TrustStore:
        from halley.stores.config.trust import TrustStore

        return TrustStore(self.paths)

    @cached_property
    def secrets(self) -> SecretStore:
        from halley.stores.keys.store import SecretStore

        return SecretStore(self.paths, self.environ)

    @cached_property
    def config(self) -> ConfigStore:
        from halley.providers.presets import PRESETS
        from halley.stores.config.store import ConfigStore

        return ConfigStore(self.paths, self.trust, PRESETS)

    @cached_property
    def tool_picks(self) -> ToolPicks:
        from halley.stores.config.tool_picks import ToolPicks

        return ToolPicks(self.paths)

    # -- the models

    @cached_property
    def clock(self) -> Clock:
        from halley.routing.clock import Clock

        return Clock()

    @cached_property
    def http(self) -> Http:
        from halley.providers.http.client import Http

        return Http(self.environ, self.secrets.known_keys)

    @cached_property
    def prices(self) -> Prices:
        from halley.routing.prices import Prices

        return Prices(self.paths.cache / "prices.json")

    @cached_property
    def catalogue(self) -> Catalogue:
        from halley.routing.catalogue import Catalogue

        return Catalogue(self.paths.cache / "models", self.clock)

    @cached_property
    def registry(self) -> Registry:
        from halley.routing.keys import KeyRing, seems_usable
        from halley.routing.registry import Registry

        return Registry(
            lambda: self.http,
            lambda binding, ask_key: KeyRing(self.secrets, self.clock, binding, ask_key),
            self.catalogue,
            self.prices,
            is_usable=lambda binding: seems_usable(self.secrets, binding, self.environ),
            environ=self.environ,
        )

    @cached_property
    def router(self) -> Router:
        from halley.routing.router import Router

        return Router(self.registry, self.ledger, clock=self.clock, prices=self.prices, budgets=self.budgets)

    # -- settings and routes

    def layers(self, root: Path | None = None) -> tuple[Layer, ...]:
        """The levels that outlive a window: config.toml, the user's picks, `.halley.toml`, the workspace's picks."""
        on_disk = (*self.config.layers(root), self._picks(None))
        return (*on_disk, self._picks(root)) if root else on_disk

    def granted(self, layer: Layer, root: Path | None = None) -> Layer:
        """The editor's level `client`, without the models of providers that the user has not configured.

        Configured is what `config.toml`, the user's picks, a trusted `.halley.toml` or the client's own `providers`
        name, what has a key that was entered, and servers on this machine. A key in the environment is not enough.
        """
        from halley.stores.config.workspace_config import named_providers

        named = named_providers(layer.data)
        if not named:
            return layer
        known = frozenset(get_at(layer.data, ("providers",)) or ()).union(
            *(named_providers(level.data) for level in self.layers(root))
        )
        if named <= known:
            return layer
        # Looked up only now: it looks at a file, and this runs with every request.
        known |= self.secrets.providers() | {name for name in named if _is_local(name)}
        key = (id(layer), known)
        if key not in self._granted:
            from halley.stores.config.workspace_config import refuse_foreign_models

            while len(self._granted) >= _REMEMBERED:
                del self._granted[next(iter(self._granted))]
            self._granted[key] = layer, refuse_foreign_models(layer, known)
        return self._granted[key][1]

    def settings(self, root: Path | None = None, layers: Sequence[Layer] = ()) -> Settings:
        """The settings in force, with a window's own levels (`client`, `session`) where there are any."""
        return self.config.merge((*self.layers(root), *layers))

    def route(
        self, role: Role, settings: Settings, layers: Sequence[Layer] = (), request: Route = ()
    ) -> Selected:
        """The models of a role, and whose choice that is. Raises NotConfigured, with what to do about it."""
        from halley.routing.selection import resolve_route

        defaults, own = self._defaults(settings), self.registry.own_default(settings)
        return resolve_route(role, settings, layers, request=request, defaults=defaults, own_default=own)

    def selection(self, settings: Settings, layers: Sequence[Layer] = ()) -> dict[str, dict[str, Any]]:
        """`roles` of `halley/models/selection`: every role that has a route."""
        from halley.routing.selection import resolve_selection

        own = self.registry.own_default(settings)
        found = resolve_selection(settings, layers, self._defaults(settings), own)
        return {role: selected.to_json() for role, selected in found.items()}

    async def prepare_route(self, role: Role, settings: Settings, layers: Sequence[Layer] = ()) -> Selected:
        """As `route`; looks for local servers first when there is nothing else."""
        try:
            return self.route(role, settings, layers)
        except NotConfigured:
            # Only with nothing configured: knocking on ports takes up to two seconds, which must never delay a
            # configured model.
            if not await self.registry.find_local_servers(settings):
                raise
            await self.registry.list_models(settings, Caller())
        return self.route(role, settings, layers)

    def _defaults(self, settings: Settings) -> Any:
        return self.registry.defaults(settings)

    def _picks(self, root: Path | None) -> Layer:
        """The same `Layer` as long as the picks are the same, so that merged settings are found again."""
        routes = self.selections.load(root)
        known = self._picked.get(root)
        if known is None or known[0] != routes:
            known = routes, roles_layer("workspace" if root else "user", routes)
            self._picked[root] = known
        return known[1]

    # -- templates

    @property
    def template_folder(self) -> Path:
        """Where a user puts templates of their own."""
        return self.paths.config / "templates"

    def template(self, name: str) -> str:
        """A prompt template: the user's own `templates/NAME.md` beside config.toml, else the one shipped.

        Raises NotConfigured for one of their own that cannot be used, naming the file, the line and what is wrong.
        """
        from halley.engine.prompting.templates import builtin_template
        from halley.features.own_templates import load_own_template

        own = load_own_template(self.template_folder / f"{name}.md", name)
        return builtin_template(name) if own is None else own


def _is_local(provider: str) -> bool:
    """Whether it is the preset of a server on this machine."""
    from halley.providers.presets import load_preset

    preset = load_preset(provider)
    return preset is not None and preset.port is not None
