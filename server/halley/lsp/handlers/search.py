"""halley/search, halley/index/*, and the index's view of the editor's documents.

Plain clients get it by `workspace/executeCommand`: `halley.search`, `halley.index.status`, `halley.index.control`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from halley.core.errors import InvalidInput
from halley.lsp.protocol.common import UriParams
from halley.lsp.protocol.search import IndexControlParams, SearchParams
from halley.lsp.protocol.shape import read_params
from halley.lsp.text.uris import path_of_uri
from halley.lsp.window.session import Session, path_in
from halley.lsp.window.showing import show_message
from halley.stores.index.chunks import index_folder

if TYPE_CHECKING:
    from halley.features.search.index import WorkspaceIndex
    from halley.lsp.base.server import HalleyServer

Json = dict[str, Any]


def _required(session: Session, uri: str | None) -> WorkspaceIndex:
    index = session.index(uri or "")
    if index is None:
        raise InvalidInput("There is no workspace to search.", "Open a folder in the editor.")
    return index


async def search_workspace(session: Session, params: Json) -> Json:
    from halley.features.search.searching import hit_json, search

    asked = read_params(SearchParams, params)
    index = _required(session, asked.uri)
    answer = await search(index, session.line(asked.uri or ""), asked.query, asked.limit)
    notices = list(answer.notices)
    if offer := index.embedder.offer(answer.estimate):
        notices.append(offer)
        if not session.client.asks:  # nothing of ours there shows notices
            await show_message(session, offer)
    return {
        "hits": [hit_json(index.root, hit) for hit in answer.hits],
        "state": answer.state,
        "notices": notices,
    }


async def index_status(session: Session, params: Json) -> Json:
    index = session.index(read_params(UriParams, params).uri or "")
    return await index.status() if index else {"state": "off"}


async def index_control(session: Session, params: Json) -> Json:
    asked = read_params(IndexControlParams, params)
    return await _required(session, asked.uri).control(asked.action)


def _kept(session: Session, uri: str) -> tuple[WorkspaceIndex, str] | None:
    """The index a document belongs into, and its path there; None while that index is not in use here."""
    path, root = path_of_uri(uri), session.folders.root_of(uri)
    if root is None or root not in session.attending or (inside := path_in(root, path)) is None:
        return None
    return session.shared.index(root), inside


def _shown(session: Session, uri: str) -> None:
    """A document is shown or was changed."""
    if session.attending and (kept := _kept(session, uri)):
        kept[0].note_shown(kept[1], session.reader(uri))


def _changed_on_disk(session: Session, uris: Iterable[str]) -> None:
    for uri in uris:
        if kept := _kept(session, uri):
            kept[0].note_changed(kept[1])


def _begin_where_it_was(session: Session) -> None:
    """A workspace that has an index is maintained from the start; others wait for the first question."""
    for root in session.folders.roots:
        made = (index_folder(session.room.paths, root) / "index.db").exists()
        if made and (index := session.index(root.as_uri())) and index.enabled:
            index.start()


def register(server: HalleyServer) -> None:
    @server.feature("halley/search")
    async def _search(params: Json) -> Json:
        return await search_workspace(server.session, params)

    @server.command("halley.search")
    async def _search_command(arguments: list[Any]) -> Json:
        return await search_workspace(server.session, arguments[0] if arguments else {})

    @server.feature("halley/index/status")
    async def _status(params: Json) -> Json:
        return await index_status(server.session, params)

    @server.command("halley.index.status")
    async def _status_command(arguments: list[Any]) -> Json:
        return await index_status(server.session, arguments[0] if arguments else {})

    @server.feature("halley/index/control")
    async def _control(params: Json) -> Json:
        return await index_control(server.session, params)

    @server.command("halley.index.control")
    async def _control_command(arguments: list[Any]) -> Json:
        return await index_control(server.session, arguments[0] if arguments else {})

    @server.feature(types.INITIALIZED)
    async def _ready(_params: Any) -> None:
        _begin_where_it_was(server.session)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def _opened(params: types.DidOpenTextDocumentParams) -> None:
        _shown(server.session, params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def _changed(params: Json) -> None:  # plain, as its parameters are for speed
        _shown(server.session, params["textDocument"]["uri"])

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE, types.SaveOptions(include_text=False))
    def _saved(params: types.DidSaveTextDocumentParams) -> None:
        _changed_on_disk(server.session, [params.text_document.uri])

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def _closed(params: types.DidCloseTextDocumentParams) -> None:
        if kept := _kept(server.session, params.text_document.uri):
            kept[0].note_closed(kept[1])

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def _watched(params: types.DidChangeWatchedFilesParams) -> None:
        _changed_on_disk(server.session, [change.uri for change in params.changes])
