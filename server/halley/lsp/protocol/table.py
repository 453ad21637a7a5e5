"""Every custom request and notification by its name. Not for the daemon: it imports only the subjects it uses."""

from __future__ import annotations

from halley.lsp.protocol import (
    agent,
    chat,
    editing,
    macros,
    media,
    models,
    next_edit,
    providers,
    reports,
    review,
    search,
    tools,
    trust,
)
from halley.lsp.protocol.notifications import NOTIFICATIONS as NOTIFICATIONS
from halley.lsp.protocol.shape import RequestShape

SUBJECTS = (
    models,
    providers,
    chat,
    editing,
    next_edit,
    macros,
    media,
    tools,
    agent,
    search,
    reports,
    review,
    trust,
)

REQUESTS: dict[str, RequestShape] = {
    name: row for subject in SUBJECTS for name, row in subject.REQUESTS.items()
}
