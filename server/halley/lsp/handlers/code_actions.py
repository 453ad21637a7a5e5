"""textDocument/codeAction: listed from the ACTIONS table, in milliseconds and without a model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from halley.core.snapshot import Snapshot
from halley.features.actions import ACTIONS, Offer
from halley.lsp.to_lsp import to_lsp_range
from halley.lsp.window.session import Session

if TYPE_CHECKING:
    from halley.lsp.base.server import Server

Json = dict[str, Any]
_LLM_GENERATED = 1
"""`CodeActionTag.LLMGenerated` (LSP 3.18)."""
_AUTOMATIC = 2
"""`CodeActionTriggerKind.Automatic`."""


async def code_actions(session: Session, params: Json) -> list[Json]:
    """The offers for the range, each carrying `command = halley.run`."""
    context = params.get("context") or {}
    diagnostics = context.get("diagnostics") or []
    snapshot = session.snapshot(params["textDocument"], params["range"], diagnostics)
    if snapshot is None:
        return []
    only, trigger = context.get("only"), context.get("triggerKind")
    listed = (
        [] if trigger == _AUTOMATIC else [one for one in _pending(session) if _is_wanted(one["kind"], only)]
    )
    offers = _wanted(_offers(snapshot), only, trigger)
    return [_form(session, one) for one in listed] + [
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
        if not _is_wanted(offer.kind, only):
            continue
        if only or trigger != _AUTOMATIC or offer.kind.startswith("quickfix"):
            yield offer


def _is_wanted(kind: str, only: list[str] | None) -> bool:
    return not only or any(kind == one or kind.startswith(f"{one}.") or one == "" for one in only)


def _pending(session: Session) -> Iterable[Json]:
    """What a client without a plugin has no other way to say: stop, yes and no."""
    if not session.client.asks and session.behind:
        yield _action("Stop Halley", "quickfix.halley.stop", "halley.stop", {})
    if not session.client.proposals:
        for proposal in reversed(session.proposals.pending.values()):
            for title in ("Accept", "Discard"):
                name = title.lower()
                argument = {"id": proposal.id} | _behind(session)
                yield _action(
                    f"{title}: {proposal.title}",
                    f"quickfix.halley.{name}",
                    f"halley.proposals.{name}",
                    argument,
                )


def _action(title: str, kind: str, command: str, argument: Json) -> Json:
    return {
        "title": title,
        "kind": kind,
        "command": {"title": title, "command": command, "arguments": [argument]},
    }


def _form(session: Session, action: Json) -> Json:
    """A CodeAction, or its bare Command for clients that know nothing else."""
    return action if session.client.action_literals else action["command"]


def _behind(session: Session) -> Json:
    """Has a command run behind its answer where the client has no plugin to wait for it (`handlers/plain.py`)."""
    return {} if session.client.asks else {"background": True}


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
    action = _action(offer.title, offer.kind, "halley.run", argument | _behind(session))
    if about:
        action["diagnostics"] = about
    if _LLM_GENERATED in session.client.action_tags:
        action["tags"] = [_LLM_GENERATED]
    return _form(session, action)


def _range(session: Session, snapshot: Snapshot, offer: Offer) -> Json | None:
    if offer.span is None:
        return None
    return to_lsp_range(snapshot.document.text, *offer.span, session.server.encoding)


def register(server: Server) -> None:
    @server.feature("textDocument/codeAction", raw=True)
    async def _list(params: Json) -> list[Json]:
        return await code_actions(server.session, params)
