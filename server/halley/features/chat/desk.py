"""What a chat needs around it, for one window."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from halley.core.models import Model, ModelRef
from halley.core.ports import MacroRuns
from halley.core.snapshot import Snapshot, Workspace
from halley.features.ask import Line
from halley.features.context.project import Project
from halley.stores.chats.store import ChatStore

if TYPE_CHECKING:
    from halley.features.media.works import Works
    from halley.features.search.index import WorkspaceIndex
    from halley.features.tools.approving import Ask
    from halley.features.tools.servers import ToolServers
    from halley.stores.config.tool_picks import ToolPicks

Json = dict[str, Any]
Emit = Callable[[Json], None]
"""Takes one event of the protocol."""


@dataclass(frozen=True, slots=True)
class ToolDesk:
    """Tools for a window's chats. `ask_for(chat, turn, reply)` is who asks the person about that reply's calls; None
    where nobody can be asked: what needs a yes is then denied."""

    servers: ToolServers
    picks: ToolPicks
    ask_for: Callable[[str, str, str], Ask] | None = None


@dataclass(frozen=True, slots=True)
class ChatDesk:
    """`model_of(ref)` is what is known of a model; it raises NotConfigured for a provider there is none of."""

    line: Line
    store: ChatStore
    template_of: Callable[[str], str]
    model_of: Callable[[ModelRef], Model]
    workspace: Workspace | None = None
    project: Project | None = None
    snapshot: Snapshot | None = None
    """The document at hand, where the person has one before them."""
    choose_model: Callable[[tuple[str, ...]], Awaitable[str]] | None = None
    """Chooses the chat model of this workspace and says what holds now; with nothing to choose, only says."""
    index: WorkspaceIndex | None = None
    """The workspace's index, where there is a workspace."""
    runs: MacroRuns | None = None
    """Where macros keep what they have made so far."""
    works: Callable[[], Works] | None = None
    """Where pictures, sound and videos are made."""
    tools: ToolDesk | None = None
    is_ending: Callable[[], bool] = lambda: False
    """Whether what is cancelled now is cancelled because the window goes, and not by the person."""

    @property
    def workspace_id(self) -> str | None:
        return self.workspace.id if self.workspace else None

    def context_of(self, model: ModelRef) -> int | None:
        """A model's context window in tokens, None where it is not known."""
        return self.model_of(model).context
