"""Proposals in the editor: shown as documents, accepted or discarded by lens, command or request.

A proposal is made where the user asked for previews, and always where a change must not simply happen: a formatting
that may change meaning, a file of the project's own machinery, a path that leaves the workspace.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from halley.core.snapshot import Document
from halley.core.text import CreateFile, DeleteFile, DocumentEdit, RenameFile, WorkspaceChange
from halley.engine.guards.protected import why_protected
from halley.features.proposals import Hunk, Proposal
from halley.lsp.text.uris import home_of_uri, path_of_uri
from halley.lsp.to_lsp import to_lsp_range
from halley.lsp.window.showing import show_answer, show_message

if TYPE_CHECKING:
    from halley.lsp.window.session import Session

Json = dict[str, Any]


def needs_approval(session: Session, change: WorkspaceChange) -> str:
    """Why a user must agree first; empty where the change may simply be applied."""
    for part in change.changes:
        uris = [part.old_uri, part.new_uri] if isinstance(part, RenameFile) else [part.uri]
        for uri in uris:
            is_edit = isinstance(part, DocumentEdit)
            path = session.folders.home_of(uri) if is_edit else path_of_uri(uri)
            if path is None and is_edit:
                continue  # an unsaved buffer
            is_open = session.server.documents.is_open(uri) and is_edit
            if reason := _why(session, path, is_open):
                return reason
        if isinstance(part, DeleteFile):
            return f"This deletes {Path(part.uri).name}."
    return ""


def why_ask(session: Session, path: Path) -> str:
    """Why a new file there needs a separate confirmation; empty if it does not."""
    return _why(session, path, False)


def _why(session: Session, path: Path | None, is_open: bool) -> str:
    if path is None:
        return "This is not a file."
    real = path.resolve()
    roots = [root.resolve() for root in session.folders.roots]
    home = next((root for root in roots if real.is_relative_to(root)), None)
    if home is None:
        return "" if is_open and not roots else f"{path.name} is outside the workspace."
    return why_protected(real.relative_to(home).as_posix())


async def propose(
    session: Session, change: WorkspaceChange, base: Mapping[str, Document], reason: str = ""
) -> str:
    """Keep the change as a proposal and show it; its id."""
    proposal = session.proposals.add(change, base, reason)
    announce(session)
    if not session.client.proposals:
        await _show(session, proposal)
    return proposal.id


async def _show(session: Session, proposal: Proposal) -> None:
    why = f" {proposal.reason}" if proposal.reason else ""
    how = "by its code lens or among the code actions" if session.client.lenses else "among the code actions"
    said = f"A proposal waits for your approval.{why} Accept or discard it {how}."
    if session.client.show_document and session.client.text_document_content:
        await show_message(session, f"{proposal.title}: {said}")
        uri = proposal.uris[0]
        await session.request("window/showDocument", {"uri": proposal_uri(proposal, uri), "takeFocus": False})
    else:
        await show_answer(session, proposal.title, f"{said}\n\n{_fenced_diff(proposal)}")


def _fenced_diff(proposal: Proposal) -> str:
    """The whole proposal as a unified diff."""
    from halley.engine.prompting.prompts import fence

    return fence("\n".join(line for uri in proposal.uris for line in _diff(proposal, uri)), "diff")


def _diff(proposal: Proposal, uri: str) -> list[str]:
    from difflib import unified_diff

    name = _name(uri)
    for hunk in proposal.hunks:
        if hunk.uri == uri and isinstance(hunk.file, DeleteFile | RenameFile):
            to = f" to {hunk.file.new_uri}" if isinstance(hunk.file, RenameFile) else ""
            return [f"# {'rename' if to else 'delete'} {name}{to}"]
    old = proposal.base[uri].text if uri in proposal.base else ""
    new = proposal.text_of(uri)
    return list(unified_diff(old.splitlines(), new.splitlines(), name, name, lineterm=""))


def _name(uri: str) -> str:
    """A file's name; a cell's is its notebook's."""
    return (home_of_uri(uri) or Path(uri)).name


def announce(session: Session) -> None:
    """The proposals changed: lenses are drawn again."""
    session.notify("halley/changed", {"what": "proposals"})
    if session.client.refresh_lenses:
        session.server.run_in_background(session.request("workspace/codeLens/refresh", None), "lenses")


def discard(session: Session, id: str, hunks: Sequence[int] | None = None) -> Json:
    session.proposals.discard(id, hunks)
    announce(session)
    return {}


def list_proposals(session: Session) -> Json:
    return {"proposals": [proposal_json(session, p) for p in session.proposals.pending.values()]}


def proposal_json(session: Session, proposal: Proposal) -> Json:
    """A proposal for a client: its documents as `halley:` URIs, its hunks with their ranges in the base text."""
    return {
        "id": proposal.id,
        "title": proposal.title,
        "reason": proposal.reason,
        "files": [{"uri": uri, "proposed": proposal_uri(proposal, uri)} for uri in proposal.uris],
        "hunks": [_hunk_json(session, proposal, index, hunk) for index, hunk in enumerate(proposal.hunks)],
    }


def _hunk_json(session: Session, proposal: Proposal, index: int, hunk: Hunk) -> Json:
    if hunk.edit is None:
        kind = {CreateFile: "create", DeleteFile: "delete", RenameFile: "rename"}.get(type(hunk.file), "edit")
        more = {"oldUri": hunk.file.old_uri} if isinstance(hunk.file, RenameFile) else {}
        text = {"newText": hunk.file.text} if isinstance(hunk.file, CreateFile) else {}
        return {"index": index, "uri": hunk.uri, "kind": kind} | more | text
    text = proposal.base[hunk.uri].text
    return {
        "index": index,
        "uri": hunk.uri,
        "kind": "edit",
        "range": to_lsp_range(text, hunk.edit.start, hunk.edit.end, session.server.encoding),
        "oldText": text[hunk.edit.start : hunk.edit.end],
        "newText": hunk.edit.new_text,
    }


def proposal_uri(proposal: Proposal, uri: str) -> str:
    """`halley:/proposals/<id>/<path>`."""
    path = path_of_uri(uri)
    return f"halley:/proposals/{proposal.id}/{quote((path.as_posix() if path else uri).lstrip('/'))}"


def proposal_text(session: Session, id: str, path: str) -> str | None:
    """The document a proposal would make; None where there is no such thing."""
    proposal = session.proposals.pending.get(id)
    for uri in proposal.uris if proposal else ():
        named = path_of_uri(uri)
        if proposal and path == (named.as_posix() if named else uri).lstrip("/"):
            return proposal.text_of(uri)
    return None


def code_lenses(session: Session, uri: str) -> list[Json]:
    """`Accept` and `Discard` above the first hunk each pending proposal has in the document."""
    lenses: list[Json] = []
    for proposal in session.proposals.pending.values():
        first = next((hunk for hunk in proposal.hunks if hunk.uri == uri and hunk.edit), None)
        if first is None or first.edit is None:
            continue
        range = to_lsp_range(
            proposal.base[uri].text, first.edit.start, first.edit.start, session.server.encoding
        )
        for title, command in (("Accept", "accept"), ("Discard", "discard")):
            action = {"title": f"{title}: {proposal.title}", "command": f"halley.proposals.{command}"}
            lenses.append({"range": range, "command": action | {"arguments": [{"id": proposal.id}]}})
    return lenses
