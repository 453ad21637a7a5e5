"""What a team knows of its members, its money and its rules. The database itself is `stores/team`.

A policy only ever takes away:

    {"providers": ["comet", "ollama"], "models": ["comet/*", "!comet/o3*"], "mcp_servers": [], "tools": ["!halley/*"]}

What is not named is not limited. A list of patterns allows what one of them matches; one that begins with `!` forbids,
whatever else allows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, cast

from halley.core.errors import BlockedByPolicy, InvalidInput
from halley.core.models import ModelRef

LISTS = ("providers", "models", "mcp_servers", "tools")
SWITCHES = ("no_prompt_storage",)


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A budget as it stands: US dollars, in a day or month of UTC."""

    scope: str
    """`team`, `member`, `group` or `workspace`."""
    subject: str
    """Whose it is; empty for the whole team."""
    period: str
    """`day` or `month`."""
    spent: float
    held: float
    """Set aside for calls that are being made."""
    most: float

    def __str__(self) -> str:
        whose = "the team" if self.scope == "team" else f"{self.scope} {self.subject}"
        return f"{'daily' if self.period == 'day' else 'monthly'} budget of {whose}"

    def to_json(self) -> dict[str, Any]:
        return {
            "scope": self.scope,
            "subject": self.subject,
            "period": self.period,
            "spentUsd": round(self.spent, 6),
            "heldUsd": round(self.held, 6),
            "mostUsd": self.most,
        }


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    is_admin: bool
    groups: tuple[str, ...]
    last_seen: float | None
    """Seconds since the epoch."""
    client: str | None
    """The version of their Halley."""

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "admin": self.is_admin,
            "groups": list(self.groups),
            "lastSeen": self.last_seen,
            "client": self.client,
        }


@dataclass(frozen=True, slots=True)
class Standing:
    """Who this user is in the team."""

    member: str
    is_admin: bool
    groups: tuple[str, ...]
    budgets: int
    """How many budgets the team has; without any, no call asks the database first."""


@dataclass(frozen=True, slots=True)
class SharedText:
    """A macro (TOML) or a template (Markdown) in one version."""

    kind: str
    name: str
    version: int
    body: str
    digest: str
    """SHA-256 of the body, in hexadecimal."""
    author: str
    approved_by: str | None
    """None: a proposal."""


@dataclass(frozen=True, slots=True)
class SharedChat:
    """A chat that its author shared with the team; its text is read on its own."""

    id: str
    member: str
    title: str
    workspace: str
    size: int
    """Characters."""
    shared: float
    """Seconds since the epoch."""

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class SharedModel:
    """A model whose vectors the team has."""

    model: str
    dimensions: int
    pieces: int
    """Pieces of code that have a vector."""


@dataclass(frozen=True, slots=True)
class SharedIndex:
    """What the team's members share of their search indexes: vectors by hash, never text."""

    models: tuple[SharedModel, ...]
    size: int
    """Bytes in the database."""
    asked: int
    """Vectors that members asked for so far; a piece that is embedded is asked for more than once."""
    found: int
    """Those that were there, and were not paid for a second time."""

    def to_json(self) -> dict[str, Any]:
        models = [{"model": m.model, "dimensions": m.dimensions, "pieces": m.pieces} for m in self.models]
        return {"models": models, "bytes": self.size, "asked": self.asked, "found": self.found}


@dataclass(frozen=True, slots=True)
class Policy:
    """None: no limit of this kind. An empty list allows nothing."""

    version: int = 0
    providers: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    """Patterns for `provider/name`."""
    mcp_servers: tuple[str, ...] | None = None
    """Patterns for names of servers in `tools.servers`."""
    tools: tuple[str, ...] | None = None
    """Patterns for `server/tool`; what is built in has the server `halley`."""
    no_prompt_storage: bool = False
    """No chat may be stored for the team."""

    def allows_provider(self, provider: str) -> bool:
        return allows(self.providers, provider)

    def allows_model(self, ref: ModelRef) -> bool:
        return self.allows_provider(ref.provider) and allows(self.models, f"{ref.provider}/{ref.name}")

    def require_model(self, ref: ModelRef) -> None:
        """Raises BlockedByPolicy."""
        if not self.allows_model(ref):
            raise BlockedByPolicy(
                f"Your team's policy (version {self.version}) does not allow {ref.provider}/{ref.name}.",
                "Pick another model with `halley use`; `halley team policy` shows what is allowed.",
                provider=ref.provider,
                setting="team.url",
            )


NO_POLICY = Policy()


def allows(patterns: tuple[str, ...] | None, name: str) -> bool:
    """Whether a list of patterns allows a name. A list of nothing but `!` patterns allows the rest."""
    if patterns is None:
        return True
    if any(fnmatchcase(name, pattern[1:]) for pattern in patterns if pattern.startswith("!")):
        return False
    wanted = [pattern for pattern in patterns if not pattern.startswith("!")]
    return any(fnmatchcase(name, pattern) for pattern in wanted) or bool(patterns and not wanted)


def read_policy(body: Mapping[str, Any], version: int = 0) -> Policy:
    """Raises InvalidInput, naming what is wrong: a policy that is half understood would be no policy."""
    found: dict[str, Any] = {}
    for name, value in body.items():
        if name in SWITCHES:
            found[name] = _switch(name, value)
        elif name in LISTS:
            found[name] = _patterns(name, value)
        else:
            raise InvalidInput(f"A policy has no `{name}`.", f"It may have {', '.join(LISTS + SWITCHES)}.")
    return Policy(version, **found)


def _switch(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput(f"`{name}` of a policy is true or false.", f"Write {name} = true.")
    return value


def _patterns(name: str, value: Any) -> tuple[str, ...]:
    items: list[Any] = cast("list[Any]", value) if isinstance(value, list) else [None]
    if not all(isinstance(item, str) and item for item in items):
        raise InvalidInput(f"`{name}` of a policy is a list of names or patterns.", 'Write ["comet/*"].')
    return tuple(items)
