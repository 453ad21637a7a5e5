"""One reply of an agent: where it works, with what, and whom it tells. Made for each reply (`toolbox.py`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halley.core.agent import Mode
from halley.core.errors import InvalidInput
from halley.core.events import Event
from halley.core.ports import LanguageTools, Terminals, Workbench
from halley.core.settings import AgentSettings
from halley.features.agent.paths import AgentPlace, find_place

if TYPE_CHECKING:
    from halley.features.agent.checkpoints import Keeper
    from halley.stores.checkpoints import CheckpointStore

Plan = list[tuple[str, str]]
"""(step, state): `open`, `doing`, `done` or `dropped`."""


@dataclass(frozen=True, slots=True)
class AgentDesk:
    """What a window or a command gives its agents. `own` are Halley's files and folders."""

    bench: Callable[[Path], Workbench]
    terminals: Terminals
    checkpoints: CheckpointStore | None = None
    """Where texts are kept before they change; None where nothing can be taken back."""
    own: tuple[Path, ...] = ()
    language: LanguageTools | None = None
    """What the editor's language servers know; None where nothing brings that."""

    def closed(self, root: Path) -> tuple[Path, ...]:
        """Those that an agent of this workspace must not see or touch. A workspace may lie in one of them."""
        return tuple(path for path in self.own if not root.is_relative_to(path))


@dataclass(slots=True)
class AgentWork:
    root: Path
    mode: Mode
    bench: Workbench
    terminals: Terminals
    settings: AgentSettings
    exclude: tuple[str, ...]
    closed: tuple[Path, ...]
    chat: str
    tell: Callable[[Event], None]
    keep_plan: Callable[[Plan], Awaitable[None]]
    plan: Plan = field(default_factory=list[tuple[str, str]])
    """Empty until one is approved."""
    keeper: Keeper | None = None
    language: LanguageTools | None = None
    edited: dict[Path, bool] = field(default_factory=dict[Path, bool])
    """Files edited in this reply, and whether they had no unsaved changes before."""

    def place(self, arguments: Mapping[str, Any], name: str = "path") -> AgentPlace:
        """Raises BlockedByPolicy and InvalidInput (`paths.py`)."""
        return find_place(self.root, text_of(arguments, name), self.exclude, self.closed)

    @property
    def may_act(self) -> bool:
        return self.mode in ("edit", "agent") or (self.mode == "plan" and bool(self.plan))


def text_of(arguments: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = arguments.get(name, default)
    if not isinstance(value, str):
        raise InvalidInput(f"`{name}` must be text.", "Give it as a string.")
    return value


def flag_of(arguments: Mapping[str, Any], name: str) -> bool:
    value = arguments.get(name) or False
    if not isinstance(value, bool):
        raise InvalidInput(f"`{name}` must be true or false.", "Give it as a boolean.")
    return value


def texts_of(arguments: Mapping[str, Any], name: str) -> Sequence[str]:
    value = arguments.get(name)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise InvalidInput(f"`{name}` must be a list of texts.", "Give it as an array of strings.")
    return value
