"""Notebooks as they are synchronized, against a client that keeps its cells in a list, and against what goes wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halley.lsp.base.documents import DocumentStore
from halley.lsp.text.uris import home_of_uri, notebook_of_cell, path_of_uri

Json = dict[str, Any]
URI = "file:///project/analysis.ipynb"
PATH = Path("/project/analysis.ipynb")


class Editor:
    """A client's side: cells in order, each a list of (uri, text, version, is it code); tells the store each change."""

    def __init__(self, store: DocumentStore, texts: list[str]) -> None:
        self.store, self.made = store, 0
        self.cells = [self.make(text) for text in texts]
        store.put_notebook_document(
            {
                "notebookDocument": {
                    "uri": URI,
                    "notebookType": "jupyter-notebook",
                    "version": 0,
                    "cells": list(map(cell_of, self.cells)),
                },
                "cellTextDocuments": list(map(text_of, self.cells)),
            }
        )

    def make(self, text: str, *, is_code: bool = True) -> Json:
        self.made += 1
        return {"uri": f"cell:{self.made}", "text": text, "version": 1, "is_code": is_code}

    def splice(self, start: int, gone: int, come: list[Json]) -> None:
        before = {cell["uri"] for cell in self.cells}
        removed = self.cells[start : start + gone]
        self.cells[start : start + gone] = come
        now = {cell["uri"] for cell in self.cells}
        structure: Json = {"array": {"start": start, "deleteCount": gone, "cells": list(map(cell_of, come))}}
        structure["didOpen"] = [text_of(cell) for cell in come if cell["uri"] not in before]
        structure["didClose"] = [{"uri": cell["uri"]} for cell in removed if cell["uri"] not in now]
        self.change({"structure": structure})

    def type(self, cell: Json, at: int, gone: int, text: str) -> None:
        where = {"start": place(cell["text"], at), "end": place(cell["text"], at + gone)}
        cell["text"] = cell["text"][:at] + text + cell["text"][at + gone :]
        cell["version"] += 1
        document = {"uri": cell["uri"], "version": cell["version"]}
        self.change({"textContent": [{"document": document, "changes": [{"range": where, "text": text}]}]})

    def change(self, cells: Json) -> None:
        self.store.update_notebook_document(
            {"notebookDocument": {"uri": URI, "version": 1}, "change": {"cells": cells}}
        )


def cell_of(cell: Json) -> Json:
    return {"kind": 2 if cell["is_code"] else 1, "document": cell["uri"]}


def text_of(cell: Json) -> Json:
    language = "python" if cell["is_code"] else "markdown"
    return {"uri": cell["uri"], "languageId": language, "version": cell["version"], "text": cell["text"]}


def place(text: str, at: int) -> Json:
    before = text[:at].split("\n")
    return {"line": len(before) - 1, "character": len(before[-1])}


def shown(store: DocumentStore, uri: str) -> list[tuple[str, str, int, bool, str]]:
    return [
        (cell.uri, cell.text, cell.cell.number, cell.cell.is_code, cell.cell.notebook)
        for cell in store.notebooks.cells_of(uri)
        if cell.cell and cell.path == PATH
    ]


def expected(editor: Editor) -> list[tuple[str, str, int, bool, str]]:
    return [
        (cell["uri"], cell["text"], number, cell["is_code"], URI)
        for number, cell in enumerate(editor.cells, 1)
    ]


texts = st.text("ab\n", max_size=8)
steps = st.one_of(
    st.tuples(
        st.just("splice"),
        st.integers(0, 9),
        st.integers(0, 4),
        st.lists(st.tuples(texts, st.booleans()), max_size=3),
    ),
    st.tuples(st.just("move"), st.integers(0, 9), st.integers(0, 9), st.none()),
    st.tuples(st.just("type"), st.integers(0, 9), st.integers(0, 9), texts),
    st.tuples(st.just("kind"), st.integers(0, 9), st.just(0), st.booleans()),
)


