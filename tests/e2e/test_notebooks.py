"""Notebooks: actions, ghost text and chat in cells, with the cells around them; rules follow the notebook's path."""

from __future__ import annotations

import json
from typing import Any

import pytest
from window import Buffer, Json, RequestFailed, Window

from halley.lsp.text.uris import path_of_uri
from halley.simulator import Simulator

CELLS = (
    ("markdown", "# Sales\nWhat was sold, by month."),
    ("python", "import pandas as pd\n\nsales = pd.read_csv('sales.csv')"),
    ("python", "def monthly(frame):\n    return frame.groupby('month').sun()"),
    ("python", "totals = monthly(sales)\n"),
    ("sql", "select month from sales"),
)
FIX, EXPLAIN, TESTS = "quickfix.halley.fix", "halley.explain", "refactor.halley.tests"
FIXED = "```python\ndef monthly(frame):\n    return frame.groupby('month').sum()\n```"


@pytest.fixture
async def cells(window: Window) -> list[Buffer]:
    return await window.open_notebook("analysis.ipynb", *CELLS)


def asked(simulator: Simulator) -> str:
    """What the last request said but for those that name a chat."""
    asked = [request for request in simulator.requests if request.model in ("sim-chat", "sim-code")]
    return "\n".join(str(message["content"]) for message in asked[-1].json["messages"])


