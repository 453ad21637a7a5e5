"""textDocument/codeAction: listed from the ACTIONS table, in milliseconds and without a model."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from halley.core.snapshot import Snapshot
from halley.engine.code.symbols import definitions
from halley.features.actions import ACTIONS, Offer
from halley.features.actions.action import short
from halley.lsp.base.converter import to_json
from halley.lsp.capabilities import CODE_ACTION_KINDS, look_up
from halley.lsp.to_lsp import to_lsp_range
from halley.lsp.window.session import Session

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

NEXT_EDIT = "refactor.halley.next"
LONG = 30_000
"""Characters of a file that is parsed in a thread: 30 kB take 10 ms, 1 MB a second."""

Json = dict[str, Any]
Listed = types.CodeAction | types.Command


async def code_actions(session: Session, params: types.CodeActionParams) -> list[Listed]:
    """The offers for the range, each carrying `command = halley.run`."""
    diagnostics: list[Any] = list(params.context.diagnostics)  # as plain as they came
    # A finding's own fix is listed; asking a model for another would look the same.
    mended = [one for one in diagnostics if look_up(one, "data.fix") is True]
    diagnostics = [one for one in diagnostics if one not in mended]
    uri, range = params.text_document.uri, to_json(params.range)
    snapshot = session.snapshot({"uri": uri}, range, diagnostics)
    if snapshot is None:
        return []
    if len(snapshot.document.text) > LONG:  # what it defines is kept for the next request
        await asyncio.to_thread(definitions, snapshot.document.text, snapshot.document.language_id)
    only, trigger = params.context.only, params.context.trigger_kind
    listed = (
        []
        if trigger == types.CodeActionTriggerKind.Automatic
        else [one for one in _pending(session) if _is_wanted(one.kind, only)]
    )
    listed += [
        one for one in _findings(session, snapshot, [*diagnostics, *mended]) if _is_wanted(one.kind, only)
    ]
    offers = _wanted(_offers(snapshot), only, trigger)
    if trigger != types.CodeActionTriggerKind.Automatic and _is_wanted(NEXT_EDIT, only):
        listed += _next_edits(session, snapshot)
    return [_form(session, one) for one in listed] + [
        _to_lsp(session, snapshot, range, offer, diagnostics)
        for offer in offers
        if session.client.asks or not offer.needs_instruction
    ]


def _offers(snapshot: Snapshot) -> Iterable[Offer]:
    """Every action's offers; one that fails does not affect the others."""
    from halley.features.macro_actions import macro_offers

    for action in ACTIONS.values():
        try:
            yield from action.offers(snapshot)
        except Exception:
            import logging

            logging.getLogger(__name__).exception("listing %s failed", action.id)
    yield from macro_offers(snapshot)


def _wanted(
    offers: Iterable[Offer], only: Sequence[str] | None, trigger: types.CodeActionTriggerKind | None
) -> Iterable[Offer]:
    """Filtered by `context.only`, whose kinds stand for all below them; typing alone lists only quick fixes."""
    for offer in offers:
        if not _is_wanted(offer.kind, only):
            continue
        if only or trigger != types.CodeActionTriggerKind.Automatic or offer.kind.startswith("quickfix"):
            yield offer


def _is_wanted(kind: str | None, only: Sequence[str] | None) -> bool:
    return (
        not only
        or kind is None
        or any(kind == one or kind.startswith(f"{one}.") or one == "" for one in only)
    )


def _pending(session: Session) -> Iterable[types.CodeAction]:
    """What a client without a plugin has no other way to say: stop, accept and discard."""
    if not session.client.asks and session.in_background:
        yield _action("Stop Halley", "quickfix.halley.stop", "halley.stop", {})
    if not session.client.proposals:
        for proposal in reversed(session.proposals.pending.values()):
            for title in ("Accept", "Discard"):
                name = title.lower()
                argument = {"id": proposal.id} | _background(session)
                yield _action(
                    f"{title}: {proposal.title}",
                    f"quickfix.halley.{name}",
                    f"halley.proposals.{name}",
                    argument,
                )


def _findings(session: Session, snapshot: Snapshot, diagnostics: list[Any]) -> Iterable[types.CodeAction]:
    """Fix and dismiss what a review found in these lines."""
    if "findings" not in vars(session):
        return
    document, selection = snapshot.document, snapshot.selection
    found = session.findings.at(document, selection.start, selection.end)
    for title, command, argument, its in (
        *(
            (f"Fix: {short(kept.finding.title)}", "fix", {"id": kept.id}, kept.id)
            for kept in found
            if kept.has_fix
        ),
        *((f"Dismiss: {short(kept.finding.title)}", "clear", {"ids": [kept.id]}, kept.id) for kept in found),
    ):
        background = _background(session) if command == "fix" else {}
        action = _action(title, "quickfix.halley.review", f"halley.review.{command}", argument | background)
        action.diagnostics = [one for one in diagnostics if look_up(one, "data.finding") == its]
        yield action


def _next_edits(session: Session, snapshot: Snapshot) -> Iterable[types.CodeAction]:
    if not snapshot.settings.roles.next:
        return
    from halley.lsp.window.next_edit.asking import actions

    for title, argument in actions(session, snapshot):
        yield _action(title, NEXT_EDIT, "halley.nextEdit.apply", argument | _background(session))


def _action(title: str, kind: str, command: str, argument: Json) -> types.CodeAction:
    return types.CodeAction(title, kind=kind, command=types.Command(title, command, arguments=[argument]))


def _form(session: Session, action: types.CodeAction) -> Listed:
    """A CodeAction, or its bare Command for clients that know nothing else."""
    return action.command if action.command and not session.client.action_literals else action


def _background(session: Session) -> Json:
    """Has a command run in the background where the client has no plugin to wait for it (`handlers/plain.py`)."""
    return {} if session.client.asks else {"background": True}


def _to_lsp(
    session: Session, snapshot: Snapshot, range: Json, offer: Offer, diagnostics: list[Any]
) -> Listed:
    about = [diagnostics[index] for index in offer.diagnostics]
    argument: Json = {
        "action": offer.action,
        "textDocument": {"uri": snapshot.document.uri},
        "range": _range(session, snapshot, offer) or range,
    }
    if about:
        argument["diagnostics"] = about
    if offer.needs_instruction:
        argument["needsInstruction"] = True
    version = session.version(snapshot.document.uri)
    if version is not None:
        argument["textDocument"]["version"] = version
    action = _action(offer.title, offer.kind, "halley.run", argument | _background(session))
    if about:
        action.diagnostics = about
    if types.CodeActionTag.LlmGenerated in session.client.action_tags:
        action.tags = [types.CodeActionTag.LlmGenerated]
    return _form(session, action)


def _range(session: Session, snapshot: Snapshot, offer: Offer) -> Json | None:
    if offer.span is None:
        return None
    return to_lsp_range(snapshot.document.text, *offer.span, session.server.encoding)


def register(server: HalleyServer) -> None:
    options = types.CodeActionOptions(code_action_kinds=list(CODE_ACTION_KINDS), resolve_provider=False)

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)
    async def _list(params: types.CodeActionParams) -> list[Listed]:
        return await code_actions(server.session, params)
