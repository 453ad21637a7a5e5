"""What is found of a notebook: its cells' own text, with the lines of the file it is written in."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from halley.features.search.cutting import cut_file, language_of


def notebook(*cells: dict[str, Any], indent: int | None = 1) -> str:
    whole = {"cells": list(cells), "metadata": {"kernelspec": {"language": "python"}}, "nbformat": 4}
    return json.dumps(whole, indent=indent)


def code(*lines: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "outputs": [], "metadata": {}, "source": list(lines)} | more


def test_cells_are_found_where_the_file_has_them() -> None:
    text = notebook(
        {"cell_type": "markdown", "source": ["# Sales\n", "What was sold."]},
        code("import os\n", "\n", "def total(orders):\n", "    return sum(orders)\n"),
    )
    rows = cut_file("w/sales.ipynb", text)
    lines = text.split("\n")
    assert [row.symbol for row in rows] == [
        "cell 1 [markdown] › Sales",
        "cell 2 [python]",
        "cell 2 [python] › total",
    ]
    assert rows[0].text == "# Sales\nWhat was sold.\n"
    assert [lines[row.first_line - 1].strip() for row in rows] == [
        r'"# Sales\n",',
        r'"import os\n",',
        r'"def total(orders):\n",',
    ]
    assert lines[rows[2].last_line - 1].strip() == r'"    return sum(orders)\n"'
    assert [language_of("w/sales.ipynb", row.symbol) for row in rows] == ["markdown", "python", "python"]


def test_outputs_and_metadata_are_not_found() -> None:
    picture = {"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo" * 50}}
    text = notebook(code("show()\n", outputs=[picture, {"text": ['"source": ["show()\\n"]']}]))
    (row,) = cut_file("a.ipynb", text)
    at = text.split("\n").index('    "show()\\n"') + 1
    assert row.text == "show()\n" and (row.first_line, row.last_line) == (at, at)


def test_a_source_in_one_string_is_on_one_line() -> None:
    text = notebook(code() | {"source": "a = 1\nb = 2\n"}, indent=2)
    (row,) = cut_file("a.ipynb", text)
    assert row.text == "a = 1\nb = 2\n" and row.first_line == row.last_line
    assert "a = 1" in text.split("\n")[row.first_line - 1]


def test_sheets_of_the_third_format() -> None:
    old = {"worksheets": [{"cells": [{"cell_type": "code", "language": "python", "input": ["x = 1"]}]}]}
    text = json.dumps(old, indent=1)
    (row,) = cut_file("a.ipynb", text)
    assert row.symbol == "cell 1 [python]" and "x = 1" in text.split("\n")[row.first_line - 1]


def test_what_is_no_notebook_is_left_out() -> None:
    for text in ("", "{", "[]", '{"cells": 3}', "<<<<<<< HEAD\n{}", '{"cells": [{"source": ["a"]}]}'):
        assert cut_file("a.ipynb", text) == []


def test_keys_are_masked_also_over_several_lines() -> None:
    key = ["-----BEGIN RSA PRIVATE KEY-----\n", "MIIEpAIBAAKCAQEAxyz\n", "-----END RSA PRIVATE KEY-----\n"]
    rows = cut_file("a.ipynb", notebook(code("a = 1\n", *key, "b = 2\n")))
    assert all("MIIEp" not in row.text for row in rows) and any("b = 2" in row.text for row in rows)


characters = st.sampled_from('ab"\\\u2028é{}[], ')
written = st.lists(st.text(characters, max_size=12).map(lambda text: f"{text}\n"), max_size=5)
pieces = st.lists(st.text(st.one_of(characters, st.just("\n")), max_size=9), max_size=5)


@given(st.lists(written, max_size=5), st.sampled_from([None, 0, 1, 4]), st.booleans())
def test_each_line_is_where_it_says(cells: list[list[str]], indent: int | None, ascii: bool) -> None:
    made = [code(*lines, outputs=[{"text": lines}]) for lines in cells]
    text = json.dumps({"nbformat": 4, "cells": made}, indent=indent, ensure_ascii=ascii)
    lines = text.split("\n")
    for row in cut_file("a.ipynb", text):
        for at, said in (
            (row.first_line, row.text.split("\n")[0]),
            (row.last_line, row.text.split("\n")[-2]),
        ):
            assert json.dumps(said + "\n", ensure_ascii=ascii) in lines[at - 1]


@given(st.lists(pieces, max_size=5), st.sampled_from([None, 1]))
def test_pieces_of_any_shape_are_found(cells: list[list[str]], indent: int | None) -> None:
    text = json.dumps({"nbformat": 4, "cells": [code(*parts) for parts in cells]}, indent=indent)
    rows = cut_file("a.ipynb", text)
    assert "".join("".join(row.text.split()) for row in rows) == "".join(
        "".join("".join(parts).split()) for parts in cells
    )
    assert all(1 <= row.first_line <= row.last_line <= text.count("\n") + 1 for row in rows)
