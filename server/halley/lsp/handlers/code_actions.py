"""textDocument/codeAction: listed from the ACTIONS table, in milliseconds and without a model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from halley.core.snapshot import Snapshot
from halley.features.actions import ACTIONS, Offer
from halley.lsp.session import Session
from halley.lsp.to_lsp import to_lsp_range

Json = dict[str, Any]
_LLM_GENERATED = 1
"""`CodeActionTag.LLMGenerated` (LSP 3.18)."""


async def code_actions(session: Session, params: Json) -> list[Json]:
    """The offers for the range, each carrying `command = halley.run`."""
    context = params.get("context") or {}
    diagnostics = context.get("diagnostics") or []
    snapshot = session.snapshot(params["textDocument"], params["range"], diagnostics)
    if snapshot is None:
        return []
    offers = _wanted(_offers(snapshot), context.get("only"), context.get("triggerKind"))
    return [
        _to_lsp(session, snapshot, params, offer, diagnostics)
        for offer in offers
        if session.client.asks or not offer.needs_instruction
    ]


def _offers(snapshot: Snapshot) -> Iterable[Offer]:
    """Every action's offers; one that fails sinks nobody."""
    from halley.features.macro_actions import macro_offers

    for action in ACTIONS.values():
        try:
            yield from action.offers(snapshot)
        except Exception:
            import logging

            logging.getLogger(__name__).exception("listing %s failed", action.id)
    yield from macro_offers(snapshot)


def _wanted(offers: Iterable[Offer], only: list[str] | None, trigger: int | None) -> Iterable[Offer]:
    """Filtered by `context.only`, whose kinds stand for all below them; typing alone lists only quick fixes."""
    for offer in offers:
        if only:
            if any(offer.kind == kind or offer.kind.startswith(f"{kind}.") or kind == "" for kind in only):
                yield offer
        elif trigger != 2 or offer.kind.startswith("quickfix"):
            yield offer


def _to_lsp(
    session: Session, snapshot: Snapshot, params: Json, offer: Offer, diagnostics: list[Json]
) -> Json:
    about = [diagnostics[index] for index in offer.diagnostics]
    argument: Json = {
        "action": offer.action,
        "textDocument": {"uri": params["textDocument"]["uri"]},
        "range": _range(session, snapshot, offer) or params["range"],
    }
    if about:
        argument["diagnostics"] = about
    if offer.needs_instruction:
        argument["needsInstruction"] = True
    version = session.version(params["textDocument"]["uri"])
    if version is not None:
        argument["textDocument"]["version"] = version
    command = {"title": offer.title, "command": "halley.run", "arguments": [argument]}
    if not session.client.action_literals:
        return command
    action: Json = {"title": offer.title, "kind": offer.kind, "command": command}
    if about:
        action["diagnostics"] = about
    if _LLM_GENERATED in session.client.action_tags:
        action["tags"] = [_LLM_GENERATED]
    return action


def _range(session: Session, snapshot: Snapshot, offer: Offer) -> Json | None:
    if offer.span is None:
        return None
    return to_lsp_range(snapshot.document.text, *offer.span, session.server.encoding)
