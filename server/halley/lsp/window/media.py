"""Media in the editor: what a request means, where the link goes, and the confirmation that a file needs.

A task is begun for a place in a document (`session.places`), so that saving it later puts the link where it was wanted,
wherever that has moved meanwhile. A client that shows media itself previews and calls `halley/media/save`; for the
others the daemon shows the file and asks.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halley.core.editing import Refused
from halley.core.errors import BlockedByPolicy, InvalidInput
from halley.core.media_types import suffix_of
from halley.core.snapshot import Document
from halley.core.text import DocumentEdit, Edit, WorkspaceChange
from halley.engine.markdown.spoken import speakable
from halley.features.context.shown import check_document
from halley.features.media.names import markdown_link, place_of_link, title_of
from halley.features.media.orders import Order, read_data
from halley.features.media.saving import chosen_result, proposed_name, target_in, write_result
from halley.features.media.shapes import task_json
from halley.lsp.protocol.media import MediaSaveParams, MediaStartParams
from halley.lsp.text.uris import path_of_uri
from halley.lsp.window.contents import read_content
from halley.lsp.window.editor import editor_of
from halley.lsp.window.places import LinkPlace
from halley.lsp.window.proposing import why_ask
from halley.lsp.window.showing import show_message
from halley.stores.media import Result, Task

if TYPE_CHECKING:
    from halley.lsp.window.session import Session

Json = dict[str, Any]


def workspace_of(session: Session, uri: str) -> Path | None:
    return session.folders.root_of(uri)


def json_of(session: Session, task: Task) -> Json:
    place = session.places.get(task.id)
    beside = beside_of(session, place.document) if place else ""
    return task_json(session.shared.media, task, beside)


def beside_of(session: Session, document: Document) -> str:
    """The folder of a document relative to its workspace; empty for the root, and for what lies outside."""
    root = workspace_of(session, document.uri)
    if root is None or document.path is None or not document.path.is_relative_to(root):
        return ""
    folder = document.path.parent.relative_to(root).as_posix()
    return "" if folder == "." else folder


async def order_of_request(
    session: Session, asked: MediaStartParams, params: Json
) -> tuple[Order, bytes | None, LinkPlace | None]:
    """The order, its data where the client sent them, and the place in a document it is for."""
    place, selected = None, ""
    if asked.text_document is not None:
        snapshot = session.required_snapshot(params["textDocument"], params.get("range"))
        place = LinkPlace(snapshot.document, snapshot.selection.end)
        if (asked.text or asked.prompt) is None and asked.reply_id is None and asked.source is None:
            check_document(snapshot)
            selected = snapshot.selected_text or snapshot.document.text
    said = asked.text if asked.kind == "speech" and asked.text is not None else asked.prompt
    source: str | None = None
    if asked.kind == "speech":
        said = speakable(await _spoken(session, asked, said if said is not None else selected))
    elif asked.source is not None:
        source = str(_file(session, asked.source, _uri(asked)))
    order = Order(
        asked.kind, said if said is not None else selected, source,
        str(_file(session, asked.mask, _uri(asked))) if asked.mask else None,
        asked.size, asked.quality, asked.n, asked.seconds, asked.voice, asked.format, asked.language, asked.model,
        beside=beside_of(session, place.document) if place else "",
    )  # fmt: skip
    return order, read_data(asked.data) if asked.data else None, place


def _uri(asked: MediaStartParams) -> str:
    return asked.text_document.uri if asked.text_document else asked.uri or ""


async def _spoken(session: Session, asked: MediaStartParams, otherwise: str) -> str:
    if asked.reply_id is not None:
        return await session.room.chats.reply_text(asked.reply_id)
    if asked.source is not None and asked.text is None:
        return await read_content(session, asked.source)
    return otherwise


def _file(session: Session, named: str, uri: str) -> Path:
    """The file a client names: its URI, an absolute path, or a path in the workspace."""
    path = path_of_uri(named)
    if path is None and "://" in named:
        raise InvalidInput(f"{named} is not a file.", "Give a file's URI, or a path in the workspace.")
    path = path or Path(named)
    if path.is_absolute():
        return path
    root = workspace_of(session, uri)
    if root is None:
        raise InvalidInput("A relative path needs a workspace.", "Give the file's URI.")
    return root / path


# -- saving


async def save(session: Session, asked: MediaSaveParams, params: Json) -> Json:
    """Writes a result where the user said; `MediaSaved`. Raises BlockedByPolicy where they did not agree."""
    works = session.shared.media
    task = await works.store.get(asked.task)
    result = chosen_result(task, asked.variant)
    place = _place(session, asked, params)
    uri = place.document.uri if place else asked.uri or ""
    root = workspace_of(session, uri)
    if root is None and task.workspace:
        root = Path(task.workspace)
    if root is None:
        raise InvalidInput(
            "There is no workspace to save into.", "Open a folder, or use `halley media save -o FILE`."
        )
    target = _target(session, asked, task, result, root, place)
    await _agree(session, target)
    await asyncio.to_thread(write_result, works.store, result, target, overwrite=asked.overwrite)
    await works.store.save_result(task.id, replace(result, facts={**result.facts, "saved": str(target)}))
    path = target.relative_to(root).as_posix() if target.is_relative_to(root) else str(target)
    link, applied = "", False
    if place is not None and asked.link:
        document = place.document
        own = (
            document.path.relative_to(root).as_posix()
            if document.path and document.path.is_relative_to(root)
            else ""
        )
        link = markdown_link(title_of(task.asked) or task.kind, path, own, result.mime)
        applied = await _insert(session, place, link)
    else:
        link = markdown_link(title_of(task.asked) or task.kind, path, "", result.mime)
    session.notify("halley/changed", {"what": "media"})
    return {"uri": target.as_uri(), "path": path, "link": link, "applied": applied}


def _place(session: Session, asked: MediaSaveParams, params: Json) -> LinkPlace | None:
    if asked.text_document is None:
        return session.places.get(asked.task)
    snapshot = session.required_snapshot(params["textDocument"], params.get("range"))
    return LinkPlace(snapshot.document, snapshot.selection.end)


def _target(
    session: Session, asked: MediaSaveParams, task: Task, result: Result, root: Path, place: LinkPlace | None
) -> Path:
    beside = beside_of(session, place.document) if place else ""
    named = asked.path or proposed_name(task, result, root, beside)
    path = path_of_uri(named)
    if path is not None:
        return path
    return target_in(root, named, suffix_of(result.mime))


async def _agree(session: Session, target: Path) -> None:
    """A file outside the workspace, or of the project's own machinery, needs a separate confirmation."""
    reason = why_ask(session, target)
    if reason and not await session.confirm(f"{reason} Save the file there anyway?"):
        raise BlockedByPolicy(f"{target.name} was not saved. {reason}", "Save it under another name.")


