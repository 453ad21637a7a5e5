"""How the parts of an index see each other and the whole: `WorkspaceIndex` (`index.py`) is an `Index`.

Without these, the whole would import its parts and each part the whole.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from halley.core.models import ModelRef, Role, Route
from halley.core.ports import SearchIndex
from halley.core.settings import Settings
from halley.features.ask import Line
from halley.features.search.scan import Rules
from halley.stores.config.layers import Layer

if TYPE_CHECKING:
    from halley.routing.selection import Selected


@dataclass(frozen=True, eq=False, slots=True)
class Attendant:
    """On whose behalf the index is kept. `ask` puts a yes-or-no question to the user at any time (None: there was
    no answer); without it they learn of it when they search."""

    line: Callable[[], Line]
    layers: Callable[[], tuple[Layer, ...]]
    changed: Callable[[], None] = lambda: None
    ask: Callable[[str], Awaitable[bool | None]] | None = None


class Surroundings(Protocol):
    """What an index needs of the process it lives in; the engine room is one."""

    registry: Any
    """A `routing.registry.Registry`; typed loosely, since a cached property fits no attribute of a Protocol."""
    prices: Any
    """A `routing.prices.Prices`."""

    def settings(self, root: Path | None = None, layers: Sequence[Layer] = ()) -> Settings: ...

    def route(
        self, role: Role, settings: Settings, layers: Sequence[Layer] = (), request: Route = ()
    ) -> Selected: ...


class Embedding(Protocol):
    """Makes vectors of what has none (`embedding.py`)."""

    def start(self) -> None: ...

    def nudge(self) -> None: ...

    async def stop(self) -> None: ...


class Keeping(Protocol):
    """Keeps the index in line with the disk (`keeping.py`)."""

    rescan: bool


class Live(Protocol):
    """Texts as editors show them (`live.py`)."""

    def is_open(self, path: str) -> bool: ...

    def forget_rules(self, path: str | None = None) -> None: ...

    def note_all_shown(self) -> None: ...

    async def put_from_disk(self, path: str) -> None: ...


class Index(Protocol):
    """The whole, as its parts use it."""

    room: Surroundings
    root: Path
    folder: Path
    store: SearchIndex

    @property
    def embedder(self) -> Embedding: ...

    @property
    def keeper(self) -> Keeping: ...

    @property
    def live(self) -> Live: ...

    @property
    def attendant(self) -> Attendant | None: ...

    @property
    def exists(self) -> bool: ...

    @property
    def enabled(self) -> bool: ...

    @property
    def started(self) -> bool: ...

    def rules(self) -> Rules: ...

    def embed_model(self) -> ModelRef | None: ...

    def tell(self, *, at_most_every_s: float = 0.0) -> None: ...

    async def control(self, action: str) -> dict[str, Any]: ...
