"""Every custom request and notification by its name. Not for the daemon: it imports only the subjects it uses."""

from __future__ import annotations

from halley.lsp.protocol import chat, editing, macros, media, models, providers, reports, search, tools, trust
from halley.lsp.protocol.notifications import NOTIFICATIONS as NOTIFICATIONS
from halley.lsp.protocol.shape import Request

SUBJECTS = (models, providers, chat, editing, macros, media, tools, search, reports, trust)

REQUESTS: dict[str, Request] = {name: row for subject in SUBJECTS for name, row in subject.REQUESTS.items()}