async def _insert(session: Session, place: LinkPlace, link: str) -> bool:
    """The link as one undo step; False where it can no longer be placed, which is then reported."""
    document = place.document
    at, before, after = place_of_link(document.text, place.offset)
    edit = DocumentEdit(document.uri, document.version, (Edit(at, at, f"{before}{link}{after}"),))
    answer = await editor_of(session).apply(
        WorkspaceChange((edit,), "Insert a link"), {document.uri: document}
    )
    if isinstance(answer, Refused):
        if not answer.is_stale:
            raise answer.error
        await show_message(session, f"The file is saved; its link could not be put into the document: {link}")
        return False
    return True


# -- for clients that show nothing themselves


async def offer_to_save(session: Session, task: Task) -> Json:
    """Shows the result and asks for confirmation; `{applied, edits}`, or the task if there was none."""
    shown = json_of(session, task)
    if not task.results:
        return {"media": shown}
    result = shown["results"][0]
    if session.client.show_document:
        await session.request(
            "window/showDocument", {"uri": result["uri"], "external": True, "takeFocus": False}
        )
    place = session.places.get(task.id)
    linked = " and put its link into the document" if place else ""
    if not await session.confirm(f"Save it as {result['proposed']}{linked}?"):
        await show_message(session, f"It is saved as {task.id}: {result['path']}")
        return {"applied": False, "edits": 0, "media": shown}
    saved = await save(session, MediaSaveParams.model_validate({"task": task.id}), {})
    await show_message(session, f"Saved as {saved['path']}.")
    return {
        "applied": True,
        "edits": int(saved["applied"]),
        "media": json_of(session, await _again(session, task)),
    }


async def _again(session: Session, task: Task) -> Task:
    return await session.shared.media.store.get(task.id)
