"""The next edit's engine: what the journal keeps, where edits are due, what each gate refuses, replies of every form."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from halley.core.next_edit import blocks_of
from halley.core.snapshot import Document
from halley.core.text import Edit, apply_edits, split_lines
from halley.engine.prompting.context import Context
from halley.engine.typing.next_edit.changes import edits_of
from halley.engine.typing.next_edit.gates import Proposed, as_rejected, why_not
from halley.engine.typing.next_edit.journal import EditedFile, Journal, add_burst, unified
from halley.engine.typing.next_edit.region import Region, build_prompt, region_at
from halley.engine.typing.next_edit.reply import read_reply
from halley.engine.typing.next_edit.where import find_candidates, find_elsewhere

PLACE = EditedFile("file:///a.py", "a.py", "python")
CODE = "def area(w, h):\n    return w * h\n\n\ndef show(w):\n    print(area(2, 3))\n    print(w)\n"


def typed(*texts: str, place: EditedFile = PLACE) -> Journal:
    """The journal after each text became the next one, in a burst of its own."""
    journal: Journal = ()
    for burst, (before, after) in enumerate(pairwise(texts), 1):
        journal = add_burst(journal, place, split_lines(before), split_lines(after), burst)
    return journal


def document(text: str, language_id: str = "python", uri: str = PLACE.uri) -> Document:
    return Document(uri, text, language_id, 1)


# -- the journal


def test_bursts_at_one_place_are_one_change():
    (change,) = typed("a = 1\n", "ab = 1\n", "abc = 1\n")
    assert (change.old, change.new, change.burst) == (("a = 1\n",), ("abc = 1\n",), 2)


def test_what_was_undone_is_gone():
    assert typed("a = 1\n", "b = 1\n", "a = 1\n") == ()


def test_white_space_alone_says_nothing():
    assert typed("a = 1\n", "a  =  1\n") == ()
    assert typed("a = 1\n", "\n\na = 1\n") == ()


def test_a_file_that_was_formatted_or_checked_out_is_no_typing():
    lines = [f"line_{n} = {n}\n" for n in range(500)]
    assert typed("".join(lines), "".join(line.replace("line", "row") for line in lines)) == ()


def test_changes_move_with_the_text_above_them():
    text = CODE.replace("print(w)", "print(w, w)")
    (change, _) = typed(CODE, text, f"import os\n{text}")
    assert "".join(change.new) == "    print(w, w)\n" and change.row == 7
    assert "-    print(w)\n+    print(w, w)\n" in unified(change)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["a = 1\n", "b = 2\n", "\n", "f(x)\n"]), max_size=8), max_size=6))
def test_every_change_is_where_it_says(texts: list[list[str]]):
    joined = ["".join(lines) for lines in texts]
    journal = typed(*joined)
    for change in journal:
        assert tuple(split_lines(joined[-1])[change.row : change.end]) == change.new


# -- where


def rows(journal: Journal, text: str, cursor: int = 0) -> list[tuple[int, str]]:
    return [(one.row, one.reason) for one in find_candidates(journal, document(text), cursor)][:-1]


def test_uses_of_a_renamed_function_are_due():
    new = CODE.replace("area", "surface", 1)
    assert rows(typed(CODE, new), new) == [(5, "name")]


def test_a_renamed_parameter_is_due_in_its_function_alone():
    new = CODE.replace("def show(w)", "def show(width)")
    assert rows(typed(CODE, new), new) == [(6, "name")]


def test_calls_of_what_got_another_parameter_are_due():
    new = CODE.replace("w, h)", "w, h, d)", 1)
    assert (5, "call") in rows(typed(CODE, new), new)


def test_names_in_comments_and_strings_are_not():
    code = "a = 1\nb = 'a'  # a\nc = a\n"
    new = code.replace("a", "x", 1)
    assert rows(typed(code, new), new) == [(2, "name")]


def test_lines_of_one_shape_are_due():
    code = "self.a = a\nself.b = b\nself.c = c\n"
    new = code.replace("self.a = a", "self.a = int(a)")
    assert rows(typed(code, new), new) == [(1, "shape"), (2, "shape")]


def elsewhere(before: str, after: str, *others: Document) -> list[int]:
    edited = {PLACE.uri: document(after)}
    return [one.row for one in find_elsewhere(typed(before, after), edited, others)]


OTHER = "from a import area\n\narea(1, 2)\n"


def test_other_files_that_use_the_name_are_found():
    after = CODE.replace("area", "surface", 1)
    assert elsewhere(CODE, after, document(OTHER, uri="file:///b.py")) == [0, 2]
    assert elsewhere(CODE, after, document("area\n", "markdown", "file:///c.md")) == []


def test_calls_in_other_files_are_due_for_new_parameters_of_what_is_defined_here():
    other = document(OTHER, uri="file:///b.py")
    assert elsewhere(CODE, CODE.replace("w, h", "w, h, d", 1), other) == [2]
    assert elsewhere("area(1)\n", "area(1, 2)\n", other) == [], "a call changed, no definition"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f(area):\n    return 1\n", "def f(size):\n    return 1\n"),
        ("def f():\n    area = 1\n    return 2\n", "def f():\n    size = 1\n    return 2\n"),
        (f"{CODE}\n\nclass A:\n    def area(self): ...\n", f"{CODE}\n\nclass A:\n    def size(self): ...\n"),
    ],
    ids=["parameter", "local", "still-defined"],
)
def test_names_that_other_files_cannot_mean_are_not_looked_for(before: str, after: str):
    assert elsewhere(before, after, document(OTHER, uri="file:///b.py")) == []


def test_a_file_with_a_definition_of_that_name_means_its_own():
    own = "def area(side):\n    return side\n\n\nprint(area(1), shapes.area(2))\n"
    assert elsewhere(CODE, CODE.replace("area", "surface", 1), document(own, uri="file:///b.py")) == [4]


# -- replies

REGION = "a = 1\nb = 2\nc = 3\n"


@pytest.mark.parametrize(
    ("reply", "new"),
    [
        ("<editable_region>\na = 1\nb = 3\nc = 3\n</editable_region>", "a = 1\nb = 3\nc = 3\n"),
        ("<think>hm</think><editable_region>\na = 9\n</editable_region>", "a = 9\n"),
        ("```\n<|editable_region_start|>\na = 9\n<|editable_region_end|>\n```", "a = 9\n"),
        ("<editable_region>\na = <|user_cursor|>9\n</editable_region>", "a = 9\n"),
        ("<editable_region>\n```python\na = 9\n```\n</editable_region>", "a = 9\n"),
        ("<editable_region>\na = 9\n>>>>>>> UPDATED\n</editable_region>", "a = 9\n"),
        ("<|marker_1|>a = 9\n<|marker_2|>", "a = 9\n"),
        ("<|marker_1|><|marker_1|>", None),
        ("NO_EDITS", None),
        ("<editable_region>\nNone\n</editable_region>", None),
        ("a = 9\nb = 2\nc = 3\n", None),
        ("<editable_region>\n</editable_region><editable_region>x</editable_region>", None),
        ("<editable_region>\n<|fim_prefix|>\n</editable_region>", None),
        ("", None),
    ],
)
def test_replies_of_every_form_are_read(reply: str, new: str | None):
    assert read_reply(reply, REGION) == new


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ab\n<|>/_1") | st.characters(), max_size=80))
def test_no_reply_breaks_the_reader(reply: str):
    wrapped = f"<editable_region>\n{reply}\n</editable_region>"
    for one in (reply, wrapped, f"<|marker_1|>{reply}<|marker_2|>"):
        new = read_reply(one, REGION)
        assert new is None or new.endswith("\n")


def test_line_ends_stay_the_documents_own():
    region = REGION.replace("\n", "\r\n")
    assert read_reply("<editable_region>\na = 9\n</editable_region>", region) == "a = 9\r\n"


@given(st.lists(st.sampled_from(["x\n", "\n", "y = 1\n"]), max_size=60))
def test_blocks_cover_the_region(lines: list[str]):
    region = "".join(lines)
    starts = blocks_of(region)
    assert starts[0] == 0 and starts[-1] == len(region) and list(starts) == sorted(starts)


def test_an_answer_becomes_small_edits_with_whole_words():
    text = "one(alpha)\n\n\n\n\ntwo(alpha)\n"
    region = Region(document(text), 0, len(text), 0)
    edits = edits_of(region, text.replace("alpha", "alps"), text.index("two"))
    assert [(text[e.start : e.end], e.new_text) for e in edits] == [("alpha", "alps")] * 2
    assert edits[0].start > edits[1].start, "the one at the place asked about comes first"


# -- gates


def refused(text: str, old: str, new: str, language_id: str = "python", **more: object) -> str:
    at = text.index(old)
    return why_not(Proposed(document(text, language_id), Edit(at, at + len(old), new), **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new", "gate"),
    [
        ("area(2, 3)", "area(2, 3)", "no-op"),
        ("area(2, 3)", "area(2, 3", "parse"),
        ("print(w)", "print(w)" + "\n    pass" * 50, "size"),
        ("print(w)", "print(w\u202e)", "hidden"),
        ("print(area(2, 3))\n    print(w)", "# ... rest unchanged", "elision"),
        ("area(2, 3)", "area(2, 4)", ""),
    ],
)
def test_each_gate_refuses(old: str, new: str, gate: str):
    assert refused(CODE, old, new) == gate


@pytest.mark.parametrize(
    ("language", "text", "old", "new"),
    [
        ("javascript", "f(1);\n", "f(1)", "f(1"),
        ("go", "package a\n\nfunc f() {}\n", "{}", "{"),
        ("rust", "fn f() {}\n", "fn f()", "fn f("),
        ("java", "class A { int x; }\n", "int x;", "int ;"),
        ("c", "int f(void) { return 0; }\n", "return 0;", "return 0"),
        ("typescript", "let x: number = 1;\n", "number = 1", "= number"),
        ("ruby", "def f\n  1\nend\n", "end", "ed"),
        ("php", "<?php f(1);\n", "f(1)", "f(1"),
        ("lua", "local x = f(1)\n", "f(1)", "f(1"),
        ("haskell", "f = (1)\n", "(1)", "(1"),
    ],
)
def test_nothing_that_parses_worse_is_offered(language: str, text: str, old: str, new: str):
    assert refused(text, old, new, language) == "parse"


def test_what_the_user_just_did_is_not_undone():
    new = CODE.replace("area", "surface", 1)
    journal = typed(CODE, new)
    assert refused(new, "surface", "area", changes=journal) == "undo"
    assert refused(new, "area(2, 3)", "surface(2, 3)", changes=journal) == ""
    added = CODE.replace("print(w)", "print(w)\n    log(w)")
    assert refused(added, "\n    log(w)", "", changes=typed(CODE, added)) == "undo"
    without = CODE.replace("    print(w)\n", "    pass\n")
    assert refused(without, "pass", "print(w)", changes=typed(CODE, without)) == "undo"


def test_a_rejected_edit_and_its_kin_stay_away():
    at = CODE.index("area(2")
    rejected = (as_rejected(document(CODE), Edit(at, at + 4, "surface")),)
    assert refused(CODE, "area(2, 3)", "surface(2, 3)", rejected=rejected) == "rejected"
    assert refused(CODE, "print(w)", "print(w, w)", rejected=rejected) == ""


def test_ghost_text_has_its_line_to_itself():
    assert refused(CODE, "area(2, 3)", "area(2, 4)", guarded_row=5) == "ghost-text"
    assert refused(CODE, "area(2, 3)", "area(2, 4)", guarded_row=4) == ""


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(CODE)), st.integers(0, 30), st.text(max_size=20))
@example(15, 13, "")  # leaves a starred expression, which parses and does not compile
def test_whatever_passes_parses(start: int, length: int, new: str):
    edit = Edit(start, min(len(CODE), start + length), new)
    if not why_not(Proposed(document(CODE), edit)):
        compile(apply_edits(CODE, [edit]), "a.py", "exec", dont_inherit=True)


# -- regions


def test_marks_and_keys_in_a_region_keep_it_here():
    for line in ("x = '<editable_region>'", "k = 'sk-proj-abcdefghij0123456789ABCDEFGHIJ0123456789abcd'"):
        text = f"{line}\n{CODE}"
        found = find_candidates((), document(text), 0)
        assert region_at(document(text), found[-1]) is None


def test_a_prompt_holds_the_edits_and_the_region_as_it_was():
    new = CODE.replace("area", "surface", 1)
    journal = typed(CODE, new)
    region = region_at(document(new), find_candidates(journal, document(new), 0)[0])
    assert region is not None
    prompt = build_prompt(region, "a.py", journal, Context(()))
    assert prompt.was == CODE and prompt.region == new
    said = prompt.fallback.messages[-1].text
    assert (
        "-def area(w, h):" in said
        and "+def surface(w, h):" in said
        and "<cursor_position/>area(2, 3)" in said
    )
