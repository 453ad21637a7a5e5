"""Role → route: which models do what in this window, and whose choice that is.

    request → session → workspace → client → .halley.toml → user → config.toml → default

The levels are `stores/config/layers.py`'s; this module only finds which of them decided, and the substitute for a
role that has no model of its own: edit as chat, complete as fast. Choosing a chat model does not move complete and fast
to it, because ghost text would ask the dearest model at every pause: they keep the usual model of its provider, and are
as chat only where it has none. With nothing chosen at all, `defaults.py` picks from what there is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from halley.core.errors import NotConfigured
from halley.core.models import ROLES, ModelRef, Role, Route
from halley.core.settings import Settings
from halley.stores.config.layers import Layer, find_source

STANDS_IN: Mapping[Role, tuple[Role, ...]] = {
    "edit": ("edit", "chat"),
    "complete": ("complete", "fast", "chat"),
    "fast": ("fast", "chat"),
}
"""Roles to look at, in order; a role that is not named here stands for itself only."""
KEEPS_OWN: frozenset[Role] = frozenset({"complete", "fast"})
"""Roles that a choice for chat does not move, where the provider has a usual model for them."""
NO_DEFAULT: frozenset[Role] = frozenset({"embed", "next"})
"""Roles for which a model must be chosen: embedding sends all of a workspace, next edits ask after every change."""

_SAID = {
    "request": "named in the request",
    "session": "picked for this session",
    "workspace": "picked for this workspace",
    "client": "the editor's settings",
    "user": "picked for all workspaces",
    "default": "the default, as no model is chosen",
}


@dataclass(frozen=True, slots=True)
class Selected:
    """A route, and why it is this one."""

    route: Route
    scope: str
    """The level that decided: request, session, workspace, client, .halley.toml, user, config.toml or default."""
    source: str
    """The same for a user, with the file where there is one."""

    def to_json(self) -> dict[str, object]:
        return {"route": [str(ref) for ref in self.route], "scope": self.scope, "source": self.source}


Defaults = Callable[[Role], Route]
"""The route of a role without a chosen model; empty when there is nothing to choose from."""


OwnDefault = Callable[[Role, str], Route]
"""The usual route of a role at a provider; empty where it has none."""


def resolve_route(
    role: Role,
    settings: Settings,
    layers: Sequence[Layer] = (),
    *,
    request: Route = (),
    defaults: Defaults | None = None,
    own_default: OwnDefault | None = None,
) -> Selected:
    """The route for `role`. `settings` are the merged `layers`; `request` names models for this one call.

    Raises NotConfigured when nothing is chosen and nothing can be found.
    """
    if request:
        return Selected(request, "request", _SAID["request"])
    for stand_in in STANDS_IN.get(role, (role,)):
        route = parse_route(getattr(settings.roles, stand_in))
        # Only for chat standing in: a model that was named for the role itself, or for fast, is what the user wants.
        if route and stand_in == "chat" and role in KEEPS_OWN and own_default:
            provider = route[0].provider
            if own := own_default(role, provider):
                return Selected(
                    own, "default", f"{provider}'s default, which a choice for chat does not change"
                )
        if route:
            return _chosen(role, stand_in, route, layers)
    route = defaults(role) if defaults and role not in NO_DEFAULT else ()
    if route:
        return Selected(route, "default", _SAID["default"])
    raise nothing_configured(role)


def resolve_selection(
    settings: Settings,
    layers: Sequence[Layer] = (),
    defaults: Defaults | None = None,
    own_default: OwnDefault | None = None,
) -> dict[Role, Selected]:
    """Every role that has a route."""
    found: dict[Role, Selected] = {}
    for role in ROLES:
        try:
            found[role] = resolve_route(role, settings, layers, defaults=defaults, own_default=own_default)
        except NotConfigured:
            # A role without a model is not an error here: the status shows those there are.
            continue
    return found


def parse_route(names: Sequence[str]) -> Route:
    """Raises NotConfigured for what is not `provider/name`."""
    return _parsed(tuple(names))


@lru_cache(maxsize=128)
def _parsed(names: tuple[str, ...]) -> Route:
    # A model that is named twice would be asked, and waited for, twice when it fails.
    return tuple(dict.fromkeys(ModelRef.parse(name) for name in names))


def _chosen(role: Role, stand_in: Role, route: Route, layers: Sequence[Layer]) -> Selected:
    """Asked again with the same levels it answers from what it found; settings keep their levels as long as those are
    the same."""
    key = (role, stand_in, route, tuple(map(id, layers)))
    known = _CHOSEN.get(key)
    if known is None:  # the levels are kept too, so that their ids stay theirs
        known = _CHOSEN[key] = tuple(layers), _find_chosen(role, stand_in, route, layers)
        while len(_CHOSEN) > MOST_CHOSEN:
            _CHOSEN.pop(next(iter(_CHOSEN)), None)
    return known[1]


_CHOSEN: dict[tuple[Role, Role, Route, tuple[int, ...]], tuple[tuple[Layer, ...], Selected]] = {}
MOST_CHOSEN = 256


def _find_chosen(role: Role, stand_in: Role, route: Route, layers: Sequence[Layer]) -> Selected:
    layer = find_source(layers, f"roles.{stand_in}")
    scope = layer.name if layer else "config.toml"
    source = _SAID.get(scope, scope)
    if layer and layer.path and scope not in _SAID:
        source = str(layer.path)
    return Selected(route, scope, source if stand_in == role else f"as {stand_in}: {source}")


def nothing_configured(role: Role) -> NotConfigured:
    """What to do when there is no provider at all."""
    if role in ("embed", "next", "image", "speech", "transcribe", "video"):
        return NotConfigured(
            f"No model is chosen for {role}.",
            f"Choose one with `halley use {role} PROVIDER/MODEL`; `halley models --role {role}` lists what there is.",
            setting=f"roles.{role}",
        )
    return NotConfigured(
        "No model is configured.",
        "Enter a key with `halley key set comet`, or put it in the environment (COMETAPI_KEY, OPENAI_API_KEY, "
        "ANTHROPIC_API_KEY …); a local server such as Ollama is detected automatically. To try Halley without a key, "
        "run `halley simulator --use`, or `halley try`.",
        setting=f"roles.{role}",
    )
