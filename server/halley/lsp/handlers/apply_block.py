"""halley/chat/apply: a block of code from a reply, put where it belongs as an action's reply would be.

The engine finds the place: SEARCH/REPLACE and diffs by their own text, a whole file or definition by what it names, and
anything else in place of the selection. What a protected file or the person's settings ask for becomes a proposal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halley.core.events import Finish
from halley.core.snapshot import Snapshot
from halley.engine.code.definitions import definitions, top_level
from halley.engine.code.regions import Span, line_span
from halley.engine.code.symbols import definitions as symbols
from halley.engine.prompting.prompts import fence
from halley.features.actions.rewrite import read_edit
from halley.features.ask import Reply
from halley.lsp.handlers.run import deliver_edit
from halley.lsp.protocol.editing import ApplyBlockParams
from halley.lsp.protocol.shape import read_params
from halley.lsp.window.session import Session

if TYPE_CHECKING:
    from halley.lsp.base.server import Server

Json = dict[str, Any]


async def apply_block(session: Session, params: Json) -> Json:
    """The outcome of `halley.run`."""
    asked = read_params(ApplyBlockParams, params)
    snapshot = session.required_snapshot(params["textDocument"], params.get("range"))
    info = " ".join(part for part in (asked.language, asked.file) if part)
    block = Reply(fence(asked.text, info), finish=Finish("stop"))
    edited = read_edit(snapshot, block_span(snapshot, asked.text), block, "Apply a block of a chat")
    return await deliver_edit(session, edited, {snapshot.document.uri: snapshot.document})


def block_span(snapshot: Snapshot, block: str) -> Span:
    """What a block stands for: the selection in whole lines, else the definition it redefines, else the cursor."""
    text, selection = snapshot.document.text, snapshot.selection
    if not selection.is_empty:
        return line_span(text, selection.start, selection.end)
    wanted = {one.name for one in top_level(definitions(block.splitlines()))}
    known = [one for one in symbols(text, snapshot.document.language_id) if one.name in wanted]
    if not known:
        return selection.start, selection.start
    first, last = min(one.start for one in known), max(one.end for one in known)
    return line_span(text, first, last)


def register(server: Server) -> None:
    @server.feature("halley/chat/apply")
    async def _apply(params: Json) -> Json:
        return await apply_block(server.session, params)
