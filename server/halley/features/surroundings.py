"""Surroundings: what every feature finds around it, whether an editor's window or a command asks.

Made in one place for each: `Session.surroundings` for a document of a window, `Desk.surroundings` for a command.
What belongs to one request alone (the snapshot, who listens) is not here but in `Job`, `ChatDesk` and `Place`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from halley.core.ports import MacroRuns
    from halley.core.settings import Settings
    from halley.core.snapshot import Workspace
    from halley.features.ask import Line
    from halley.features.context.project import Project
    from halley.features.media.works import Works
    from halley.features.search.index import WorkspaceIndex


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The same for all requests about one workspace; without a workspace only the first two are there."""

    line: Line
    """The road to the models: settings, budget and choice of models of this window or command."""
    template_of: Callable[[str], str]
    """A prompt template by its name, the user's own first. Raises NotConfigured for one that cannot be used."""
    workspace: Workspace | None = None
    project: Project | None = None
    """The workspace's code: its files and what they define."""
    index: WorkspaceIndex | None = None
    """The workspace's search index; None also where a command must not begin to keep one."""
    media: Callable[[], Works] | None = None
    """The process's media tasks (pictures, sound, videos), opened on first use; None where none can be made."""
    runs: MacroRuns | None = None
    """Where runs of macros are saved, so that they can be resumed."""

    @property
    def settings(self) -> Settings:
        return self.line.settings

    @property
    def root(self) -> Path | None:
        """The workspace's folder."""
        return self.workspace.root if self.workspace else None

    @property
    def workspace_id(self) -> str | None:
        return self.workspace.id if self.workspace else None
