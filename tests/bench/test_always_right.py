"""A small part of `bench/always_right.py`: true changes of the files of some action cases, in every form."""

from __future__ import annotations

from bench.always_right import tries
from bench.rightness.corpus import Source
from bench.rightness.forms import FORMS
from bench.rightness.holes import offers

from casefile import FOLDER, read_case
from halley.engine.code.languages import language_id_of

EDITS = 600
HOLES = 600


def test_a_right_reply_never_leads_to_a_wrong_file():
    found = list(tries(corpus(), EDITS, seed=1, forms=list(FORMS)))
    assert len(found) == EDITS
    wrong = [
        f"{one.form}: {one.change.old!r} → {one.reply!r} → {one.result!r}"
        for one in found
        if one.outcome == "wrong"
    ]
    assert not wrong, "\n\n".join(wrong[:3])
    unplaced = [one for one in found if one.outcome != "right"]
    assert len(unplaced) <= EDITS // 50


def test_ghost_text_is_what_was_meant():
    found = list(offers(corpus(), HOLES, seed=1))
    assert len(found) == HOLES
    different, wrong = (
        [
            f"{one.hole.place.line_before!r} | {one.hole.closed!r} ← {one.hole.reply!r} → {one.line!r}"
            for one in found
            if one.outcome == outcome
        ]
        for outcome in ("different", "wrong")
    )
    assert not wrong, "\n".join(wrong)
    assert len(different) <= HOLES // 100, "\n".join(different)
    assert sum(one.outcome == "nothing" for one in found) <= HOLES // 10


def corpus() -> list[Source]:
    """The workspaces of the cases of two actions: a dozen languages, and the same everywhere."""
    paths = [
        path
        for action in ("improve", "document")
        for path in sorted((FOLDER / "actions" / action).glob("*.md"))
    ]
    files = {name: text for path in paths for name, text in read_case(path).workspace.files.items()}
    return [
        Source(name, language_id_of(name), text) for name, text in sorted(files.items()) if len(text) > 150
    ]