@given(st.lists(texts, max_size=5), st.lists(steps, max_size=12))
@settings(max_examples=200, deadline=None)
def test_any_series_of_changes_gives_the_editors_notebook(start: list[str], changes: list[Any]) -> None:
    store = DocumentStore()
    editor = Editor(store, start)
    for what, one, other, new in changes:
        cells = editor.cells
        if what == "splice":
            at = min(one, len(cells))
            editor.splice(at, min(other, len(cells) - at), [editor.make(t, is_code=c) for t, c in new])
        elif cells and what == "move":  # as one splice of all between, with nothing opened or closed
            first, last = sorted((one % len(cells), other % len(cells)))
            part = cells[first : last + 1]
            editor.splice(first, len(part), [part[-1], *part[:-1]])
        elif cells and what == "type":
            cell = cells[one % len(cells)]
            at = min(other, len(cell["text"]))
            editor.type(cell, at, min(2, len(cell["text"]) - at), new)
        elif cells and what == "kind":
            cell = cells[one % len(cells)]
            cell["is_code"] = new
            editor.change({"data": [cell_of(cell)]})
        for cell in editor.cells[:1]:
            assert shown(store, cell["uri"]) == expected(editor)
        assert len(store.open_documents()) == len(editor.cells), "what was removed is closed"
    store.remove_notebook_document({"notebookDocument": {"uri": URI}, "cellTextDocuments": []})
    assert store.open_documents() == ()


def test_a_cell_of_another_language_is_closed_and_opened_in_one_change() -> None:
    store = DocumentStore()
    editor = Editor(store, ["a", "select 1"])
    cell = editor.cells[1]
    again = text_of(cell) | {"languageId": "sql"}
    array = {"start": 1, "deleteCount": 1, "cells": [cell_of(cell)]}
    editor.change({"structure": {"array": array, "didOpen": [again], "didClose": [{"uri": cell["uri"]}]}})
    assert [document.language_id for document in store.notebooks.cells_of(cell["uri"])] == ["python", "sql"]


