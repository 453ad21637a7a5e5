"""What the parts of one index share: its place on disk, the windows that use it, and their settings.

The index makes one `Ground` and hands it to its parts, which know neither the index nor the engine room.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from halley.core.errors import NotConfigured, StoreFailed
from halley.core.models import ModelRef, Role
from halley.core.ports import SearchIndex, SharedVectors
from halley.core.settings import Settings
from halley.features.ask import Line
from halley.features.search.scan import Rules
from halley.stores.config.layers import Layer

if TYPE_CHECKING:
    from halley.routing.prices import Prices
    from halley.routing.registry import Registry
    from halley.routing.selection import Selected


@dataclass(frozen=True, eq=False, slots=True)
class Attendant:
    """A window that uses the index. `ask` puts a yes-or-no question to the user at any time (None: there was
    no answer); without it they are informed when they search."""

    line: Callable[[], Line]
    layers: Callable[[], tuple[Layer, ...]]
    changed: Callable[[], None] = lambda: None
    ask: Callable[[str], Awaitable[bool | None]] | None = None


@dataclass(frozen=True, slots=True)
class Models:
    """What an index needs of the engine room. The registry and the prices are made when they are first asked for."""

    settings: Callable[[Path], Settings]
    route: Callable[[Role, Settings, Sequence[Layer]], Selected]
    registry: Callable[[], Registry]
    prices: Callable[[], Prices]
    shared: Callable[[ModelRef, Settings], SharedVectors | None] = lambda _model, _settings: None
    """What the user's team has of a model's vectors; None where nothing is shared. Raises NotConfigured."""


@dataclass(slots=True)
class Ground:
    """Of one workspace folder in this process."""

    models: Models
    root: Path
    store: SearchIndex
    attendants: list[Attendant] = field(default_factory=list[Attendant])
    """Who is here, the newest last: its settings hold."""
    _said_at: float = 0.0

    @property
    def folder(self) -> Path:
        """Where the index lies."""
        return self.store.folder

    @property
    def attendant(self) -> Attendant | None:
        return self.attendants[-1] if self.attendants else None

    @property
    def exists(self) -> bool:
        return self.store.exists

    @property
    def enabled(self) -> bool:
        attendant = self.attendant
        return attendant is not None and not self.too_wide and attendant.line().settings.search.enabled

    @property
    def too_wide(self) -> bool:
        """A whole disk or home folder is no project: it would take long, and hold what was never meant to be shown."""
        return self.root in (Path(self.root.anchor), Path.home())

    @property
    def settings(self) -> Settings:
        attendant = self.attendant
        return attendant.line().settings if attendant else self.models.settings(self.root)

    def rules(self, skip: tuple[str, ...] = ()) -> Rules:
        """What belongs into the index, as the newest attendant's settings say; the paths of `skip` are left alone."""
        settings = self.settings
        return Rules(
            str(self.root), str(self.store.path), settings.context.exclude, settings.search.max_files, skip
        )

    def embed_model(self) -> ModelRef | None:
        """The model chosen for embeddings; there is no default."""
        attendant = self.attendant
        if attendant is None:
            return None
        try:
            return self.models.route("embed", attendant.line().settings, attendant.layers()).route[0]
        except (NotConfigured, StoreFailed):
            return None

    def tell(self, *, at_most_every_s: float = 0.0) -> None:
        """Tell the attendants that something about the index is new."""
        now = time.monotonic()
        if now - self._said_at >= at_most_every_s:
            self._said_at = now
            for attendant in list(self.attendants):
                attendant.changed()
