"""One connected client: its documents, settings, workspace folders and pending work.

Everything that belongs to a window lives here, and nothing of it is shared: two windows in one process cannot see each
other's choice of model. What is shared (stores, HTTP pool, catalogue) is the engine room's.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halley.core.errors import InvalidInput, Problem
from halley.core.models import Role, Route
from halley.core.settings import ConfigProblem, Settings
from halley.core.snapshot import Document, Selection, Snapshot, Touched, Workspace
from halley.core.text import DocumentEdit, WorkspaceChange
from halley.features.proposals import Proposals
from halley.lsp.base.rpc_errors import ClientError
from halley.lsp.capabilities import look_up
from halley.lsp.from_lsp import from_lsp_diagnostics, from_lsp_range
from halley.lsp.window.agent.pending import PendingCalls
from halley.lsp.window.answers import Answers
from halley.lsp.window.client import Client
from halley.lsp.window.folders import Folders, folders_of
from halley.lsp.window.places import GhostOffer, LinkPlace
from halley.stores.config.client_settings import parse_client_settings
from halley.stores.config.layers import Layer, roles_layer

if TYPE_CHECKING:
    from halley.core.calls import Caller, Operation
    from halley.core.usage import NextEditOutcome
    from halley.features.ask import Line
    from halley.features.chat.rush import Rush
    from halley.features.chat.steering import Steering
    from halley.features.completion.completer import Completer
    from halley.features.context.project import Project
    from halley.features.media.works import Works
    from halley.features.next_edit.suggester import Around, NextEdits
    from halley.features.room import EngineRoom
    from halley.features.search.ground import Attendant
    from halley.features.search.index import WorkspaceIndex
    from halley.features.surroundings import Surroundings
    from halley.lsp.window.connection import EditorConnection
    from halley.lsp.window.findings import Findings
    from halley.stores.disk.commands import CommandRuns
    from halley.stores.media import Task

Json = dict[str, Any]


class Session:
    """A window, from `initialize` to its end."""

    def __init__(self, server: EditorConnection, params: Json, room: EngineRoom) -> None:
        self.server, self.room, self.shared = server, room, server.shared
        self.loop = asyncio.get_running_loop()
        self.client = Client.of(params)
        self.folders: Folders = folders_of(params)
        self.folders.home_of = server.documents.notebooks.home_of
        self.client_layer = Layer("client")
        self.session_layer = Layer("session")
        self.picked: dict[Role, Route] = {}
        """Routes chosen for this session only."""
        self.take_client_settings(look_up(params, "initializationOptions.settings"))
        self.asks_next_edits = False
        """Whether the client asks for next edits itself; otherwise one is looked for in pauses."""
        self.last_offer: GhostOffer | None = None
        self.proposals = Proposals()
        self.answers = Answers(room.paths.cache / "answers", self.client.text_document_content)
        self.pending = PendingCalls()
        self.busy: list[str] = []
        self.in_background: dict[asyncio.Task[Any], str] = {}
        """What runs in the background of commands that were answered already, with its title (`handlers/plain.py`)."""
        self.problem: Problem | None = None
        """What keeps models from answering, until the user does something about it."""
        self.told: list[ConfigProblem] = []
        """Problems of the configuration that were shown in messages and still hold."""
        self.last_status: Json | None = None
        self.watches_catalogue = False
        self.diagnosers: list[Callable[[Document], list[Json]]] = []
        """What has diagnostics of documents (`publish_diagnostics`)."""
        self.places: dict[str, LinkPlace] = {}
        """Where the links of media tasks go that were begun in this window."""
        self.watches_media = False
        self.attending: dict[Path, Callable[[], None]] = {}
        """Workspaces whose index is maintained for this window, and what ends that."""
        self.watches_tools = False
        self._terminals: CommandRuns | None = None
        self.offers_formatting = False
        """Whether formatting is registered with the client now."""

    # -- the client

    async def request(self, method: str, params: Any, timeout_s: float | None = None) -> Any:
        """The client's answer, None where it has none to give (an error, or nothing in time)."""
        for results in [*self.server.streams]:  # a question never comes before the events it is about
            with contextlib.suppress(ValueError, TypeError):  # another reply's event has no JSON form
                results.flush()
        try:
            return await self.server.request(method, params, timeout_s)
        except ClientError:
            return None

    @property
    def is_ending(self) -> bool:
        """Whether what is cancelled now is cancelled because the window goes, and not by the user."""
        return self.server.is_over or not self.server.is_running

    def terminals(self) -> CommandRuns:
        """The commands of this window's agents, which end with it."""
        if self._terminals is None:
            from halley.stores.disk.commands import CommandRuns

            self._terminals = CommandRuns(self.room.environ)
        return self._terminals

    async def end_commands(self, chat: str) -> None:
        """A chat that is gone has none."""
        if self._terminals is not None:
            await self._terminals.stop(chat)

    def works(self) -> Works:
        """The process's media tasks, whose changes are reported to the client from now on."""
        self.watch_media()
        return self.shared.media

    def watch_media(self) -> None:
        """Notifies the client of changed tasks from now on."""
        if not self.watches_media:
            self.watches_media = True
            self.shared.media.listeners.add(self._media_changed)

    def _media_changed(self, task: Task) -> None:
        root = str(self.folders.root_of("")) if self.folders.roots else None
        if task.workspace in (None, root) or task.id in self.places:
            self.notify("halley/changed", {"what": "media"})

    def notify(self, method: str, params: Any) -> None:
        """Ours (`halley/*`) only go to clients that named our capability: others warn of what they do not know."""
        if self.client.asks or not method.startswith("halley/"):
            self.server.notify(method, params)

    def publish_diagnostics(self, uri: str) -> None:
        """Sends what all `diagnosers` have of a document now, open or not: it replaces what the client has of it."""
        if not self.client.diagnostics:
            return
        document = self.document(uri)
        found = [one for source in self.diagnosers for one in source(document)] if document else []
        params: Json = {"uri": document.uri if document else uri, "diagnostics": found}
        if document is not None and self.server.documents.is_open(uri):
            params["version"] = document.version
        self.notify("textDocument/publishDiagnostics", params)

    def tell_of_file(self, problem: Problem) -> None:
        """A file of ours was damaged: a message, whatever thread met it."""
        said = {"type": 1, "message": f"{problem.message} {problem.help}"}
        # Files are read in worker threads too, and only the loop may write to the client.
        self.loop.call_soon_threadsafe(self.notify, "window/showMessage", said)

    @cached_property
    def findings(self) -> Findings:
        """What the last review found, made with the first."""
        from halley.lsp.window.findings import Findings

        found = Findings(self.document, self.publish_diagnostics, lambda: self.server.encoding, self.loop)
        self.diagnosers.append(found.diagnostics)
        self.server.documents.on_change.append(found.note_change)
        return found

    @cached_property
    def rush(self) -> Rush:
        from halley.features.chat.rush import Rush

        return Rush()

    def _unless_over(self, method: str, params: Json) -> None:
        if not self.is_ending:
            self.notify(method, params)

    @cached_property
    def steering(self) -> Steering:
        """What runs in this window's chats."""
        from halley.features.chat.steering import Steering
        from halley.lsp.window.chat_states import ChatStates

        steering = Steering()
        run = self.server.run_in_background
        steering.on_change = ChatStates(steering, self.room.chats, self._unless_over, run).changed
        return steering

    @cached_property
    def next_edits(self) -> NextEdits:
        from halley.core.models import ModelRef
        from halley.features.next_edit.memory import Memory
        from halley.features.next_edit.suggester import NextEdits

        def count(model: str, language: str, outcome: NextEditOutcome) -> None:
            counting = self.room.ledger.count_next_edit(ModelRef.parse(model), language, outcome)
            self.server.run_in_background(counting, "counting next edits")

        return NextEdits(Memory(count), self.document, self._around, self.template_of)

    def _around(self, uri: str) -> Around | None:
        """Leave to look at files that are not open; None where a repository's own files still wait for trust."""
        from halley.features.next_edit.suggester import Around

        root = self.folders.root_of(uri)
        config = self.room.config.workspace(root) if root else None
        if config is None or not (config.trusted or config.files.is_empty):
            return None
        return Around(self.index(uri) if root in self.attending else None)

    # -- settings

    def layers(self, uri: str = "") -> tuple[Layer, ...]:
        """The levels of configuration for a document's workspace, picks included."""
        root = self.folders.root_of(uri)
        client = self.room.granted(self.client_layer, root)
        return (*self.room.layers(root), client, self.session_layer)

    def settings_of(self, uri: str = "") -> Settings:
        """The merged settings for a document's workspace."""
        return self.room.config.merge(self.layers(uri))

    def pick(self, role: Role, route: Route) -> None:
        """Choose a route for this session only; an empty one forgets the choice."""
        if route:
            self.picked[role] = route
        else:
            self.picked.pop(role, None)
        self.session_layer = roles_layer("session", self.picked)

    def take_client_settings(self, settings: Any) -> None:
        """What the editor says is set; the last good value of a key stays where the new one is wrong."""
        self.client_layer = parse_client_settings(
            settings, self.client_layer, keeps_machine_settings=self.client.secrets
        )

    def caller(self, uri: str = "") -> Caller:
        from halley.core.calls import Caller

        root = self.folders.root_of(uri)
        return Caller(
            workspace=str(root) if root else None,
            ask_key=self._ask_key if self.client.secrets else None,
            on_operation=self._show_operation,
            confirm=self.confirm,
        )

    def line(
        self, uri: str = "", settings: Settings | None = None, layers: tuple[Layer, ...] | None = None
    ) -> Line:
        """An open line to the models for a document of this window, with the settings and picks of this moment.

        `layers` (and the `settings` they make) where they were just looked at.
        """
        from halley.features.ask import Line

        levels = layers or self.layers(uri)
        merged = settings or self.room.config.merge(levels)

        async def route_of(role: Role) -> Route:
            return (await self.room.prepare_route(role, merged, levels)).route

        return Line(self.room.router, self.caller(uri), merged, route_of)

    def surroundings(self, uri: str = "", settings: Settings | None = None) -> Surroundings:
        """What features find around a document of this window, as it is in this moment."""
        from halley.features.surroundings import Surroundings

        return Surroundings(
            self.line(uri, settings),
            self.template_of,
            self.workspace(uri),
            self.project(uri),
            self.index(uri),
            self.works,
            self.room.macro_runs,
        )

    def template_of(self, name: str) -> str:
        """A prompt template: the user's own in their configuration folder, else the one shipped."""
        return self.room.template(name)

    async def _ask_key(self, provider: str, origin: str) -> str | None:
        answer = await self.request("halley/secrets/get", {"provider": provider, "origin": origin})
        key = answer.get("key") if isinstance(answer, dict) else None
        return key if isinstance(key, str) and key else None

    async def confirm(self, question: str) -> bool:
        """Asks for a confirmation; false without an answer."""
        return await self.ask_yes_no(question) is True

    async def ask_yes_no(self, question: str) -> bool | None:
        """Asks for a confirmation; None without an answer."""
        actions = [{"title": "Yes"}, {"title": "No"}]
        answer = await self.request(
            "window/showMessageRequest", {"type": 2, "message": question, "actions": actions}
        )
        return answer.get("title") == "Yes" if isinstance(answer, dict) else None

    def _show_operation(self, operation: Operation) -> None:
        if not self.client.asks:
            if operation.state == "failedOver":
                said = f"{operation.source} does not answer ({operation.reason}); {operation.target} is used instead."
                self.notify("window/showMessage", {"type": 2, "message": said})
            return
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

    @cached_property
    def completer(self) -> Completer:
        """Ghost text of this window, made with the first key that asks for it."""
        from halley.features.completion.completer import Completer

        return Completer(self.template_of)

    def document(self, uri: str) -> Document | None:
        """Open in the editor, else read from disk; None when there is neither."""
        return self.server.documents.get(uri)

    def open_texts(self) -> dict[str, str]:
        """The texts of open files by the URI of their path; cells of notebooks are not files."""
        documents = self.server.documents.open_documents()
        return {d.path.as_uri(): d.text for d in documents if d.path is not None and d.cell is None}

    def version(self, uri: str) -> int | None:
        return self.server.documents.version(uri)

    def snapshot(
        self,
        text_document: Json,
        range: Json,
        diagnostics: list[Json] | None = None,
        settings: Settings | None = None,
        *,
        exact: bool = False,
    ) -> Snapshot | None:
        """The editor's state now, for a range of a document; None for a document that does not exist.

        A range of one character is a cursor, unless it is to be taken as `exact`.
        Raises InvalidInput for parameters that are no range.
        """
        uri = str(text_document.get("uri", ""))
        document = self.document(uri)
        if document is None:
            return None
        encoding = self.server.encoding
        cells = self.server.documents.notebooks.cells_of(uri)
        own = {uri, *(cell.uri for cell in cells)}
        start, end = from_lsp_range(document.text, range, encoding)
        selected = Selection(start, end)
        return Snapshot(
            document,
            # Helix and Kakoune always select at least one character, so that is a cursor for them.
            selected if exact else selected.as_cursor(document.text),
            diagnostics=tuple(from_lsp_diagnostics(document.text, diagnostics or [], encoding)),
            settings=settings or self.settings_of(uri),
            workspace=self.workspace(uri),
            open_documents={d.uri: d for d in self.server.documents.open_documents() if d.uri not in own},
            cells=cells,
            touched=tuple(
                Touched(edit.uri, edit.first_line, edit.last_line)
                for edit in self.server.documents.recent_edits()
            ),
        )

    def required_snapshot(
        self, text_document: Json, range: Json | None = None, *, exact: bool = False
    ) -> Snapshot:
        """As `snapshot`; a whole document without `range`. Raises InvalidInput for one that is not there."""
        nowhere = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
        snapshot = self.snapshot(text_document, range or nowhere, exact=exact)
        if snapshot is None:
            raise InvalidInput(
                f"There is no document {text_document.get('uri')}.", "Open it in the editor first."
            )
        return snapshot

    def texts(self, change: WorkspaceChange) -> dict[str, str]:
        """The texts of the documents a change edits, as they are now."""
        uris = {part.uri for part in change.changes if isinstance(part, DocumentEdit)}
        return {uri: document.text for uri in uris if (document := self.document(uri))}

    def project(self, uri: str = "") -> Project | None:
        """What is known of the workspace's code; shared by all windows on the same folder."""
        root = self.folders.root_of(uri)
        return self.shared.project(root) if root else None

    def index(self, uri: str = "") -> WorkspaceIndex | None:
        """The index of a document's workspace, with this window as one it is maintained for. Maintained once it is
        used."""
        root = self.folders.root_of(uri)
        if root is None:
            return None
        index = self.shared.index(root)
        if root not in self.attending:
            self.attending[root] = index.attach(self._attendant(root.as_uri()))
            for document in self.server.documents.open_documents():
                if document.cell is None and (path := path_in(root, document.path)) is not None:
                    index.note_shown(path, self.reader(document.uri))
        return index

    def nudge_indexes(self) -> None:
        """Settings or the choice of models may be new: the indexes in use look again."""
        for root in self.attending:
            index = self.shared.index(root)
            index.nudge()
            index.embedder.nudge()

    def _attendant(self, where: str) -> Attendant:
        from halley.features.search.ground import Attendant

        return Attendant(
            lambda: self.line(where),
            lambda: self.layers(where),
            lambda: self.notify("halley/changed", {"what": "index"}),
            # Where a question takes the keyboard focus it must not appear while the user types; then a search reports
            # the estimate.
            self.ask_yes_no if self.client.questions else None,
        )

    def reader(self, uri: str) -> Callable[[], str | None]:
        """How to read an open document later, as it is in that moment; None once it is closed."""

        def read() -> str | None:
            document = self.document(uri) if self.server.documents.is_open(uri) else None
            return document.text if document else None

        return read

    def workspace(self, uri: str = "") -> Workspace | None:
        root = self.folders.root_of(uri)
        return self.room.config.workspace(root).workspace if root else None

    # -- the end

    async def close(self) -> None:
        if self.watches_media:
            self.shared.media.listeners.discard(self._media_changed)
        if "completer" in vars(self):
            self.completer.close()
        if self._terminals is not None:
            await self._terminals.aclose()
        if "next_edits" in vars(self):
            self.next_edits.close()
        if "findings" in vars(self):
            self.findings.close()
        for detach in self.attending.values():
            detach()


def path_in(root: Path, path: Path | None) -> str | None:
    """A file's path in a workspace, with `/`; None where it lies elsewhere."""
    return path.relative_to(root).as_posix() if path is not None and path.is_relative_to(root) else None
