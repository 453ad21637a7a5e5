"""One connected client: its documents, settings, workspace folders and pending work.

Everything that belongs to a window lives here, and nothing of it is shared: two windows in one process cannot see each
other's choice of model. What is shared (stores, HTTP pool, catalogue) is the engine room's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halley.core.calls import Caller, Operation
from halley.core.errors import BadRequest, Problem
from halley.core.models import Role, Route
from halley.core.settings import Settings
from halley.core.snapshot import Document, Selection, Snapshot, Workspace
from halley.features.ask import Line
from halley.features.complete import Completer
from halley.features.proposals import Proposals
from halley.lsp.answers import Answers
from halley.lsp.base.capabilities import look_up
from halley.lsp.base.rpc_errors import ClientError
from halley.lsp.client import Client
from halley.lsp.from_lsp import from_lsp_diagnostics, from_lsp_range
from halley.lsp.windows import Folders, folders_of

if TYPE_CHECKING:
    from halley.features.room import EngineRoom
    from halley.lsp.base.server import Server

Json = dict[str, Any]


class Session:
    """A window, from `initialize` to its end."""

    def __init__(self, server: Server, params: Json, room: EngineRoom) -> None:
        self.server, self.room = server, room
        self.client = Client.of(params)
        self.folders: Folders = folders_of(params)
        self.client_settings: Json = look_up(params, "initializationOptions.settings") or {}
        self.picked: dict[Role, Route] = {}
        """Routes chosen for this session only."""
        self.completer = Completer()
        self.proposals = Proposals()
        self.answers = Answers(room.paths.cache / "answers", self.client.text_document_content)
        self.busy: list[str] = []
        self.problem: Problem | None = None
        """What keeps models from answering, until somebody does something about it."""
        self.last_status: Json | None = None

    # -- the client

    async def request(self, method: str, params: Any) -> Any:
        """The client's answer, None where it has none to give (an error, or nothing in time)."""
        try:
            return await self.server.request(method, params)
        except ClientError:
            return None

    def notify(self, method: str, params: Any) -> None:
        self.server.notify(method, params)

    # -- settings

    def settings_of(self, uri: str = "") -> Settings:
        """The merged settings for a document's workspace."""
        return self.room.settings(
            self.folders.root_of(uri), client=self.client_settings, session=self.picked
        ).settings

    def caller(self, uri: str = "") -> Caller:
        root = self.folders.root_of(uri)
        return Caller(
            workspace=str(root) if root else None,
            ask_key=self._ask_key if self.client.secrets else None,
            on_operation=self._show_operation,
            confirm=self._confirm,
        )

    def line(self, uri: str = "", settings: Settings | None = None) -> Line:
        """An open line to the models for a document of this window."""
        settings = settings or self.settings_of(uri)
        return Line(
            self.room.router,
            self.caller(uri),
            settings,
            lambda role: self.room.route(role, settings),
        )

    def template_of(self, name: str) -> str:
        """A prompt template: the person's own in their configuration folder, else the one shipped."""
        return self.room.template(name)

    async def _ask_key(self, provider: str, origin: str) -> str | None:
        answer = await self.request("halley/secrets/get", {"provider": provider, "origin": origin})
        key = answer.get("key") if isinstance(answer, dict) else None
        return key if isinstance(key, str) and key else None

    async def _confirm(self, question: str) -> bool:
        """A yes-or-no question; no where nobody answers."""
        actions = [{"title": "Yes"}, {"title": "No"}]
        answer = await self.request(
            "window/showMessageRequest", {"type": 2, "message": question, "actions": actions}
        )
        return isinstance(answer, dict) and answer.get("title") == "Yes"

    def _show_operation(self, operation: Operation) -> None:
        shown: Json = {
            "operation": operation.id,
            "state": operation.state,
            "attempt": operation.attempt,
            "of": operation.of,
            "waitMs": operation.wait_ms,
            "reason": operation.reason,
        }
        if operation.source:
            shown["from"] = str(operation.source)
        if operation.target:
            shown["to"] = str(operation.target)
        self.notify("halley/operation", shown)

    # -- documents

    def document(self, uri: str) -> Document | None:
        """Open in the editor, else read from disk; None when there is neither."""
        return self.server.documents.get(uri)

    def version(self, uri: str) -> int | None:
        document = self.server.documents.get(uri)
        return document.version if document else None

    def snapshot(
        self, text_document: Json, range: Json, diagnostics: list[Json] | None = None
    ) -> Snapshot | None:
        """The editor's state now, for a range of a document; None for a document that is nowhere to be had.

        Raises BadRequest for parameters that are no range.
        """
        uri = str(text_document.get("uri", ""))
        document = self.document(uri)
        if document is None:
            return None
        encoding = self.server.encoding
        start, end = from_lsp_range(document.text, range, encoding)
        return Snapshot(
            document,
            Selection(start, end),
            diagnostics=tuple(from_lsp_diagnostics(document.text, diagnostics or [], encoding)),
            settings=self.settings_of(uri),
            workspace=self.workspace(uri),
            open_documents={d.uri: d for d in self.server.documents.open_documents() if d.uri != uri},
        )

    def required_snapshot(self, text_document: Json, range: Json | None = None) -> Snapshot:
        """As `snapshot`; a whole document without `range`. Raises BadRequest for one that is not there."""
        nowhere = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
        snapshot = self.snapshot(text_document, range or nowhere)
        if snapshot is None:
            raise BadRequest(
                f"There is no document {text_document.get('uri')}.", "Open it in the editor first."
            )
        return snapshot

    def workspace(self, uri: str = "") -> Workspace | None:
        root = self.folders.root_of(uri)
        return self.room.workspace(root) if root else None

    # -- the end

    async def close(self) -> None:
        self.completer.close()


def register(server: Server) -> None:
    """Makes the session when the client has said who it is."""

    def begin(params: Json) -> None:
        server.session = Session(server, params, server.room)
        server.closing.push_async_callback(server.session.close)

    server.on_begin.append(begin)