def in_order(text: str, *parts: str) -> bool:
    places = [text.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


async def ghost_text(window: Window, cell: Buffer, at: int, trigger: int = 2) -> list[str]:
    params = {"textDocument": {"uri": cell.uri}, "position": cell.position(at)}
    answer = await window.request(
        "textDocument/inlineCompletion", params | {"context": {"triggerKind": trigger}}
    )
    return [item["insertText"] for item in answer["items"]]


async def test_a_fix_edits_its_cell_and_sees_the_others(
    window: Window, cells: list[Buffer], simulator: Simulator
) -> None:
    cell = cells[2]
    found = {"range": cell.range("sun"), "message": "no attribute 'sun'", "severity": 1}
    simulator.script(FIXED)
    await window.run(await window.action(cell, found["range"], FIX, [found]))
    assert cell.text == CELLS[2][1].replace("sun", "sum")
    (part,) = window.edits[-1]["edit"]["documentChanges"]
    assert part["textDocument"] == {"uri": cell.uri, "version": 1}
    said = asked(simulator)
    assert "`analysis.ipynb`, lines 1 to 2 (cell 3, the one asked about)" in said
    assert in_order(
        said, "# Sales", "import pandas", "def monthly", "totals = monthly(sales)", "select month"
    )
    assert "(cell 2 of the notebook)" in said


async def test_an_edit_made_for_an_older_cell_is_moved(
    window: Window, cells: list[Buffer], simulator: Simulator
) -> None:
    cell = cells[2]

    async def type_above() -> None:
        await window.type(cell, 0, "# by month\n")

    window.before_edit = type_above
    simulator.script(FIXED)
    await window.run(await window.action(cell, cell.range("sun"), FIX))
    assert cell.text == "# by month\n" + CELLS[2][1].replace("sun", "sum")
    assert len(window.edits) == 2


async def test_the_menu_speaks_of_cells(window: Window, cells: list[Buffer], simulator: Simulator) -> None:
    listed = await window.code_actions(cells[1], cells[1].range("sales = ", cursor=True), only=EXPLAIN)
    assert [action["title"] for action in listed] == ["Explain this cell"]
    simulator.script("It reads a file.")
    await window.run(listed[0])
    answer = path_of_uri(window.shown[-1]["uri"])
    assert answer and "# Explanation of cell 2 of analysis.ipynb" in answer.read_text("utf-8")


async def test_ghost_text_continues_the_cells_above(
    window: Window, cells: list[Buffer], simulator: Simulator
) -> None:
    cell = cells[3]
    simulator.script("totals.plot()\n\n# %%\nprint('another cell')")
    assert await ghost_text(window, cell, len(cell.text)) == ["totals.plot()"], "not into the next cell"
    seen = simulator.requests[-1]
    assert "sim-fim" in seen.model
    prefix, suffix = seen.json["prompt"], seen.json.get("suffix") or ""
    assert in_order(
        prefix, "# %% [markdown]\n# # Sales", "# %%\nimport pandas", "# %%\ndef monthly", "# %%\ntotals"
    )
    assert prefix.endswith("# %%\ntotals = monthly(sales)\n")
    assert "# %% [sql]\n# select month" in suffix


async def test_ghost_text_in_an_empty_cell_below_others(window: Window, simulator: Simulator) -> None:
    *_, empty = await window.open_notebook("a.ipynb", ("python", "total = 3"), ("python", ""))
    simulator.script("print(total)")
    assert await ghost_text(window, empty, 0) == ["print(total)"]
    (alone,) = await window.open_notebook("b.ipynb", ("python", ""))
    assert await ghost_text(window, alone, 0) == []


async def test_prose_sees_code_as_prose_does(window: Window, simulator: Simulator) -> None:
    _, prose = await window.open_notebook("a.ipynb", ("python", "total = 3"), ("markdown", "The total is "))
    simulator.script("three.")
    assert await ghost_text(window, prose, len(prose.text)) == ["three."]
    assert simulator.requests[-1].json["prompt"].endswith("```python\ntotal = 3\n```\n\nThe total is ")


async def test_what_is_typed_into_a_cell_is_seen_from_the_next(
    window: Window, cells: list[Buffer], simulator: Simulator
) -> None:
    await window.type(cells[1], len(cells[1].text), "\nextra = 4711")
    await ghost_text(window, cells[3], len(cells[3].text))
    assert "extra = 4711" in simulator.requests[-1].json["prompt"]


async def test_cells_come_go_and_move(window: Window, cells: list[Buffer], simulator: Simulator) -> None:
    def splice(start: int, gone: int, *come: Buffer, closed: tuple[Buffer, ...] = ()) -> None:
        array = {
            "start": start,
            "deleteCount": gone,
            "cells": [{"kind": 2, "document": cell.uri} for cell in come],
        }
        structure = {"array": array, "didClose": [{"uri": cell.uri} for cell in closed]}
        notebook = {"uri": cells[0].notebook, "version": 2}
        params = {"notebookDocument": notebook, "change": {"cells": {"structure": structure}}}
        window.notify("notebookDocument/didChange", params)

    splice(1, 2, cells[2], cells[1])
    splice(0, 1, closed=(cells[0],))
    await ghost_text(window, cells[3], len(cells[3].text))
    prompt = simulator.requests[-1].json["prompt"]
    assert "# Sales" not in prompt
    assert in_order(prompt, "def monthly", "import pandas", "totals")
    splice(7, 3)  # there are four
    await ghost_text(window, cells[3], len(cells[3].text), trigger=1)
    assert "# %%" not in simulator.requests[-1].json["prompt"], "the order is not known any more"


async def test_a_chat_about_a_selection_in_a_cell(
    window: Window, cells: list[Buffer], simulator: Simulator
) -> None:
    simulator.script("By month.")
    where = {"textDocument": {"uri": cells[2].uri}, "range": cells[2].range("frame.groupby('month')")}
    result, _ = await window.chat("What is this grouped by?", **where)
    said = asked(simulator)
    assert in_order(
        said, "Other cells of `analysis.ipynb`", "# %% cell 2\nimport pandas", "# %% cell 4\ntotals"
    )
    assert "# %% cell 3" not in said
    assert "`cell 3 of analysis.ipynb`, line 2:" in said
    kept = await window.request("halley/chat/get", {"chatId": result["chatId"]})
    assert "cell 3 of analysis.ipynb" in json.dumps(kept)


async def test_a_chat_about_the_whole_notebook(
    window: Window, cells: list[Buffer], simulator: Simulator
) -> None:
    await window.type(cells[1], len(cells[1].text), "\nextra = 4711")
    here = {"textDocument": {"uri": cells[1].uri}}
    for prompt in ("Explain #buffer", "Explain #file:analysis.ipynb"):
        simulator.script("It adds up.")
        await window.chat(prompt, **here)
        said = asked(simulator)
        assert in_order(said, "# %% cell 1 [markdown]\n# # Sales", "extra = 4711", "# %% cell 5 [sql]")
        assert "cell_type" not in said


async def test_an_attached_notebook_is_its_cells_and_not_its_pictures(
    window: Window, simulator: Simulator
) -> None:
    picture = {"output_type": "display_data", "data": {"image/png": "iVBOR" * 500_000}, "metadata": {}}
    code = {"cell_type": "code", "metadata": {}, "source": ["a = 1\n", "plot(a)"], "outputs": [picture]}
    notebook: Json = {"cells": [code], "metadata": {"language_info": {"name": "python"}}, "nbformat": 4}
    (window.folder / "big.ipynb").write_text(json.dumps(notebook))
    simulator.script("A plot.")
    await window.chat("What is plotted? #file:big.ipynb")
    said = asked(simulator)
    assert "# %% cell 1\na = 1\nplot(a)" in said
    assert "iVBOR" not in said


async def test_the_rules_of_the_notebooks_path_hold_in_its_cells(daemon: Any, simulator: Simulator) -> None:
    window: Window = await daemon(settings={"context": {"exclude": ["private/**"]}})
    (cell,) = await window.open_notebook("private/a.ipynb", ("python", "secret_sauce = 1\n"))
    with pytest.raises(RequestFailed, match="excluded"):
        await window.run(await window.action(cell, cell.range("secret_sauce"), EXPLAIN))
    assert await ghost_text(window, cell, len(cell.text)) == []
    open_one = await window.open("b.py", "secret_sauce = secret_sauce + 1\nother = secret_sauce")
    await window.run(await window.action(open_one, open_one.range("other", cursor=True), EXPLAIN))
    assert "secret_sauce = 1" not in asked(simulator)


async def test_cells_of_a_client_without_notebooks(window: Window, simulator: Simulator) -> None:
    uri = f"vscode-notebook-cell:{window.folder}/a.ipynb#W0sZmlsZQ%3D%3D"
    cell = window.buffers[uri] = Buffer(uri, "python", CELLS[2][1])
    item = {"uri": uri, "languageId": "python", "version": 1, "text": cell.text}
    window.notify("textDocument/didOpen", {"textDocument": item})
    simulator.script(FIXED)
    await window.run(await window.action(cell, cell.range("sun"), FIX))
    assert cell.text == CELLS[2][1].replace("sun", "sum")
    assert "`a.ipynb`, lines 1 to 2 (the file)" in asked(simulator)


async def test_tests_of_a_cell_get_a_file_beside_the_notebook(
    window: Window, cells: list[Buffer], simulator: Simulator
) -> None:
    simulator.script("```python\ndef test_monthly():\n    pass\n```")
    await window.run(await window.action(cells[2], cells[2].range("def monthly", cursor=True), TESTS))
    created = [part for part in window.edits[-1]["edit"]["documentChanges"] if part.get("kind") == "create"]
    assert [part["uri"] for part in created] == [(window.folder / "tests/test_analysis.py").as_uri()]


async def test_a_reply_that_names_the_script_means_the_cell(
    window: Window, cells: list[Buffer], simulator: Simulator
) -> None:
    simulator.script(FIXED.replace("```python", "```python analysis.py"))
    await window.run(await window.action(cells[2], cells[2].range("sun"), FIX))
    assert cells[2].text == CELLS[2][1].replace("sun", "sum")
    assert len(window.edits[-1]["edit"]["documentChanges"]) == 1


async def test_a_block_of_a_chat_goes_to_the_cell_that_defines_it(
    window: Window, cells: list[Buffer]
) -> None:
    params = {
        "text": "def monthly(frame):\n    return frame.groupby('month').sum()",
        "language": "python",
        "textDocument": {"uri": cells[3].uri},
        "range": cells[3].range("totals", cursor=True),
        "file": "analysis.ipynb",
    }
    answer = await window.request("halley/chat/apply", params)
    assert answer["applied"] is True
    assert cells[2].text == CELLS[2][1].replace("sun", "sum")
    assert cells[3].text == CELLS[3][1]


async def test_code_never_takes_the_place_of_a_notebooks_json(window: Window) -> None:
    (window.folder / "raw.ipynb").write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4}))
    buffer = await window.open("b.py", "x = 1\n")
    for name in ("raw.ipynb", "new.ipynb"):
        params = {
            "text": "def f():\n    return 1",
            "language": "python",
            "textDocument": {"uri": buffer.uri},
            "range": buffer.range("x", cursor=True),
            "file": name,
        }
        with pytest.raises(RequestFailed, match="notebook"):
            await window.request("halley/chat/apply", params)
    assert not window.edits
