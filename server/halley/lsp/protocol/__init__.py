"""Every custom request and notification, as types: the only place that defines them. One file per subject.

`REQUESTS` and `NOTIFICATIONS` are tables; TypeScript and Lua types and the reference page are generated from them.
Parameters arrive as plain dicts and are validated by `read_params`; results are plain dicts whose shape the result
types describe. JSON is camelCase, Python snake_case. A new subject is a file with its own `REQUESTS` and a row in
`SUBJECTS`.
"""

from __future__ import annotations

from halley.lsp.protocol import chat, editing, macros, media, models, providers, reports, search, tools, trust
from halley.lsp.protocol.notifications import NOTIFICATIONS as NOTIFICATIONS
from halley.lsp.protocol.shape import Request

SUBJECTS = (models, providers, chat, editing, macros, media, tools, search, reports, trust)

REQUESTS: dict[str, Request] = {name: row for subject in SUBJECTS for name, row in subject.REQUESTS.items()}
