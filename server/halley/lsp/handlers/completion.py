"""textDocument/inlineCompletion, and the list for clients without ghost text."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from halley.core.settings import Settings
from halley.core.snapshot import Snapshot
from halley.lsp.base.converter import from_json, to_json
from halley.lsp.from_lsp import from_lsp_range
from halley.lsp.to_lsp import to_lsp_range
from halley.lsp.window.places import GhostOffer
from halley.lsp.window.session import Session

if TYPE_CHECKING:
    from halley.features.completion.call import Offered
    from halley.lsp.base.server import HalleyServer

Json = dict[str, Any]
_WORD = re.compile(r"\w+$")


async def inline_completion(
    session: Session, params: types.InlineCompletionParams
) -> types.InlineCompletionList:
    """At most one item when automatic, up to three when invoked."""
    layers = session.layers(params.text_document.uri)  # checked once: that is a few files
    settings = session.room.config.merge(layers)
    snapshot = _at(session, params, settings)
    if snapshot is None:
        return types.InlineCompletionList([])
    range, lead = types.Range(params.position, params.position), ""
    if chosen := params.context.selected_completion_info:
        from halley.features.completion.completer import with_selected

        range, lead = chosen.range, chosen.text
        start, end = from_lsp_range(snapshot.document.text, to_json(range), session.server.encoding)
        snapshot = with_selected(snapshot, start, end, lead)
    uri = snapshot.document.uri
    offered = await session.completer.complete(
        session.line(uri, settings, layers),
        snapshot,
        automatic=params.context.trigger_kind != types.InlineCompletionTriggerKind.Invoked,
        project=session.project(uri),
    )
    if not offered:
        return types.InlineCompletionList([] if chosen else _next_edit_here(session, snapshot))
    _count_shown(session, snapshot, offered[0])
    texts = [_inserted(lead, one) for one in offered]
    whole, at = snapshot.document.text, snapshot.selection
    session.last_offer = GhostOffer(uri, whole, at.start - len(lead), at.end, tuple(texts))
    return types.InlineCompletionList(
        [
            types.InlineCompletionItem(text, range=range, command=_accepting(snapshot, one))
            for text, one in zip(texts, offered, strict=True)
        ]
    )


def _next_edit_here(session: Session, snapshot: Snapshot) -> list[types.InlineCompletionItem]:
    """The next edit that is there already, where it is on the cursor's line alone: ghost text that replaces."""
    if not snapshot.settings.roles.next:
        return []
    from halley.lsp.window.next_edit.asking import as_written, ready

    offer = ready(session, snapshot)
    text, edit = snapshot.document.text, offer.edit if offer else None
    if offer is None or edit is None or offer.jump or "\n" in text[edit.start : edit.end]:
        return []
    range = to_lsp_range(text, edit.start, edit.end, session.server.encoding)
    command = types.Command("Accepted", "halley.nextEdit.accepted", arguments=[offer.id])
    session.next_edits.settle(offer.id, "shown")
    return [
        types.InlineCompletionItem(as_written(offer), range=from_json(range, types.Range), command=command)
    ]


def _at(
    session: Session, params: types.InlineCompletionParams | types.CompletionParams, settings: Settings
) -> Snapshot | None:
    cursor = to_json(types.Range(params.position, params.position))
    return session.snapshot({"uri": params.text_document.uri}, cursor, settings=settings)


def _inserted(lead: str, offered: Offered) -> str:
    """Editors write their own line ends; Neovim only these."""
    return (lead + offered.text).replace("\r\n", "\n")


def _accepting(snapshot: Snapshot, offered: Offered) -> types.Command:
    accepted = {
        "uri": snapshot.document.uri,
        "model": offered.model,
        "language": snapshot.document.language_id,
        "characters": len(offered.text),
    }
    return types.Command("Accepted", "halley.completion.accepted", arguments=[accepted])


