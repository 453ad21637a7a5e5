"""The run of an agent whose calls are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from halley.core.usage import LoggedCall

OUR_PROVIDER = "halley"
"""The name under which Codex and opencode know the provider that they were given (`cli/agents/programs.py`)."""
Read = Callable[[], Iterable[LoggedCall]]
"""Reads what was written since the start. Raises OSError where nothing can be read."""


@dataclass(frozen=True, slots=True)
class Started:
    """One run, as it begins."""

    folder: Path
    """The working folder."""
    began: float
    """Seconds since the epoch."""
    environ: Mapping[str, str]
    """The agent's."""
    arguments: Sequence[str]
    """The user's own."""
    model: str
    """What was handed over; for calls whose model is not written down."""
    notes: Path
    """A private folder that exists until the run's log is read, for what an agent is asked to write there."""

    @property
    def home(self) -> Path:
        return Path(self.environ.get("HOME") or self.environ.get("USERPROFILE") or Path.home())

    @property
    def data(self) -> Path:
        """Where programs that follow the XDG folders keep their data."""
        given = self.environ.get("XDG_DATA_HOME", "")
        return Path(given) if Path(given).is_absolute() else self.home / ".local" / "share"

    def is_own_folder(self, name: object) -> bool:
        """Whether a session belongs to this run by its folder: the run's, or one that the user's arguments name."""
        if not isinstance(name, str) or not name or "\0" in name:
            return False
        mine = (self.folder, *(self.folder / one for one in self.arguments if one and "\0" not in one))
        return any(_same(Path(name), one) for one in mine)


def _same(one: Path, other: Path) -> bool:
    try:
        return one == other or one.resolve() == other.resolve()
    except (OSError, RuntimeError):
        return False
