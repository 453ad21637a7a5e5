"""textDocument/inlineCompletion, and the list for clients without ghost text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from halley.core.settings import Settings
from halley.core.snapshot import Snapshot
from halley.features.completion.call import Offered
from halley.features.completion.completer import with_selected
from halley.lsp.from_lsp import from_lsp_range
from halley.lsp.to_lsp import to_lsp_range
from halley.lsp.window.ghost_text import take_out_what_was_typed_twice
from halley.lsp.window.places import GhostOffer
from halley.lsp.window.session import Session

if TYPE_CHECKING:
    from halley.lsp.base.server import Server

Json = dict[str, Any]
_INVOKED = 1
"""`InlineCompletionTriggerKind.Invoked` (LSP 3.18)."""
_TEXT = 1
"""`CompletionItemKind.Text`."""
_PLAIN = 1
"""`InsertTextFormat.PlainText`: what a model writes is never a snippet."""
_WORD = re.compile(r"\w+$")


async def inline_completion(session: Session, params: Json) -> Json:
    """At most one item when automatic, up to three when invoked."""
    layers = session.layers(str(params["textDocument"]["uri"]))  # looked at once: that is a few files
    settings = session.room.config.merge(layers)
    snapshot = _at(session, params, settings)
    if snapshot is None:
        return {"items": []}
    context = params.get("context") or {}
    position = params["position"]
    range, lead = {"start": position, "end": position}, ""
    chosen = context.get("selectedCompletionInfo")
    if isinstance(chosen, dict):
        range, lead = chosen["range"], str(chosen["text"])
        start, end = from_lsp_range(snapshot.document.text, range, session.server.encoding)
        snapshot = with_selected(snapshot, start, end, lead)
    uri = snapshot.document.uri
    offered = await session.completer.complete(
        session.line(uri, settings, layers),
        snapshot,
        automatic=context.get("triggerKind") != _INVOKED,
        project=session.project(uri),
    )
    if not offered:
        return {"items": []}
    _count_shown(session, snapshot, offered[0])
    items = [_item(snapshot, range, lead, text) for text in offered]
    whole, at = snapshot.document.text, snapshot.selection
    session.last_offer = GhostOffer(
        uri, whole, at.start - len(lead), at.end, tuple(str(item["insertText"]) for item in items)
    )
    return {"items": items}


def _at(session: Session, params: Json, settings: Settings) -> Snapshot | None:
    cursor = {"start": params["position"], "end": params["position"]}
    return session.snapshot(params["textDocument"], cursor, settings=settings)


def _item(snapshot: Snapshot, range: Json, lead: str, offered: Offered) -> Json:
    accepted = {
        "uri": snapshot.document.uri,
        "model": offered.model,
        "language": snapshot.document.language_id,
        "characters": len(offered.text),
    }
    return {
        "insertText": (lead + offered.text).replace(
            "\r\n", "\n"
        ),  # editors write their own line ends; Neovim only these
        "range": range,
        "command": {
            "title": "Accepted",
            "command": "halley.completion.accepted",
            "arguments": [accepted],
        },
    }


async def list_completion(session: Session, params: Json) -> Json:
    """What is ready, as ordinary items. Answers at once: it never holds up another server's list."""
    settings = session.settings_of(params["textDocument"]["uri"])
    snapshot = _at(session, params, settings)
    if snapshot is None or (session.client.ghost_text and not settings.completion.list):
        return {"isIncomplete": False, "items": []}
    ready = session.completer.ready(snapshot)
    if not ready:
        uri = snapshot.document.uri
        work = session.completer.prepare(session.line(uri, snapshot.settings), snapshot, session.project(uri))
        if work is not None:
            work.add_done_callback(lambda task: task.cancelled() or task.exception())
    for offered in ready:
        _count_shown(session, snapshot, offered)
    items = [_list_item(session, snapshot, params["position"], offered) for offered in ready]
    return {"isIncomplete": True, "items": items}


def _list_item(session: Session, snapshot: Snapshot, position: Json, offered: Offered) -> Json:
    """Begins where the word at the cursor does: editors keep what matches the word that is being typed."""
    word = _word_before(snapshot)
    text = word + offered.text
    first, _, rest = text.partition("\n")
    end = snapshot.selection.start
    start = to_lsp_range(snapshot.document.text, end - len(word), end, session.server.encoding)["start"]
    item = _item(snapshot, {"start": start, "end": position}, word, offered)
    more = rest.count("\n") + 1 if rest else 0
    return {
        "label": first.strip()[:80] or "…",
        "kind": _TEXT,
        "detail": f"Halley, {more} more lines" if more else "Halley",
        "documentation": offered.text,
        "insertTextFormat": _PLAIN,
        "filterText": first.strip() or word,
        "sortText": "~",
        "textEdit": {"range": item["range"], "newText": item["insertText"]},
        "command": item["command"],
    }


def _word_before(snapshot: Snapshot) -> str:
    """What of a word stands before the cursor, on its line."""
    before = snapshot.document.text[: snapshot.selection.start]
    found = _WORD.search(before[before.rfind("\n") + 1 :])
    return found[0] if found else ""


async def completion_accepted(session: Session, accepted: Json) -> None:
    """Counts an acceptance, whole or (`partial`) of the first `characters`; kept on this machine only."""
    characters, partial = accepted.get("characters"), accepted.get("partial") is True
    if not partial and isinstance(uri := accepted.get("uri"), str):
        await take_out_what_was_typed_twice(session, uri)
    await session.room.ledger.count_completion(
        *_counted(str(accepted.get("model") or ""), str(accepted.get("language") or "plaintext")),
        accepted=0 if partial else 1,
        partly=1 if partial else 0,
        characters=max(0, characters) if isinstance(characters, int) else 0,
    )


def _count_shown(session: Session, snapshot: Snapshot, offered: Offered) -> None:
    """Once for each answer of a model, however long it is typed along; nobody waits for the disk."""
    if offered.model and offered.first_time:
        counting = session.room.ledger.count_completion(
            *_counted(offered.model, snapshot.document.language_id), shown=1
        )
        session.server.run_in_background(counting, "counting completions")


def _counted(model: str, language: str) -> tuple[Any, str]:
    from halley.core.models import ModelRef

    return ModelRef.parse(model), language


def register(server: Server) -> None:
    @server.feature("textDocument/inlineCompletion", raw=True)
    async def _inline(params: Json) -> Json:
        return await inline_completion(server.session, params)

    @server.feature("textDocument/completion", raw=True)
    async def _list(params: Json) -> Json:
        return await list_completion(server.session, params)

    @server.command("halley.completion.accepted")
    async def _accepted(arguments: list[Any]) -> None:
        if arguments and isinstance(arguments[0], dict) and arguments[0].get("model"):
            await completion_accepted(server.session, arguments[0])