WRONG: dict[str, Json] = {
    "beyond the end": {"structure": {"array": {"start": 1, "deleteCount": 9}}},
    "before the start": {"structure": {"array": {"start": -1, "deleteCount": 0}}},
    "fewer than none": {"structure": {"array": {"start": 1, "deleteCount": -1}}},
    "twice": {
        "structure": {"array": {"start": 0, "deleteCount": 0, "cells": [{"kind": 2, "document": "cell:1"}]}}
    },
    "no array": {"structure": {"didOpen": []}},
    "not an object": {"structure": 3},
    "no number": {"structure": {"array": {"start": "a", "deleteCount": 0}}},
    "kind of an unknown cell": {"data": [{"kind": 1, "document": "cell:9"}]},
    "cells that are none": {"structure": {"array": {"start": 0, "deleteCount": 0, "cells": ["x"]}}},
    "a text that is none": {"textContent": [None]},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_change_of_the_order_that_cannot_be_right_is_not_made(
    wrong: Json, caplog: pytest.LogCaptureFixture
) -> None:
    store = DocumentStore()
    editor = Editor(store, ["a", "b"])
    editor.change(wrong)
    assert [store.is_out_of_step(cell["uri"]) for cell in editor.cells] == [True, True]
    assert store.notebooks.cells_of("cell:1") == (), "an order that may be wrong is not used"
    assert "is ignored" in caplog.text
    again = Editor(store, ["a", "c"])
    assert shown(store, "cell:1") == expected(again), "opened again it is known again"
    assert not store.is_out_of_step("cell:1")


@pytest.mark.parametrize(
    "changes",
    [[{"text": 3}], "no list of changes", [{"range": {"start": {}, "end": {}}, "text": ""}]],
    ids=["text", "list", "range"],
)
def test_a_wrong_text_puts_its_own_cell_out_of_step_until_it_is_saved(changes: Any) -> None:
    store = DocumentStore()
    editor = Editor(store, ["a", "b"])
    change = {"document": {"uri": "cell:2", "version": 2}, "changes": changes}
    editor.change({"textContent": [change]})
    assert (store.is_out_of_step("cell:1"), store.is_out_of_step("cell:2")) == (False, True)
    store.notebooks.saved(URI, ["a", "b", "c"])
    assert store.is_out_of_step("cell:2"), "what was saved has other cells"
    store.notebooks.saved(URI, ["a", "new"])
    assert [cell.text for cell in store.notebooks.cells_of("cell:1")] == ["a", "new"]
    assert not store.is_out_of_step("cell:2")


@pytest.mark.parametrize(
    "params", [{}, {"notebookDocument": None}, {"notebookDocument": {"uri": "file:///x.ipynb"}}]
)
def test_what_is_malformed_or_unknown_changes_nothing(params: Json) -> None:
    store = DocumentStore()
    editor = Editor(store, ["a"])
    store.put_notebook_document(params)
    store.update_notebook_document(params)
    store.update_notebook_document(params | {"change": {"cells": {"textContent": []}}})
    store.remove_notebook_document(params | {"cellTextDocuments": [3]})
    text = {"document": {"uri": "cell:7", "version": 1}, "changes": [{"text": "x"}]}
    editor.change({"textContent": [text]})
    assert shown(store, "cell:1") == expected(editor)


NAMES = (
    "notebookDocument uri cells cellTextDocuments change structure array start deleteCount didOpen didClose data document "
    "kind textContent changes text version languageId range"
).split()
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from((URI, "cell:1", "cell:2", "x", "")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=20,
)


@given(st.lists(st.tuples(st.sampled_from(("put", "update", "remove")), anything), max_size=6))
@settings(max_examples=300, deadline=None)
def test_no_message_does_harm(messages: list[tuple[str, Any]]) -> None:
    store = DocumentStore()
    Editor(store, ["a", "b"])
    for method, value in messages:
        known = {"notebookDocument": {"uri": URI}}
        for params in (
            value,
            known | value if isinstance(value, dict) else known | {"change": {"cells": value}},
        ):
            getattr(store, f"{method}_notebook_document")(params)
        for document in store.open_documents():
            cells = store.notebooks.cells_of(document.uri)
            assert [cell.cell.number for cell in cells if cell.cell] == list(range(1, len(cells) + 1))
    editor = Editor(store, ["a", "c"])
    assert shown(store, "cell:1") == expected(editor)


def test_a_cell_without_its_notebook_is_a_document_in_the_notebooks_place() -> None:
    store = DocumentStore()
    uri = "vscode-notebook-cell:/project/analysis.ipynb#W0sZmlsZQ%3D%3D"
    store.open(uri, "python", 1, "x = 1")
    document = store.get(uri)
    assert document and document.cell and document.path == PATH
    assert (document.cell.number, document.cell.notebook) == (0, URI)
    assert store.notebooks.cells_of(uri) == ()
    other = uri.replace("W0s", "W1s")
    store.open(other, "python", 1, "y = 2")
    assert [one.text for one in store.open_documents()] == ["y = 2", "x = 1"], "one file, two documents"
    assert store.get("vscode-notebook-cell:/project/analysis.ipynb#W2sZmlsZQ%3D%3D") is None, (
        "not the file's text"
    )


@pytest.mark.parametrize(
    ("uri", "notebook"),
    [
        ("vscode-notebook-cell:/w/a%20b.ipynb#W0sZmlsZQ==", "file:///w/a%20b.ipynb"),
        ("vscode-notebook-cell:/c%3A/w/a.ipynb#X10sZmlsZQ%3D%3D", "file:///c%3A/w/a.ipynb"),
        (
            "vscode-notebook-cell:Untitled-1.ipynb?jupyter-notebook#W0sdW50aXRsZWQ%3D",
            "untitled:Untitled-1.ipynb?jupyter-notebook",
        ),
        (
            "vscode-notebook-cell://wsl%2Bdebian/w/a.ipynb#W0sdnNjb2RlLXJlbW90ZQ%3D%3D",
            "vscode-remote://wsl%2Bdebian/w/a.ipynb",
        ),
        ("vscode-notebook-cell:/w/a.ipynb#ch0000001", "file:///w/a.ipynb"),
        ("vscode-notebook-cell:/w/a.ipynb", "file:///w/a.ipynb"),
        ("vscode-notebook-cell:/w/a.ipynb#W0s%ff%fe", "file:///w/a.ipynb"),
        ("file:///w/a.ipynb", None),
        ("git:/w/a.py?%7B%7D", None),
    ],
)
def test_the_notebook_of_a_cells_uri(uri: str, notebook: str | None) -> None:
    assert notebook_of_cell(uri) == notebook
    assert home_of_uri(uri) == path_of_uri(notebook or uri)
    if notebook is not None:
        assert path_of_uri(uri) is None, "a cell is no file"
