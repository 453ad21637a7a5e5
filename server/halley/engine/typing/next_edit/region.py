"""The region a model is shown and may write again, and the prompt around it.

`region_at` chooses whole lines around a candidate; `build_prompt` makes what every wire can send. A region that holds
marks of our own or key-shaped strings is None: its text would not come back as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from halley.core.calls import NextEditPrompt, PastEdit, Prompt
from halley.core.next_edit import CLOSE, NOTHING, OPEN
from halley.core.snapshot import Document
from halley.core.text import split_lines
from halley.core.tokens import estimate_tokens
from halley.engine.code.languages import language
from halley.engine.code.symbols import definitions
from halley.engine.guards.secrecy import find_secrets
from halley.engine.prompting.context import Context
from halley.engine.prompting.prompts import fence, render_context
from halley.engine.prompting.templates import builtin_template, render_messages
from halley.engine.typing.fim import head_tokens, tail_tokens
from halley.engine.typing.next_edit.journal import Change, Journal, as_past_edits
from halley.engine.typing.next_edit.where import Candidate

ABOVE, BELOW = 8, 12
"""Lines around the candidate's: with it 21, which models for next edits were trained on."""
MOST_CHARACTERS = 6_000
CURSOR = "<cursor_position/>"
MARKS = re.compile(
    r"</?editable_region>|<cursor_position/>|<\|[\w▁]+(?:_\d+)?\|>|<\[fim-\w+\]>|^(?:<<<<<<< CURRENT|>>>>>>> UPDATED)$"
    r"|<(?:filename|file_sep)>",
    re.MULTILINE,
)
"""Marks of prompts, ours and those of models for next edits."""


@dataclass(frozen=True, slots=True)
class Region:
    """`document.text[start:end]`, whole lines; `cursor` is an offset in the document."""

    document: Document
    start: int
    end: int
    cursor: int

    @property
    def text(self) -> str:
        return self.document.text[self.start : self.end]

    @property
    def row(self) -> int:
        return self.document.text.count("\n", 0, self.start)


def region_at(document: Document, candidate: Candidate) -> Region | None:
    """The lines around a candidate; None where they may not be sent or could not be read back."""
    lines = split_lines(document.text)
    row = min(candidate.row, len(lines) - 1)
    first, last = max(0, row - ABOVE), min(len(lines), row + BELOW + 1)
    while sum(map(len, lines[first:last])) > MOST_CHARACTERS and last - first > 1:
        first, last = (first + 1, last) if row - first >= last - 1 - row else (first, last - 1)
    start = sum(map(len, lines[:first]))
    end = start + sum(map(len, lines[first:last]))
    text = document.text[start:end]
    if len(text) > MOST_CHARACTERS or MARKS.search(text) or find_secrets(text):
        return None
    return Region(document, start, end, min(max(candidate.at, start), end))


def build_prompt(
    region: Region,
    path: str,
    journal: Journal,
    context: Context,
    *,
    budget: int = 2_500,
    template: str = "",
) -> NextEditPrompt:
    """`budget` is in tokens, for the text around the region; `context` is other files'."""
    text, document = region.document.text, region.document
    before = _from_a_definition(region, tail_tokens(text[: region.start], int(budget * 0.6)))
    after = head_tokens(text[region.end :], budget - int(budget * 0.6))
    edits = as_past_edits(journal)
    most = int(estimate_tokens(region.text) * 1.5) + 200
    values = {
        "language": language(document.language_id).name,
        "path": path,
        "edits": _edits_text(edits),
        "context": render_context(context, document.language_id),
        "before": before,
        "after": after,
        "region": _marked(region),
        "region_open": OPEN,
        "region_close": CLOSE,
        "cursor_mark": CURSOR,
        "nothing": NOTHING,
    }
    fallback = Prompt(
        render_messages(template or builtin_template("next"), values),
        max_tokens=most,
        temperature=0.0,
        expect="code",
    )
    return NextEditPrompt(
        path,
        document.language_id,
        before,
        region.text,
        after,
        region.cursor - region.start,
        _as_it_was(region, [change for change in journal if change.place.uri == document.uri]),
        edits,
        fallback,
        tuple((excerpt.path, excerpt.text) for excerpt in context.excerpts),
        most,
    )


def _from_a_definition(region: Region, before: str) -> str:
    """What is shown above, from the first definition in it: cut inside a string or a comment, code would read as text.

    As it is where the whole of it is shown, or where no definition begins in it.
    """
    cut = region.start - len(before)
    known = definitions(region.document.text, region.document.language_id) if cut else ()
    first = next((one.start for one in known if cut <= one.start < region.start), cut)
    start = region.document.text.rfind("\n", 0, first) + 1
    return before[max(0, start - cut) :]


def _marked(region: Region) -> str:
    text, at = region.text, region.cursor - region.start
    ended = "" if text.endswith("\n") else "\n"
    return f"{OPEN}\n{text[:at]}{CURSOR}{text[at:]}{ended}{CLOSE}"


def _edits_text(edits: Sequence[PastEdit]) -> str:
    return "\n\n".join(f"`{edit.path}`:\n\n{fence(edit.diff, 'diff')}" for edit in edits)


def _as_it_was(region: Region, changes: Sequence[Change]) -> str:
    """The region before the latest edits that lie within it."""
    lines, first = split_lines(region.text), region.row
    for change in sorted(changes, key=lambda change: -change.row):
        at, end = change.row - first, change.end - first
        if at >= 0 and end <= len(lines) and tuple(lines[at:end]) == change.new:
            lines[at:end] = change.old
    return "".join(lines)
