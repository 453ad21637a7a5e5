"""What a chat needs around it, for one window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from halley.core.models import ModelRef
from halley.core.snapshot import Snapshot, Workspace
from halley.features.ask import Line
from halley.features.project import Project
from halley.stores.chats import ChatStore

Json = dict[str, Any]
Emit = Callable[[Json], None]
"""Takes one event of the protocol."""


@dataclass(frozen=True, slots=True)
class ChatDesk:
    """`context_of(model)` is a model's context window in tokens, None where it is not known."""

    line: Line
    store: ChatStore
    template_of: Callable[[str], str]
    context_of: Callable[[ModelRef], int | None]
    workspace: Workspace | None = None
    project: Project | None = None
    snapshot: Snapshot | None = None
    """The document at hand, where the person has one before them."""

    @property
    def workspace_id(self) -> str | None:
        return self.workspace.id if self.workspace else None
