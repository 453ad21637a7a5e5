"""The engine room: what windows with the same environment share, made when it is first asked for.

    room = EngineRoom.open()        cheap: nothing is read, opened or connected
    room.router.feed(call, take)    the one road to models          room.config     the levels of configuration
    room.route(role, settings)      which models do what            room.chats, room.ledger, room.secrets …
    await room.aclose()             settles the ledger, closes connections, and the stores that it made itself

A process has one, unless it is a daemon that editors with different environments have joined (`lsp/joined/`): there
each environment has its own, with its own keys and connections, and all stand on the same stores (`stores.py`).
Whatever belongs to a window (its documents, its picks, its editor's keys) is in the window's session. What features
keep for all windows (projects, indexes, media tasks, tool servers) is in `shared.py`, which stands on this.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halley.core.errors import NotConfigured
from halley.core.models import Role, Route, Usage
from halley.core.settings import Settings, TeamSettings
from halley.features.stores import Stores
from halley.stores.config.layers import Layer, get_at, roles_layer
from halley.stores.disk.looking import Signature, is_missing, signature_of
from halley.stores.disk.making import refuse_foreign_home
from halley.stores.disk.paths import Paths, find_paths

if TYPE_CHECKING:
    from halley.core.calls import Call
    from halley.core.ports import Budgets, Ledger, MacroLibrary, MacroRuns
    from halley.core.team import Policy
    from halley.features.chat.rush import Turnstile
    from halley.features.team import TeamLink
    from halley.providers.http.client import Http
    from halley.routing.catalogue import Catalogue
    from halley.routing.clock import Clock
    from halley.routing.prices import Prices
    from halley.routing.registry import Registry
    from halley.routing.router import Router
    from halley.routing.selection import Selected
    from halley.stores.chats.store import ChatStore
    from halley.stores.checkpoints import CheckpointStore
    from halley.stores.config.selections import SelectionStore
    from halley.stores.config.store import ConfigStore
    from halley.stores.config.tool_picks import ToolPicks
    from halley.stores.config.trust import TrustStore
    from halley.stores.keys.store import SecretStore
    from halley.stores.sqlite.database import Database
    from halley.stores.team.policy import PolicyStore

_REMEMBERED = 32


class EngineRoom:
    """One for an environment and an event loop."""

    def __init__(self, paths: Paths, environ: Mapping[str, str], stores: Stores | None = None) -> None:
        self.paths, self.environ = paths, environ
        self._owns_stores = stores is None
        self.stores = Stores(paths) if stores is None else stores
        self.health: dict[str, dict[str, Any]] = {}
        """How each provider did when it was last tested, as `Provider.health` of the protocol."""
        self._granted: dict[tuple[int, frozenset[str]], tuple[Layer, Layer]] = {}
        """(id of an editor's level, known providers) → that level, and what of it is granted."""
        self._picked: dict[Path | None, tuple[dict[Role, Route], Layer]] = {}
        self._team: tuple[TeamSettings, TeamLink] | None = None
        self._left: list[TeamLink] = []
        self._templates_at = str(paths.config / "templates")
        self._templates: dict[str, tuple[Signature, str]] = {}
        """Name → what its file looked like, and the template."""
        self._narrow: dict[int, tuple[Settings, Policy, Settings]] = {}

    @classmethod
    def open(
        cls, paths: Paths | None = None, environ: Mapping[str, str] = os.environ, stores: Stores | None = None
    ) -> EngineRoom:
        """Raises StoreFailed where a folder of Halley's belongs to another user."""
        paths = paths or find_paths(environ)
        refuse_foreign_home(paths.folders)
        return cls(paths, environ, stores)

    async def aclose(self) -> None:
        """Settles the ledger, closes connections, then the stores where they are this room's own."""
        # The order matters: each waits for writes of those before it, and the database comes last.
        made = vars(self)  # what was never asked for need not be closed
        if "catalogue" in made:
            await self.catalogue.aclose()
        if "router" in made:
            await self.router.aclose()
        for link in (*self._left, *([self._team[1]] if self._team else ())):
            await link.aclose()
        if "http" in made:
            await self.http.aclose()
        if self._owns_stores:
            await self.stores.aclose()

    # -- the disk: what all rooms of the process share

    @property
    def database(self) -> Database:
        return self.stores.database

    @property
    def ledger(self) -> Ledger:
        return self.stores.ledger

    @property
    def chats(self) -> ChatStore:
        return self.stores.chats

    @property
    def checkpoints(self) -> CheckpointStore:
        return self.stores.checkpoints

    @property
    def macro_runs(self) -> MacroRuns:
        return self.stores.macro_runs

    @property
    def macros(self) -> MacroLibrary:
        return self.stores.macros

    @property
    def selections(self) -> SelectionStore:
        return self.stores.selections

    @property
    def trust(self) -> TrustStore:
        return self.stores.trust

    @property
    def config(self) -> ConfigStore:
        return self.stores.config

    @property
    def tool_picks(self) -> ToolPicks:
        return self.stores.tool_picks

    @property
    def clock(self) -> Clock:
        return self.stores.clock

    @property
    def prices(self) -> Prices:
        return self.stores.prices

    # -- the models: what the environment of these windows decides

    @cached_property
    def secrets(self) -> SecretStore:
        from halley.stores.keys.store import SecretStore

        return SecretStore(self.paths, self.environ)

    @cached_property
    def budgets(self) -> Budgets:
        from halley.routing.spending import Spending
        from halley.routing.team_spending import TeamSpending

        own = Spending(self.ledger, self.clock)
        return TeamSpending(own, self.team, self._cost_of, self.ledger, self.clock)

    def team(self, settings: TeamSettings) -> TeamLink:
        """The link to the team's database that `settings` name. Raises NotConfigured for a URL that is none, and
        where the extra is not installed."""
        named = settings.model_copy(update={"allowed_tools": None})  # which a policy changes in some of them
        if self._team is None or self._team[0] != named:
            from halley.features.team import TeamLink, require_driver

            require_driver()
            if self._team is not None:  # the configuration has changed
                self._left.append(self._team[1])
            self._team = named, TeamLink(settings, self.database, self.secrets, self._policies)
        return self._team[1]

    @cached_property
    def _policies(self) -> PolicyStore:
        from halley.stores.team.policy import PolicyStore

        return PolicyStore(self.paths)

    def policy(self, settings: Settings) -> Policy:
        """What the user's team allows, as it was last seen; everything without a team. Waits for nothing."""
        from halley.core.team import NO_POLICY

        if settings.team.url is None:
            return NO_POLICY
        from halley.stores.team.address import read_address

        try:
            return self._policies.load(str(read_address(settings.team.url)))
        except NotConfigured:  # every call to the team says what is wrong with the URL
            return NO_POLICY

    def joined_team(self, settings: Settings) -> TeamLink:
        """The team that this user is in. Raises NotConfigured where there is none."""
        if settings.team.url is None:
            raise NotConfigured(
                "You are in no team.",
                "Join one with `halley team join URL`, or set one up with `halley team init URL`.",
                setting="team.url",
            )
        return self.team(settings.team)

    def _cost_of(self, call: Call, output_tokens: int) -> float:
        from halley.routing.metering import prompt_tokens

        target = self.registry.find_target(call.route[0], call.settings, call.caller, call.role)
        usage = Usage(prompt_tokens(call.prompt), output_tokens, estimated=True)
        return self.prices.quick_cost(usage, target.model, target.price_book)

    @cached_property
    def http(self) -> Http:
        from halley.providers.http.client import Http

        return Http(self.environ, self.secrets.known_keys)

    @cached_property
    def catalogue(self) -> Catalogue:
        from halley.routing.catalogue import Catalogue

        return Catalogue(self.paths.cache / "models", self.clock)

    @cached_property
    def registry(self) -> Registry:
        from halley.routing.keys import KeyRing, seems_usable
        from halley.routing.registry import Registry
        from halley.stores.lessons import LessonStore

        return Registry(
            lambda: self.http,
            lambda binding, ask_key: KeyRing(self.secrets, self.clock, binding, ask_key),
            self.catalogue,
            self.prices,
            is_usable=lambda binding: seems_usable(self.secrets, binding, self.environ),
            environ=self.environ,
            lessons=LessonStore(self.paths.cache / "lessons", self.clock.now),
            policy=self.policy,
        )

    @cached_property
    def router(self) -> Router:
        from halley.routing.router import Router

        return Router(self.registry, self.ledger, clock=self.clock, prices=self.prices, budgets=self.budgets)

    @cached_property
    def turnstile(self) -> Turnstile:
        """Of all windows together: they share the loop."""
        from halley.features.chat.rush import Turnstile

        return Turnstile()

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

            _remember(self._granted, key, (layer, refuse_foreign_models(layer, known)))
        return self._granted[key][1]

    def settings(self, root: Path | None = None, layers: Sequence[Layer] = ()) -> Settings:
        """The settings in force, with a window's own levels (`client`, `session`) where there are any."""
        merged = self.config.merge((*self.layers(root), *layers))
        return merged if merged.team.url is None else self._narrowed(merged)

    def _narrowed(self, settings: Settings) -> Settings:
        """Without the tools and tool servers that the team's policy does not allow. Models are the registry's."""
        policy = self.policy(settings)
        if policy.mcp_servers is None and policy.tools is None:
            return settings
        known = self._narrow.get(id(settings))
        if known is None or known[0] is not settings or known[1] is not policy:
            from halley.features.team import narrow_tools

            known = settings, policy, narrow_tools(settings, policy)
            _remember(self._narrow, id(settings), known)
        return known[2]

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
            from halley.core.calls import Caller

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

        path = f"{self._templates_at}/{name}.md"
        if is_missing(path):
            return builtin_template(name)
        signature = signature_of(path)  # None: opening it says what is wrong
        known = self._templates.get(name)
        if known is None or signature is None or known[0] != signature:
            own = load_own_template(Path(path), name)
            known = self._templates[name] = signature, builtin_template(name) if own is None else own
        return known[1]


def _remember(kept: dict[Any, Any], key: Any, value: Any) -> None:
    """Keeps the newest `_REMEMBERED`."""
    kept[key] = value
    while len(kept) > _REMEMBERED:
        del kept[next(iter(kept))]


def _is_local(provider: str) -> bool:
    """Whether it is the preset of a server on this machine."""
    from halley.providers.presets import load_preset

    preset = load_preset(provider)
    return preset is not None and preset.port is not None
