"""The document store against an editor that keeps its text as UTF-16 units, and against what goes wrong."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halley.lsp.base.documents import DocumentStore
from halley.lsp.text.lines import LineIndex, join_halves
from halley.lsp.text.recent_edits import RecentEdit

URI = "file:///project/a.py"
TRICKY = "ab \n\r\f\x85\u2028é漢😀𝒳"
texts = st.text(st.sampled_from(TRICKY), max_size=30)
ENCODINGS = st.sampled_from(("utf-8", "utf-16", "utf-32"))


def opened(text: str, version: int = 1) -> DocumentStore:
    store = DocumentStore()
    store.open(URI, "python", version, text)
    return store


def text_of(store: DocumentStore, uri: str = URI) -> str:
    document = store.get(uri)
    assert document is not None
    return document.text


def at(line: int, character: int) -> dict[str, int]:
    return {"line": line, "character": character}


def change(start: dict[str, int], end: dict[str, int], text: str) -> dict[str, Any]:
    return {"range": {"start": start, "end": end}, "text": text}


@given(texts, st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), texts), max_size=8), ENCODINGS)
@settings(max_examples=300)
def test_any_series_of_changes_gives_the_editors_text(
    text: str, edits: list[tuple[int, int, str]], encoding: str
) -> None:
    store, mine = opened(text), text
    for version, (one, other, new) in enumerate(edits, 2):
        index = LineIndex(mine)
        start, end = (index.position(offset, encoding) for offset in sorted((one, other)))
        before = mine
        mine = mine[: index.offset(start, encoding)] + new + mine[index.offset(end, encoding) :]
        assert store.change(URI, version, [change(start, end, new)], encoding)
        assert text_of(store) == mine
        assert store.text_before(URI) == before
        assert next(iter(store._open.values())).lines == lines_of(mine)


def lines_of(text: str) -> list[str]:
    index = LineIndex(text)
    return [index.line(row) for row in range(len(index.starts))]


@given(st.text(st.sampled_from("a\n😀"), max_size=10), st.integers(0, 12), st.integers(0, 12))
def test_half_characters_are_kept_as_the_editor_keeps_them(line: str, one: int, other: int) -> None:
    """An editor that counts UTF-16 units may delete one half of a pair; the length in its units must agree."""
    line = line.replace("\n", "")
    start, end = sorted((one, other))
    units = line.encode("utf-16-le")
    theirs = units[: start * 2] + units[end * 2 :]
    store = opened(line)
    assert store.change(URI, 2, [change(at(0, start), at(0, end), "")], "utf-16")
    assert text_of(store) == join_halves(theirs.decode("utf-16-le", "surrogatepass"))
    assert len(text_of(store).encode("utf-16-le")) == len(theirs)


def test_several_changes_are_made_one_after_the_other() -> None:
    store = opened("one\ntwo\n")
    changes = [change(at(0, 0), at(0, 3), "1"), change(at(0, 1), at(1, 0), " "), {"text": "whole"}]
    assert store.change(URI, 2, changes[:2], "utf-16")
    assert text_of(store) == "1 two\n"
    assert store.change(URI, 3, changes[2:], "utf-16")
    assert text_of(store) == "whole"


@pytest.mark.parametrize(
    ("start", "end", "result"),
    [
        (at(0, 99), at(0, 99), "ab!\ncd"),
        (at(1, 0), at(99, 0), "ab\n!"),
        (at(99, 5), at(99, 5), "ab\ncd!"),
        (at(0, 0), at(2147483647, 2147483647), "!"),
    ],
)
def test_positions_beyond_the_text_mean_its_end(start: Any, end: Any, result: str) -> None:
    store = opened("ab\ncd")
    assert store.change(URI, 2, [change(start, end, "!")], "utf-16")
    assert text_of(store) == result


@pytest.mark.parametrize(
    "wrong",
    [
        (0, [change(at(0, 0), at(0, 0), "x")]),
        (2, [change(at(1, 0), at(0, 1), "x")]),
        (2, [change(at(0, 2), at(0, 1), "x")]),
    ],
    ids=["older version", "lines inverted", "columns inverted"],
)
def test_a_change_that_cannot_be_right_is_not_made(wrong: Any, caplog: pytest.LogCaptureFixture) -> None:
    store = opened("one\ntwo")
    assert not store.change(URI, *wrong, "utf-16")
    assert text_of(store) == "one\ntwo"
    assert store.is_out_of_step(URI)
    assert "ignored" in caplog.text
    assert store.change(URI, 5, [{"text": "again"}], "utf-16")
    assert not store.is_out_of_step(URI)


def test_saving_brings_a_document_back_in_step(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("saved\n")
    store = DocumentStore()
    store.open(file.as_uri(), "python", 3, "typed\n")
    assert not store.change(file.as_uri(), 1, [{"text": "old"}], "utf-16")
    store.save(file.as_uri())
    assert not store.is_out_of_step(file.as_uri())
    assert text_of(store, file.as_uri()) == "saved\n"


def test_a_document_is_one_object_until_it_changes() -> None:
    store = opened("text")
    first = store.get(URI)
    assert store.get(URI) is first
    store.change(URI, 2, [change(at(0, 0), at(0, 0), "x")], "utf-16")
    second = store.get(URI)
    assert second is not first
    assert second is not None
    assert (second.version, second.text, second.language_id) == (2, "xtext", "python")
    assert first is not None
    assert first.text == "text"


def test_unopened_and_unknown_documents() -> None:
    store = DocumentStore()
    assert store.get("file:///nowhere/at/all.py") is None
    assert store.get("halley:/answers/1.md") is None
    assert store.get("http://[") is None
    assert not store.change(URI, 1, [{"text": "x"}], "utf-16")
    store.remove_text_document(URI)


@pytest.mark.parametrize("other", ["file:///project/a%2Epy", "file://localhost/project/a.py"])
def test_one_document_however_its_uri_is_written(other: str) -> None:
    store = opened("text")
    assert text_of(store, other) == "text"
    store.remove_text_document(other)
    assert not store.is_open(URI)


def test_most_recently_touched_first() -> None:
    store = DocumentStore()
    for name in "abc":
        store.open(f"file:///{name}", "text", 1, name)
    store.change("file:///a", 2, [{"text": "A"}], "utf-16")
    store.save("file:///b")
    assert [document.text for document in store.open_documents()] == ["b", "A", "c"]


def test_recent_edits_join_move_and_go_with_their_document() -> None:
    store = opened("".join(f"{n}\n" for n in range(20)))
    store.change(URI, 2, [change(at(10, 0), at(10, 0), "x")], "utf-16")
    store.change(URI, 3, [change(at(11, 0), at(11, 0), "y")], "utf-16")
    assert store.recent_edits() == (RecentEdit(URI, 10, 11),)
    store.change(URI, 4, [change(at(2, 0), at(2, 0), "new\nlines\n")], "utf-16")
    assert store.recent_edits() == (RecentEdit(URI, 2, 4), RecentEdit(URI, 12, 13))
    store.remove_text_document(URI)
    assert store.recent_edits() == ()


def test_a_whole_new_text_is_remembered_where_it_differs() -> None:
    store = opened("a\nb\nc\nd\n")
    store.change(URI, 2, [{"text": "a\nb\nX\nY\nd\n"}], "utf-16")
    assert store.recent_edits() == (RecentEdit(URI, 2, 3),)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("é\r\n".encode(), "é\r\n"),
        (b"\xef\xbb\xbfx\n", "x\n"),
        (b"caf\xe9\n", "café\n"),
        ("é".encode("utf-16"), "é"),
        (b"a\x00b", None),
        (b"x" * (4 * 1024 * 1024 + 1), None),
    ],
    ids=["utf-8", "with mark", "latin-1", "utf-16", "binary", "too large"],
)
def test_files_that_are_not_open_are_read(tmp_path: Path, data: bytes, text: str | None) -> None:
    file = tmp_path / "é b.py"
    file.write_bytes(data)
    document = DocumentStore().get(file.as_uri())
    assert (document.text if document else None) == text
    if document:
        assert (document.version, document.path, document.language_id) == (None, file, "python")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert DocumentStore().get((tmp_path / "pipe").as_uri()) is None
    assert DocumentStore().get(tmp_path.as_uri()) is None
