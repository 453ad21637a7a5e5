"""Edits, changes and diagnostics on their way to the editor and back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halley.core.errors import BlockedByPolicy, InvalidInput
from halley.core.snapshot import Selection
from halley.core.text import (
    CreateFile,
    DeleteFile,
    DocumentEdit,
    Edit,
    RenameFile,
    WorkspaceChange,
    apply_edits,
)
from halley.lsp.base.documents import DocumentStore
from halley.lsp.base.rpc_errors import InvalidParams
from halley.lsp.from_lsp import from_lsp_diagnostics, from_lsp_range
from halley.lsp.protocol.common import with_document
from halley.lsp.text.uris import path_of_uri, uri_key
from halley.lsp.to_lsp import to_lsp_range, to_lsp_text_edits, to_lsp_workspace_edit

URI = "file:///w/a.py"
texts = st.text(st.sampled_from("ab\n\r\t\u2028é😀"), max_size=30)


@dataclass(frozen=True)
class Editor:
    encoding: str = "utf-16"
    document_changes: bool = True
    resource_operations: frozenset[str] = frozenset(("create", "rename", "delete"))
    change_annotations: bool = True


@st.composite
def edits_of(draw: st.DrawFn, text: str) -> list[Edit]:
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6, unique=True)))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    return [Edit(start, end, draw(texts.filter(lambda new: len(new) < 6))) for start, end in pairs]


@given(texts, st.data(), st.sampled_from(("utf-8", "utf-16", "utf-32")))
@settings(max_examples=300)
def test_an_editor_that_applies_them_has_the_same_text(text: str, data: st.DataObject, encoding: str) -> None:
    edits = data.draw(edits_of(text))
    store = DocumentStore()
    store.open(URI, "python", 1, text)
    lsp = to_lsp_text_edits(text, edits, encoding)
    assert store.change(
        URI, 2, [{"range": e["range"], "text": e["newText"]} for e in reversed(lsp)], encoding
    )
    document = store.get(URI)
    assert document is not None
    assert document.text == apply_edits(text, edits)


@given(texts, st.data(), st.sampled_from(("utf-8", "utf-16", "utf-32")))
def test_ranges_there_and_back(text: str, data: st.DataObject, encoding: str) -> None:
    start, end = sorted((data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(text)))))
    found = from_lsp_range(text, to_lsp_range(text, start, end, encoding), encoding)
    assert all(0 <= there - here <= 1 for here, there in zip(found, (start, end), strict=True))
    if "\r\n" not in text:
        assert found == (start, end)


def at(line: int, character: int) -> dict[str, int]:
    return {"line": line, "character": character}


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"start": at(0, 0)},
        {"start": at(1, 0), "end": at(0, 0)},
        {"start": {"line": 0}, "end": at(0, 0)},
        None,
    ],
)
def test_what_is_no_range_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        from_lsp_range("a\nb", wrong, "utf-16")
    assert caught.value.problem.help


def test_a_versioned_edit() -> None:
    change = WorkspaceChange((DocumentEdit(URI, 7, (Edit(2, 3, "B"), Edit(0, 1, "A"))),), "Fix")
    first = {"range": {"start": at(0, 0), "end": at(0, 2)}, "newText": "A"}
    second = {"range": {"start": at(1, 0), "end": at(1, 1)}, "newText": "B"}
    assert to_lsp_workspace_edit(change, {URI: "😀\nb"}, Editor()) == {
        "documentChanges": [{"textDocument": {"uri": URI, "version": 7}, "edits": [first, second]}]
    }


def test_plain_changes_where_the_editor_has_no_versions() -> None:
    change = WorkspaceChange((DocumentEdit(URI, 7, (Edit(0, 1, "A"),)),))
    edit = {"range": {"start": at(0, 0), "end": at(0, 1)}, "newText": "A"}
    assert to_lsp_workspace_edit(change, {URI: "ab"}, Editor(document_changes=False)) == {
        "changes": {URI: [edit]}
    }


def test_files_are_made_moved_and_removed_in_order_with_whole_versions() -> None:
    change = WorkspaceChange(
        (
            CreateFile("file:///w/n.py", "x\n"),
            DocumentEdit(URI, None, (Edit(0, 0, "A"),)),
            RenameFile(URI, "file:///w/b.py"),
            DeleteFile("file:///w/c.py"),
        )
    )
    parts = to_lsp_workspace_edit(change, {URI: ""}, Editor())["documentChanges"]
    assert [part.get("kind", "edit") for part in parts] == ["create", "edit", "edit", "rename", "delete"]
    assert [part["textDocument"]["version"] for part in parts if "textDocument" in part] == [0, 0]


def test_everything_is_marked_for_confirmation() -> None:
    change = WorkspaceChange((CreateFile("file:///w/n.py", "x\n"), DeleteFile("file:///w/c.py")), "Clean up")
    edit = to_lsp_workspace_edit(change, {}, Editor(), confirm=True)
    assert edit["changeAnnotations"]["halley"] == {"label": "Clean up", "needsConfirmation": True}
    for part in edit["documentChanges"]:
        assert part.get("annotationId") == "halley" or part["edits"][0]["annotationId"] == "halley"


def test_an_editor_that_cannot_make_files_is_not_asked_to() -> None:
    change = WorkspaceChange((CreateFile("file:///w/n.py", "x"),))
    for editor in (Editor(resource_operations=frozenset()), Editor(document_changes=False)):
        with pytest.raises(BlockedByPolicy):
            to_lsp_workspace_edit(change, {}, editor)


def test_diagnostics_come_one_for_one() -> None:
    where = {"start": at(0, 2), "end": at(0, 3)}
    theirs: list[dict[str, Any]] = [
        {"range": where, "message": "no", "severity": 2, "source": "ruff", "code": 501},
        {"range": where, "message": {"kind": "markdown", "value": "*no*"}},
    ]
    first, second = from_lsp_diagnostics("😀x", theirs, "utf-16")
    assert (first.start, first.end, first.message, first.severity) == (1, 2, "no", "warning")
    assert (first.source, first.code) == ("ruff", "501")
    assert (second.message, second.severity, second.source, second.code) == ("*no*", "error", None, None)


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///w/a%20b.py", "/w/a b.py"),
        ("file:///w/%C3%A9.py", "/w/é.py"),
        ("file://localhost/w/a.py", "/w/a.py"),
        ("file:///c%3A/w/a.py", "c:/w/a.py"),
        ("file://server/share/a.py", "//server/share/a.py"),
        ("untitled:Untitled-1", None),
        ("halley:/answers/1.md", None),
        ("file://[", None),
        ("file:///a%00b", None),
        ("", None),
    ],
)
def test_paths_of_uris(uri: str, path: str | None) -> None:
    found = path_of_uri(uri)
    assert (found.as_posix() if found else None) == path


def test_equal_uris_have_one_key() -> None:
    assert uri_key("file:///w/a%40b.py") == uri_key("file:///w/a@b.py")
    assert uri_key("untitled:a") != uri_key("untitled:A")


def test_edits_that_meet_within_a_line_end_are_one() -> None:
    lsp = to_lsp_text_edits("x\r\ny", [Edit(0, 2, "a"), Edit(2, 3, "b")], "utf-16")
    assert lsp == [{"range": {"start": at(0, 0), "end": at(1, 0)}, "newText": "ab"}]


@pytest.mark.parametrize(
    ("text", "is_cursor"),
    [
        ("", True), ("a", True), ("\n", True), ("\r\n", True), ("é", True), ("e\u0301", True), ("👍🏽", True),
        ("🇩🇪", True), ("👩\u200d💻", True), ("❤️", True), ("ab", False), ("a\n", False), ("👍👍", False), (" x", False),
    ],
)  # fmt: skip
def test_what_is_seen_as_one_character_is_a_cursor(text: str, is_cursor: bool) -> None:
    selection = Selection(3, 3 + len(text))
    assert selection.as_cursor(f"abc{text}def") == (Selection(3, 3) if is_cursor else selection)


TEXT = "class A:\n    def b(self):\n        return 1\n"


@pytest.mark.parametrize(
    ("lines", "selected"),
    [
        ([2, 3], "    def b(self):\n        return 1"),
        ([3, 2], "    def b(self):\n        return 1"),
        ([1, 99], TEXT),
        ([2, 2], ""),
    ],
)
def test_lines_of_a_path_are_a_range_of_its_document(lines: list[int], selected: str) -> None:
    asked = with_document({"action": "edit", "path": "/w/a b(1).py", "lines": lines})
    assert path_of_uri(asked["textDocument"]["uri"]) == Path("/w/a b(1).py")
    start, end = from_lsp_range(TEXT, asked["range"], "utf-16")
    assert TEXT[start:end] == selected
    if not selected:
        assert TEXT[:start].endswith("def b(self):"), "a single line is a cursor in what begins there"


def test_an_argument_that_names_a_document_keeps_it() -> None:
    for asked in ({"prompt": "Hi"}, {"path": 7, "textDocument": {"uri": "file:///w/a.py"}}):
        assert with_document(asked) is asked


@pytest.mark.parametrize("path", ["a.py", "", 7, None, "/\ud800"])
def test_a_path_that_is_none_is_refused_by_name(path: Any) -> None:
    with pytest.raises(InvalidParams, match="path"):
        with_document({"path": path})
