"""Settings that change while the editor runs, and what is wrong with them.

    workspace/didChangeConfiguration    the editor's settings, pulled where the client can be asked for them
    workspace/didChangeWatchedFiles     config.toml, .halley.toml, AGENTS.md
    workspace/didChangeWorkspaceFolders

Problems are diagnostics on the file they lie in, published while it is open and again whenever it is saved. A client
without a plugin, which shows no status, has them told in a message as well, each once.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from halley.core.errors import HalleyError
from halley.core.settings import ConfigProblem
from halley.core.snapshot import Document
from halley.lsp.base.converter import to_json
from halley.lsp.logs import set_log_level
from halley.lsp.text.uris import path_of_uri
from halley.lsp.to_lsp import to_lsp_range
from halley.lsp.window.session import Session
from halley.lsp.window.status import send_status

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

Json = dict[str, Any]
_OUR_FILES = (".halley.toml", "AGENTS.md")
_TURN_S = 0.05
"""After `initialized`: what the editor says next (documents, code actions) is handled before the status, which imports
what knows the models."""
_TOLD = 3
"""Problems in one message."""
_SEVERITY = {"error": 1, "warning": 2, "information": 3}


def publish_problems(session: Session) -> None:
    """Diagnostics of every open configuration file, and an empty list where all is well again."""
    if not session.client.asks:
        _tell_problems(session)
    for document in session.server.documents.open_documents():
        if document.path is not None and is_ours(session, document.path):
            session.publish_diagnostics(document.uri)


def _diagnostics(session: Session, document: Document) -> list[Json]:
    """What is wrong with a configuration file; nothing for others, and for one that is not open."""
    path = document.path
    if path is None or not is_ours(session, path) or not session.server.documents.is_open(document.uri):
        return []
    found = [p for p in _problems(session) if p.path and p.path.resolve() == path.resolve()]
    return [_to_lsp(session, document.text, problem) for problem in found]


def _tell_problems(session: Session) -> None:
    found = [problem for problem in _problems(session) if problem.severity != "information"]
    new = [problem for problem in found if problem not in session.told]
    session.told = found
    if new:
        more = f"\n… and {len(new) - _TOLD} more" if len(new) > _TOLD else ""
        said = "\n".join(str(problem) for problem in new[:_TOLD])
        session.notify("window/showMessage", {"type": 2, "message": f"Halley's configuration: {said}{more}"})


def _problems(session: Session) -> list[ConfigProblem]:
    found = list(session.room.config.problems())
    found += session.room.granted(session.client_layer, session.folders.root_of("")).problems
    for root in session.folders.roots:
        found += session.room.config.problems(root)
    return list(dict.fromkeys(found))


def _to_lsp(session: Session, text: str, problem: ConfigProblem) -> Json:
    rows = text.split("\n")
    line = min(problem.line, len(rows) - 1)
    start = sum(len(row) + 1 for row in rows[:line])
    first, last = start + min(problem.start, len(rows[line])), start + min(problem.end, len(rows[line]))
    return {
        "range": to_lsp_range(text, first, max(first, last), session.server.encoding),
        "severity": _SEVERITY[problem.severity],
        "source": "halley",
        "code": problem.setting or "configuration",
        "message": problem.message,
    }


def is_ours(session: Session, path: Path) -> bool:
    return path.name in _OUR_FILES or path == session.room.paths.config_file


async def pull_settings(session: Session) -> None:
    """Ask the client for its section `halley`, where it answers such questions."""
    if session.client.configuration:
        answer = await session.request("workspace/configuration", {"items": [{"section": "halley"}]})
        if isinstance(answer, list) and answer and isinstance(answer[0], dict):
            session.take_client_settings(answer[0])


def changed(session: Session) -> None:
    """Something in the configuration is new: say so to the user and to the client."""
    publish_problems(session)
    set_log_level(session.settings_of().log.level)
    session.nudge_indexes()
    session.server.run_in_background(offer_formatting(session), "formatting")
    send_status(session)
    for what in ("selection", "providers", "macros"):
        session.notify("halley/changed", {"what": what})


async def _look_for_models(session: Session) -> None:
    """Finds a local server where nothing else can answer: the first status says what holds after that."""
    with contextlib.suppress(HalleyError):
        await session.room.prepare_route("chat", session.settings_of(), session.layers())


def register(server: HalleyServer) -> None:
    server.on_begin.append(
        lambda _params: server.session.diagnosers.append(partial(_diagnostics, server.session))
    )

    @server.feature(types.INITIALIZED)
    async def _ready(_params: types.InitializedParams) -> None:
        await _register_watchers(server)
        await pull_settings(server.session)
        await offer_formatting(server.session)
        await asyncio.sleep(_TURN_S)
        publish_problems(server.session)
        set_log_level(server.session.settings_of().log.level)
        await _look_for_models(server.session)
        send_status(server.session)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def _settings(params: types.DidChangeConfigurationParams) -> None:
        pushed = params.settings
        if isinstance(pushed, dict):
            server.session.take_client_settings(pushed.get("halley", pushed))
        await pull_settings(server.session)
        changed(server.session)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def _watched(params: types.DidChangeWatchedFilesParams) -> None:
        paths = [path_of_uri(change.uri) for change in params.changes]
        if any(path is not None and is_ours(server.session, path) for path in paths):
            changed(server.session)

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def _folders(params: types.DidChangeWorkspaceFoldersParams) -> None:
        server.session.folders.change(to_json(params.event))
        changed(server.session)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def _opened(params: types.DidOpenTextDocumentParams) -> None:
        _check(server.session, params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def _saved(params: types.DidSaveTextDocumentParams) -> None:
        _check(server.session, params.text_document.uri, saved=True)


def _check(session: Session, uri: str, *, saved: bool = False) -> None:
    path = path_of_uri(uri)
    if path is not None and is_ours(session, path):
        if saved:
            changed(session)
        else:
            publish_problems(session)


_FORMATTING = ("textDocument/formatting", "textDocument/rangeFormatting")


async def offer_formatting(session: Session) -> None:
    """Register formatting while `format.enabled`, where the client takes registrations; take it back when not."""
    wanted = session.settings_of().format.enabled
    methods = [method for method in _FORMATTING if method in session.client.dynamic]
    if wanted == session.offers_formatting or not methods:
        return
    session.offers_formatting = wanted
    listed = [{"id": f"halley-{method}", "method": method} for method in methods]
    if wanted:
        options = {"documentSelector": None}
        registrations = [entry | {"registerOptions": options} for entry in listed]
        await session.request("client/registerCapability", {"registrations": registrations})
    else:
        await session.request("client/unregisterCapability", {"unregisterations": listed})


async def _register_watchers(server: HalleyServer) -> None:
    """Have the client tell of changed configuration files, where it takes registrations."""
    client = server.session.client
    wanted = []
    if "workspace/didChangeWatchedFiles" in client.dynamic:
        watchers = [{"globPattern": f"**/{name}"} for name in _OUR_FILES]
        options = {"watchers": [*watchers, {"globPattern": str(server.session.room.paths.config_file)}]}
        wanted.append(
            {"id": "halley-files", "method": "workspace/didChangeWatchedFiles", "registerOptions": options}
        )
    if "workspace/didChangeConfiguration" in client.dynamic:
        options = {"section": "halley"}
        wanted.append(
            {
                "id": "halley-settings",
                "method": "workspace/didChangeConfiguration",
                "registerOptions": options,
            }
        )
    if wanted:
        await server.session.request("client/registerCapability", {"registrations": wanted})
