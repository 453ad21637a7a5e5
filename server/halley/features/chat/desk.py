"""What a chat works with: its surroundings, the store of chats, and what only a window has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halley.core.models import Model, ModelRef
from halley.core.snapshot import Snapshot
from halley.features.surroundings import Surroundings
from halley.stores.chats.store import ChatStore

if TYPE_CHECKING:
    from halley.features.agent.work import AgentDesk
    from halley.features.chat.steering import Steering
    from halley.features.review import Reviewed
    from halley.features.tools.approving import Ask
    from halley.features.tools.helping import Fill
    from halley.features.tools.servers import ToolServers
    from halley.stores.config.tool_picks import ToolPicks

Json = dict[str, Any]
Emit = Callable[[Json], None]
"""Takes one event of the protocol."""


@dataclass(frozen=True, slots=True)
class ToolDesk:
    """Tools for a window's chats. `ask_for(chat, turn, reply)` is who asks the user about that reply's calls; None
    where no user can be asked: calls that need approval are then denied."""

    servers: ToolServers
    picks: ToolPicks
    ask_for: Callable[[str, str, str], Ask] | None = None
    fill: Fill | None = None
    """Has the user fill in a server's form; None where no user can be asked: it is declined then."""
    agree: Callable[[str], Awaitable[bool]] | None = None
    """Asks the user a question with yes or no; None where no user can be asked."""
    open_page: Callable[[str], Awaitable[None]] | None = None
    """Brings the user to an address in a browser, or shows it."""


@dataclass(frozen=True, slots=True)
class ChatDesk:
    """`model_of(ref)` is what is known of a model; it raises NotConfigured for a provider there is none of."""

    around: Surroundings
    store: ChatStore
    model_of: Callable[[ModelRef], Model]
    snapshot: Snapshot | None = None
    """The document at hand, where the user has one before them."""
    choose_model: Callable[[tuple[str, ...]], Awaitable[str]] | None = None
    """Chooses the chat model of this workspace and says what holds now; with nothing to choose, only says."""
    tools: ToolDesk | None = None
    open_texts: Callable[[], Mapping[str, str]] | None = None
    """The texts of the files that are open at the moment, by URI; None where there is no editor."""
    read_text: Callable[[Path], Awaitable[str | None]] | None = None
    """The text of one file as the editor has it, where it has to be asked for; None where it has none."""
    agent: AgentDesk | None = None
    """What an agent works with; None where none can: every mode then only reads."""
    share: Callable[[str, bool], Awaitable[str]] | None = None
    """Shares a chat with the team, or takes it back (True), and says so (`features/team_chats.py`)."""
    steering: Steering | None = None
    """What runs in the window's chats; None where only one thing runs."""
    show_review: Callable[[Reviewed, Path], object] | None = None
    """Shows a review's findings in the editor; None where there is none."""
    is_ending: Callable[[], bool] = lambda: False
    """Whether what is cancelled now is cancelled because the window goes, and not by the user."""

    def context_of(self, model: ModelRef) -> int | None:
        """A model's context window in tokens, None where it is not known."""
        return self.model_of(model).context