async def list_completion(session: Session, params: types.CompletionParams) -> types.CompletionList:
    """What is ready, as ordinary items. Answers immediately: it never holds up another server's list."""
    settings = session.settings_of(params.text_document.uri)
    snapshot = _at(session, params, settings)
    if snapshot is None or (session.client.ghost_text and not settings.completion.list):
        return types.CompletionList(is_incomplete=False, items=[])
    ready = session.completer.ready(snapshot)
    if not ready:
        uri = snapshot.document.uri
        work = session.completer.prepare(session.line(uri, snapshot.settings), snapshot, session.project(uri))
        if work is not None:
            work.add_done_callback(lambda task: task.cancelled() or task.exception())
    for offered in ready:
        _count_shown(session, snapshot, offered)
    items = [_list_item(session, snapshot, params.position, offered) for offered in ready]
    return types.CompletionList(is_incomplete=True, items=items)


def _list_item(
    session: Session, snapshot: Snapshot, position: types.Position, offered: Offered
) -> types.CompletionItem:
    """Begins where the word at the cursor does: editors keep what matches the word that is being typed."""
    word = _word_before(snapshot)
    text = word + offered.text
    first, _, rest = text.partition("\n")
    end = snapshot.selection.start
    start = to_lsp_range(snapshot.document.text, end - len(word), end, session.server.encoding)["start"]
    more = rest.count("\n") + 1 if rest else 0
    return types.CompletionItem(
        first.strip()[:80] or "…",
        kind=types.CompletionItemKind.Text,
        detail=f"Halley, {more} more lines" if more else "Halley",
        documentation=offered.text,
        insert_text_format=types.InsertTextFormat.PlainText,  # what a model writes is never a snippet
        filter_text=first.strip() or word,
        sort_text="~",
        text_edit=types.TextEdit(types.Range(types.Position(**start), position), _inserted(word, offered)),
        command=_accepting(snapshot, offered),
    )


def _word_before(snapshot: Snapshot) -> str:
    """The part of a word before the cursor, on its line."""
    before = snapshot.document.text[: snapshot.selection.start]
    found = _WORD.search(before[before.rfind("\n") + 1 :])
    return found[0] if found else ""


async def completion_accepted(session: Session, accepted: Json) -> None:
    """Counts an acceptance, whole or (`partial`) of the first `characters`; kept on this machine only."""
    characters, partial = accepted.get("characters"), accepted.get("partial") is True
    if not partial and isinstance(uri := accepted.get("uri"), str):
        from halley.lsp.window.ghost_text import take_out_what_was_typed_twice

        await take_out_what_was_typed_twice(session, uri)
    await session.room.ledger.count_completion(
        *_counted(str(accepted.get("model") or ""), str(accepted.get("language") or "plaintext")),
        accepted=0 if partial else 1,
        partly=1 if partial else 0,
        characters=max(0, characters) if isinstance(characters, int) else 0,
    )


def _count_shown(session: Session, snapshot: Snapshot, offered: Offered) -> None:
    """Once for each answer of a model, however long the user types along; the disk is not waited for."""
    if offered.model and offered.first_time:
        model, language = _counted(offered.model, snapshot.document.language_id)

        def count() -> None:
            counting = session.room.ledger.count_completion(model, language, shown=1)
            session.server.run_in_background(counting, "counting completions")

        asyncio.get_running_loop().call_soon(count)  # after the answer


def _counted(model: str, language: str) -> tuple[Any, str]:
    from halley.core.models import ModelRef

    return ModelRef.parse(model), language


def register(server: HalleyServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    async def _inline(params: types.InlineCompletionParams) -> types.InlineCompletionList:
        return await inline_completion(server.session, params)

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(resolve_provider=False))
    async def _list(params: types.CompletionParams) -> types.CompletionList:
        return await list_completion(server.session, params)

    @server.command("halley.completion.accepted")
    async def _accepted(arguments: list[Any]) -> None:
        if arguments and isinstance(arguments[0], dict) and arguments[0].get("model"):
            await completion_accepted(server.session, arguments[0])
