"""A block of code from a chat's reply as a change of a document, read as an action's reply would be.

The engine finds the place: SEARCH/REPLACE and diffs by their own text, a whole file or definition by what it names, and
anything else in place of the selection.
"""

from __future__ import annotations

from halley.core.events import Finish
from halley.core.snapshot import Snapshot
from halley.engine.code.definitions import definitions, top_level
from halley.engine.code.regions import Span, line_span
from halley.engine.code.symbols import definitions as symbols
from halley.engine.prompting.prompts import fence
from halley.features.actions.action import Edited
from halley.features.actions.rewrite import read_edit
from halley.features.ask import Reply


def edit_of_block(snapshot: Snapshot, text: str, language: str = "", file: str = "") -> Edited:
    """What the block's `text` makes of the snapshot's document; `language` and `file` as its fence names them."""
    info = " ".join(part for part in (language, file) if part)
    block = Reply(fence(text, info), finish=Finish("stop"))
    return read_edit(snapshot, block_span(snapshot, text), block, "Apply a block of a chat")


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
