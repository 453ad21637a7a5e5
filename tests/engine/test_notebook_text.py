"""Notebooks as text: what a model sees around a cell, within its budget, and the cells of files of any kind."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halley.core.settings import Settings
from halley.core.snapshot import Cell, Document, Selection, Snapshot
from halley.core.tokens import estimate_tokens
from halley.engine.code.notebooks import around, parse_notebook, script_of
from halley.engine.prompting.context import build_context
from halley.engine.typing.completions import read_completion
from halley.engine.typing.fim import build_fim, mark_of
from halley.engine.typing.place import Place
from halley.engine.typing.scope import cut_at, scope_of, stops_of

URI = "file:///w/a.ipynb"


def notebook(*texts: str | tuple[str, str]) -> list[Document]:
    pairs = [("python", text) if isinstance(text, str) else text for text in texts]
    return [
        Document(f"cell:{n}", text, language, 1, cell=Cell(URI, n, language != "markdown"))
        for n, (language, text) in enumerate(pairs, 1)
    ]


def within(cells: list[Document], number: int) -> Snapshot:
    document = cells[number - 1]
    at = len(document.text)
    return Snapshot(document, Selection(at, at), cells=tuple(cells), settings=Settings())


def test_the_cells_around_as_a_script() -> None:
    cells = notebook(
        ("markdown", "# Title\n\ntext"), "a = 1\n", "b = 2", "", ("sql", "select 1\nfrom x"), "c = 3"
    )
    before, after = around(within(cells, 3), 10_000)
    assert before == "# %% [markdown]\n# # Title\n#\n# text\n\n# %%\na = 1\n\n# %%\n"
    assert after == "\n\n# %% [sql]\n# select 1\n# from x\n\n# %%\nc = 3"
    assert around(within(cells, 1), 10_000) == (
        "",
        "\n\n```python\na = 1\n```\n\n```python\nb = 2\n```\n\n```sql\nselect 1\nfrom x\n```\n\n```python\nc = 3\n```",
    )


def test_a_fence_in_code_does_not_end_its_own() -> None:
    _, after = around(within(notebook(("markdown", "x"), "text = '''\n```\n'''"), 1), 1000)
    assert after == "\n\n````python\ntext = '''\n```\n'''\n````"


def test_the_nearest_cells_come_first_where_there_is_no_room() -> None:
    cells = notebook(*(f"value_{n} = {n}" for n in range(50)))
    before, after = around(within(cells, 25), 40)
    assert "value_23" in before and "value_10" not in before
    assert "value_25" in after and "value_40" not in after
    assert before.endswith("# %%\n")


@given(st.lists(st.text("ab #%\n`", max_size=40), min_size=1, max_size=8), st.data())
def test_a_context_keeps_its_budget_and_the_order(texts: list[str], data: Any) -> None:
    cells = notebook(*texts)
    number = data.draw(st.integers(1, len(cells)))
    budget = data.draw(st.integers(20, 200))
    context = build_context(within(cells, number), budget=budget)
    own = [n for n, excerpt in enumerate(context.excerpts) if "the one asked about" in excerpt.reason]
    others = [excerpt for excerpt in context.excerpts if "of the notebook" in excerpt.reason]
    assert sum(estimate_tokens(excerpt.text) for excerpt in others) <= budget
    numbers = [int(excerpt.reason.split()[1]) for excerpt in others]
    assert numbers == sorted(numbers) and number not in numbers
    if own:
        above = [excerpt for excerpt in context.excerpts[: own[0]] if excerpt in others]
        assert all(int(excerpt.reason.split()[1]) < number for excerpt in above)


def test_imports_are_kept_before_what_is_near() -> None:
    filler = [f"value_{n} = [{n}, {n}, {n}]" for n in range(40)]
    cells = notebook("import pandas as pd\n", *filler, "print(pd)")
    context = build_context(within(cells, len(cells)), budget=100)
    shown = [excerpt.text for excerpt in context.excerpts]
    assert shown[0] == "import pandas as pd\n"
    assert filler[-1] in shown and filler[0] not in shown
    assert context.dropped


def test_a_completing_model_sees_a_script() -> None:
    cells = notebook("import os", "print(", "os.getcwd()")
    prompt = build_fim(within(cells, 2))
    assert prompt.prefix == "# %%\nimport os\n\n# %%\nprint("
    assert prompt.suffix == "\n\n# %%\nos.getcwd()"
    assert prompt.path == "a.py"
    assert "\n# %%" in build_fim(within(notebook("import os", ""), 2)).stop


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("total()\n\n# %%\nprint(2)", "total()"),
        ("# %%\ntotal()\n", "total()"),
        ("total()  # %% done", "total()  # %% done"),
    ],
)
def test_a_completion_ends_with_its_cell(reply: str, text: str) -> None:
    place = Place("", "", "python", mark_of(within(notebook("x", ""), 2)))
    cut = cut_at(reply, place, scope_of(place))
    assert read_completion(reply[:cut], place) == text
    assert stops_of(place) == ("\n\n\n", "\n# %%")


FORMS: dict[str, tuple[Any, list[tuple[str, str]]]] = {
    "version 4": (
        {
            "metadata": {"kernelspec": {"language": "R"}},
            "cells": [
                {"cell_type": "markdown", "source": ["# T\n", "x"]},
                {"cell_type": "code", "source": "a <- 1", "outputs": [{"data": {"image/png": "iVBOR"}}]},
                {"cell_type": "code", "source": "select 1", "metadata": {"vscode": {"languageId": "sql"}}},
                {"cell_type": "raw", "source": "raw"},
            ],
        },
        [("markdown", "# T\nx"), ("r", "a <- 1"), ("sql", "select 1"), ("plaintext", "raw")],
    ),
    "version 3": (
        {
            "worksheets": [
                {
                    "cells": [
                        {"cell_type": "heading", "level": 2, "source": "T"},
                        {"cell_type": "code", "input": ["a = 1"], "language": "python"},
                    ]
                }
            ]
        },
        [("markdown", "## T"), ("python", "a = 1")],
    ),
    "no metadata": ({"cells": [{"cell_type": "code", "source": ""}]}, [("python", "")]),
    "odd metadata": (
        {"metadata": 3, "cells": [{"cell_type": "code", "source": "", "metadata": []}]},
        [("python", "")],
    ),
}


@pytest.mark.parametrize(("form", "cells"), FORMS.values(), ids=FORMS)
def test_the_cells_of_a_file(form: Any, cells: list[tuple[str, str]]) -> None:
    parsed = parse_notebook(json.dumps(form))
    assert parsed is not None
    assert [(cell.language_id, cell.text) for cell in parsed] == cells


@pytest.mark.parametrize(
    "text", ["", "x = 1", "[]", "3", "{}", '{"cells": 3}', '{"cells": [1]}', '{"worksheets": []}', "[" * 5000]
)
def test_what_is_no_notebook(text: str) -> None:
    assert parse_notebook(text) is None


def test_a_notebook_to_read() -> None:
    cells = notebook("a = 1\n", ("markdown", "so\n\nit is"), "b = 2")
    assert script_of(cells, cells[2].uri) == (
        "# %% cell 1\na = 1\n\n# %% cell 2 [markdown]\n# so\n#\n# it is\n\n# %% cell 3 (the current one)\nb = 2"
    )
