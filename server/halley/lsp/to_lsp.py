"""From our terms to the editor's: edits to TextEdits, changes to WorkspaceEdits, problems to diagnostics.

Plain dicts in camelCase; nothing here needs pygls or lsprotocol. The way back is `from_lsp.py`. What a client cannot
do is never asked of it: where it has no `documentChanges` it gets plain `changes`, where it cannot create files the
change is refused with its text kept.

https://microsoft.github.io/language-server-protocol/specifications/lsp/3.18/specification/#workspaceEdit
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from halley.core.errors import BlockedByPolicy
from halley.core.text import Change, CreateFile, DeleteFile, DocumentEdit, Edit, RenameFile, WorkspaceChange
from halley.lsp.text.lines import LineIndex, line_index

Json = dict[str, Any]

_ANNOTATION = "halley"
_NOT_OPEN = 0
"""The version of a file that is not open. The specification has null for it, on which Neovim 0.12 fails; editors count
a file that they open for the edit from 0, or take 0 for "do not check"."""


class EditClient(Protocol):
    """What of a client's capabilities matters here (`client.Client` has it all)."""

    @property
    def encoding(self) -> str: ...
    @property
    def document_changes(self) -> bool: ...
    @property
    def resource_operations(self) -> frozenset[str]: ...
    @property
    def change_annotations(self) -> bool: ...


def to_lsp_workspace_edit(
    change: WorkspaceChange, texts: Mapping[str, str], client: EditClient, *, confirm: bool = False
) -> Json:
    """The WorkspaceEdit for `change`. `texts` holds each edited document's text, by URI, that its edits are made for.

    `confirm` asks the editor to have every part confirmed by the user, where it can.
    Raises BlockedByPolicy when the client cannot create, rename or delete the files this needs.
    """
    _check_operations(change, client)
    if not client.document_changes and not any(_operation(part) for part in change.changes):
        return {"changes": _plain(change, texts, client.encoding)}
    edit: Json = {"documentChanges": [lsp for part in change.changes for lsp in _part(part, texts, client)]}
    if confirm and client.change_annotations:
        _annotate(edit, change.label)
    return edit


def to_lsp_text_edits(text: str | LineIndex, edits: Iterable[Edit], encoding: str) -> list[Json]:
    """TextEdits for `edits` of `text`, in the order they stand."""
    index = line_index(text) if isinstance(text, str) else text
    return [_text_edit(index, edit, encoding) for edit in _off_line_ends(index.text, edits)]


def to_lsp_range(text: str | LineIndex, start: int, end: int, encoding: str) -> Json:
    index = line_index(text) if isinstance(text, str) else text
    return {"start": index.position(start, encoding), "end": index.position(end, encoding)}


def _text_edit(index: LineIndex, edit: Edit, encoding: str) -> Json:
    return {"range": to_lsp_range(index, edit.start, edit.end, encoding), "newText": edit.new_text}


def _off_line_ends(text: str, edits: Iterable[Edit]) -> list[Edit]:
    """The same edits with no boundary between `\\r` and `\\n`, where LSP has no position."""
    joined: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if joined and joined[-1].end == edit.start and _splits_line_end(text, edit.start):
            last = joined.pop()
            edit = Edit(last.start, edit.end, last.new_text + edit.new_text)
        joined.append(edit)
    return [_off_line_end(text, edit) for edit in joined]


def _off_line_end(text: str, edit: Edit) -> Edit:
    start, end, new_text = edit.start, edit.end, edit.new_text
    if _splits_line_end(text, start):
        start, new_text = start - 1, f"\r{new_text}"
    if _splits_line_end(text, end):
        end, new_text = end + 1, f"{new_text}\n"
    return Edit(start, end, new_text)


def _splits_line_end(text: str, offset: int) -> bool:
    return offset > 0 and text.startswith("\r\n", offset - 1)


def _plain(change: WorkspaceChange, texts: Mapping[str, str], encoding: str) -> dict[str, list[Json]]:
    edits: dict[str, list[Json]] = {}
    for part in change.changes:
        if isinstance(part, DocumentEdit):
            edits.setdefault(part.uri, []).extend(to_lsp_text_edits(texts[part.uri], part.edits, encoding))
    return edits


def _part(part: Change, texts: Mapping[str, str], client: EditClient) -> list[Json]:
    match part:
        case DocumentEdit(uri, version, edits):
            document = {"uri": uri, "version": version or _NOT_OPEN}
            return [
                {"textDocument": document, "edits": to_lsp_text_edits(texts[uri], edits, client.encoding)}
            ]
        case CreateFile(uri, text, overwrite):
            create: Json = {"kind": "create", "uri": uri}
            if overwrite:
                create["options"] = {"overwrite": True}
            nowhere = {"line": 0, "character": 0}
            filled = {"range": {"start": nowhere, "end": nowhere}, "newText": text}
            document = {"uri": uri, "version": _NOT_OPEN}
            return [create, {"textDocument": document, "edits": [filled]}] if text else [create]
        case RenameFile(old_uri, new_uri):
            return [{"kind": "rename", "oldUri": old_uri, "newUri": new_uri}]
        case DeleteFile(uri):
            return [{"kind": "delete", "uri": uri}]


def _operation(part: Change) -> str:
    """The name of the resource operation a part needs, empty for none."""
    kinds: Mapping[type, str] = {CreateFile: "create", RenameFile: "rename", DeleteFile: "delete"}
    return kinds.get(type(part), "")


def _check_operations(change: WorkspaceChange, client: EditClient) -> None:
    for part in change.changes:
        operation = _operation(part)
        if operation and not (client.document_changes and operation in client.resource_operations):
            raise BlockedByPolicy(
                f"This editor cannot {operation} files for a language server.",
                "Nothing was changed; apply the shown text by hand.",
            )


def _annotate(edit: Json, label: str) -> None:
    edit["changeAnnotations"] = {_ANNOTATION: {"label": label or "Halley", "needsConfirmation": True}}
    for part in edit["documentChanges"]:
        if "kind" in part:
            part["annotationId"] = _ANNOTATION
        else:
            part["edits"] = [text_edit | {"annotationId": _ANNOTATION} for text_edit in part["edits"]]
