"""What the editor's other language servers know, asked of a client that brings it. Implements `LanguageTools`
(`core/ports.py`). Anything but a well-formed answer counts as none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from halley.core.agent import Finding, LanguageAction, LanguageAnswer, LanguageQuestion, LanguageSpot
from halley.core.errors import StaleDocument
from halley.core.ports import LanguageTools
from halley.core.snapshot import Document
from halley.core.text import DocumentEdit
from halley.lsp.text.lines import line_index
from halley.lsp.text.uris import path_of_uri, uri_key
from halley.lsp.window.agent.language_edits import file_edits, text_edits

if TYPE_CHECKING:
    from halley.lsp.window.session import Session

Json = dict[str, Any]
METHOD = "halley/language/ask"
PATIENCE_S = 20.0
MOST = 1000
_SEVERITIES: Mapping[object, Literal["error", "warning", "information", "hint"]] = {
    1: "error", 2: "warning", 3: "information", 4: "hint",
}  # fmt: skip


def language_tools_of(session: Session) -> LanguageTools | None:
    """None for a client that brings none."""
    return _WindowLanguageTools(session) if session.client.language_tools else None


@dataclass(frozen=True, slots=True)
class _WindowLanguageTools:
    session: Session

    async def ask(self, what: LanguageQuestion, path: Path, text: str, offset: int) -> LanguageAnswer:
        position = line_index(text).position(offset, self.session.server.encoding)
        return await self._ask({"kind": what, "textDocument": {"uri": path.as_uri()}, "position": position})

    async def symbols(self, query: str) -> LanguageAnswer:
        return await self._ask({"kind": "symbols", "query": query})

    async def rename(
        self, document: Document, offset: int, new_name: str, read: Callable[[Path], Awaitable[Document]]
    ) -> Sequence[DocumentEdit]:
        return await self._edits(document, offset, {"kind": "rename", "newName": new_name}, read)

    async def act(
        self, document: Document, offset: int, title: str, read: Callable[[Path], Awaitable[Document]]
    ) -> Sequence[DocumentEdit]:
        return await self._edits(document, offset, {"kind": "actions", "title": title}, read)

    async def _edits(
        self, document: Document, offset: int, asked: Json, read: Callable[[Path], Awaitable[Document]]
    ) -> Sequence[DocumentEdit]:
        server = self.session.server
        position = line_index(document.text).position(offset, server.encoding)
        asked_about = {uri_key(one.uri): one.version for one in server.documents.open_documents()}
        about = {"textDocument": {"uri": document.uri}, "position": position}
        answer = await self.session.request(METHOD, asked | about, PATIENCE_S)
        edits: dict[str, DocumentEdit] = {}
        for path, rows in file_edits(answer, str(asked["kind"])):
            file = await read(path)
            if file.version != asked_about.get(uri_key(file.uri)):
                raise StaleDocument(f"{path.name} changed while the language server was asked.", "Try again.")
            more = tuple(text_edits(rows, file.text, server.encoding))
            old = edits.get(file.uri)
            edits[file.uri] = DocumentEdit(file.uri, file.version, (*(old.edits if old else ()), *more))
        return list(edits.values())

    async def diagnostics(self, path: Path, *, settle: bool = False) -> Sequence[Finding]:
        about = {"kind": "diagnostics", "textDocument": {"uri": path.as_uri()}, "settle": settle}
        return (await self._ask(about)).findings

    async def _ask(self, params: dict[str, Any]) -> LanguageAnswer:
        answer = await self.session.request(METHOD, params, PATIENCE_S)
        found: dict[str, Any] = answer if isinstance(answer, dict) else {}
        text = found.get("text")
        return LanguageAnswer(
            tuple(_spots(found.get("locations"))),
            text if isinstance(text, str) else "",
            tuple(_findings(found.get("diagnostics"))),
            tuple(_actions(found.get("actions"))),
        )


def _rows(given: object) -> Iterator[dict[str, Any]]:
    if isinstance(given, list):
        for row in cast("list[Any]", given)[:MOST]:
            if isinstance(row, dict):
                yield cast("dict[str, Any]", row)


def _line(row: Mapping[str, Any]) -> int | None:
    """From 1."""
    try:
        line = row["range"]["start"]["line"]
    except (KeyError, TypeError):
        return None
    return line + 1 if isinstance(line, int) and line >= 0 else None


def _spots(given: object) -> Iterator[LanguageSpot]:
    for row in _rows(given):
        path, line, name = path_of_uri(str(row.get("uri", ""))), _line(row), row.get("name")
        if path is not None and line is not None:
            yield LanguageSpot(path, line, name if isinstance(name, str) else "")


def _actions(given: object) -> Iterator[LanguageAction]:
    for row in _rows(given):
        title, kind = row.get("title"), row.get("kind")
        if isinstance(title, str) and title.strip():
            yield LanguageAction(title, kind if isinstance(kind, str) else "", row.get("runs") is True)


def _findings(given: object) -> Iterator[Finding]:
    for row in _rows(given):
        line, message = _line(row), row.get("message")
        if line is not None and isinstance(message, str):
            source = row.get("source")
            severity = _SEVERITIES.get(row.get("severity", 1), "error")
            yield Finding(line, severity, message, source if isinstance(source, str) else "")
