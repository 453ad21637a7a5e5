"""Next edits from what was typed to what is offered: tests/cases/next_edit.

`before` became the workspace's file in one burst. With `model`, the prompt and the reply are in that model's own form;
`rejected` is an edit that the user did not want, its lines before and after `=>`.
"""

from __future__ import annotations

from casefile import Case, cases
from halley.core.events import TextDelta
from halley.core.snapshot import Document
from halley.core.text import Edit, apply_edits, split_lines
from halley.engine.code.languages import language_id_of
from halley.engine.prompting.context import Context
from halley.engine.typing.next_edit.changes import edits_of
from halley.engine.typing.next_edit.gates import Proposed, Rejected, why_not
from halley.engine.typing.next_edit.journal import EditedFile, Journal, add_burst, unified
from halley.engine.typing.next_edit.region import build_prompt, region_at
from halley.engine.typing.next_edit.reply import read_reply
from halley.engine.typing.next_edit.where import find_candidates
from halley.providers.facts import known_facts
from halley.providers.wires.next_edit import Row, fill, find_row, reader_of


@cases("next_edit")
def test_next_edit_cases(case: Case) -> None:
    at = case.workspace
    uri = f"file:///{at.path}"
    document = Document(uri, at.text, language_id_of(at.path), 1)
    place = EditedFile(uri, at.path, document.language_id)
    journal = add_burst((), place, split_lines(case.text("before")), split_lines(at.text), 1)
    case.check("journal", "".join(unified(change) for change in journal), "diff")
    candidates = find_candidates(journal, document, at.start)
    found = (f"line {one.row + 1}: {one.reason} {one.name}".rstrip() for one in candidates)
    case.check("candidates", "".join(f"{line}\n" for line in found))
    region = region_at(document, candidates[0])
    assert region is not None
    prompt = build_prompt(region, at.path, journal, Context(()))
    row = find_row(known_facts(None, case.text("model").strip())) if case.has("model") else None
    case.check("prompt", f"{fill(row, prompt) if row else prompt.fallback.messages[-1].text}\n")
    said = case.text("reply").removesuffix("\n")
    new = read_reply(_read_by_wire(row, said) if row else said, region.text)
    edits = edits_of(region, new, candidates[0].at) if new is not None else []
    results = [_result(case, document, journal, edit) for edit in edits]
    case.check("result", "".join(results) or "nothing\n")


def _result(case: Case, document: Document, journal: Journal, edit: Edit) -> str:
    rejected = ()
    if case.has("rejected"):
        old, _, new = case.text("rejected").partition("=>\n")
        rejected = (Rejected(tuple(split_lines(old)), tuple(split_lines(new))),)
    proposed = Proposed(document, edit, journal, rejected)
    row = proposed.rows[0] + 1
    if gate := why_not(proposed):
        return f"line {row}: refused by {gate}\n"
    old, new = proposed.lines
    assert apply_edits(document.text, [edit]) != document.text
    lines = (f"{mark}{line.rstrip()}\n" for mark, side in (("-", old), ("+", new)) for line in side)
    return f"line {row}: offered\n{''.join(lines)}"


def _read_by_wire(row: Row, said: str) -> str:
    """As the wire hands over a reply that comes in two pieces."""
    reader, half = reader_of(row), len(said) // 2
    events = [
        event
        for piece in (said[:half], said[half:])
        for event in reader.feed({"choices": [{"index": 0, "text": piece}]})
    ]
    events += reader.feed({"choices": [{"index": 0, "text": "", "finish_reason": "stop"}]})
    closing, _ = reader.close()
    return "".join(event.text for event in (*events, *closing) if isinstance(event, TextDelta))
