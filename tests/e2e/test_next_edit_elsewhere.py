"""The next edit in other files, open or not: found, offered as a jump, made where it belongs, and never what stays here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from buffer import Buffer, Json
from test_next_edit import SETTINGS, accept, counted, question, rename
from window import Window

from halley.features.next_edit.unopened import MOST_READ
from halley.simulator import Simulator

SHAPES = "def area(width, height):\n    return width * height\n"
SHOP = "from shapes import area\n\n\ndef show():\n    print(area(2, 3))\n"


@pytest.fixture
async def editor(daemon: Any) -> Window:
    return await daemon(settings=SETTINGS)


async def asked(window: Window, buffer: Buffer, at: int, **more: Any) -> Json | None:
    return (await window.request("halley/nextEdit", question(buffer, at, **more))).get("edit")


async def renamed(window: Window, name: str = "shapes.py", text: str = SHAPES) -> tuple[Buffer, int]:
    buffer = await window.open(name, text)
    return buffer, await rename(window, buffer, "area", "surface")


def row(edit: Json) -> int:
    return edit["range"]["start"]["line"]


async def test_a_use_in_a_file_that_is_not_open_is_the_next_edit(
    editor: Window, workspace: Path, simulator: Simulator
) -> None:
    (workspace / "shop.py").write_text(SHOP)
    buffer, at = await renamed(editor)
    edit = await asked(editor, buffer, at)
    assert edit and edit["uri"] == (workspace / "shop.py").as_uri()
    assert edit["jump"] and edit.get("version") is None
    assert (row(edit), edit["replaces"]) == (0, "area")
    assert await asked(editor, buffer, at) == edit, "it stays while nothing is typed"
    assert len(simulator.requests) == 1

    shop = await editor.open("shop.py", SHOP)
    shop.apply([{"range": edit["range"], "newText": edit["text"]}])
    assert shop.text.startswith("from shapes import surface\n")
    await editor.request("halley/nextEdit/outcome", {"id": edit["id"], "outcome": "accepted"})
    changes = [{"text": shop.text}]
    document = {"uri": shop.uri, "version": shop.version}
    editor.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})
    rest = await asked(editor, shop, 0)
    assert rest and (rest["uri"], row(rest)) == (shop.uri, 4)
    accept(shop, rest)
    assert shop.text == SHOP.replace("area", "surface")
    assert len(simulator.requests) == 1, "both are of one answer"


async def test_what_is_in_the_document_and_in_open_ones_comes_first(editor: Window, workspace: Path) -> None:
    (workspace / "a.py").write_text(SHOP)
    other = await editor.open("z.py", SHOP)
    buffer, at = await renamed(editor, text=f"{SHAPES}\n\nprint(area(1, 2))\n")
    edit = await asked(editor, buffer, at)
    assert edit and edit["uri"] == buffer.uri
    await editor.type(buffer, buffer.text.index("area(1"), "surface", instead_of=4)
    edit = await asked(editor, buffer, at)
    assert edit and (edit["uri"], edit["version"]) == (other.uri, other.version)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("private/shop.py", SHOP),
        ("ignored/shop.py", SHOP),
        (".env.py", SHOP),
        ("secrets/credentials.py", "from shapes import area\nkey = area('sk-proj-" + "aB3" * 16 + "')\n"),
        ("made.py", f"# @generated\n{SHOP}"),
        ("shop.txt", SHOP),
        ("comment.py", "# area of a shape\nx = 'area'\n"),
        ("own.py", "def area(side):\n    return side * side\n\n\nprint(area(2))\n"),
        ("node_modules/shop.py", SHOP),
    ],
)
async def test_what_stays_here_or_is_another_thing_is_never_asked_about(
    daemon: Any, workspace: Path, simulator: Simulator, name: str, text: str
) -> None:
    (workspace / ".gitignore").write_text("ignored/\n")
    (workspace / name).parent.mkdir(exist_ok=True)
    (workspace / name).write_text(text)
    window: Window = await daemon(settings=SETTINGS | {"context": {"exclude": ["private/**", ".env*"]}})
    buffer, at = await renamed(window)
    assert await asked(window, buffer, at) is None
    assert all(name not in request.body.decode() for request in simulator.requests)


async def test_links_out_of_the_workspace_are_not_followed(
    editor: Window, workspace: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "shop.py").write_text(SHOP)
    (workspace / "shop.py").symlink_to(outside / "shop.py")
    (workspace / "lib").symlink_to(outside, target_is_directory=True)
    buffer, at = await renamed(editor)
    assert await asked(editor, buffer, at) is None


async def test_a_repository_that_waits_for_trust_shows_no_closed_files(
    editor: Window, workspace: Path
) -> None:
    (workspace / ".halley.toml").write_text("[next_edit]\ndebounce_ms = 1\n")
    (workspace / "shop.py").write_text(SHOP)
    buffer, at = await renamed(editor)
    assert await asked(editor, buffer, at) is None


@pytest.mark.parametrize("code", ["def f():\n    area = 1\n    return 2\n", "def f(area):\n    return 2\n"])
async def test_a_local_name_means_nothing_in_other_files(
    editor: Window, workspace: Path, simulator: Simulator, code: str
) -> None:
    (workspace / "shop.py").write_text(SHOP)
    buffer, at = await renamed(editor, text=code)
    await asked(editor, buffer, at)
    assert all("shop.py" not in request.body.decode() for request in simulator.requests)


async def test_an_edit_of_a_file_that_changed_meanwhile_is_not_kept(editor: Window, workspace: Path) -> None:
    (workspace / "shop.py").write_text(SHOP)
    buffer, at = await renamed(editor)
    assert await asked(editor, buffer, at)
    (workspace / "shop.py").write_text("import shapes\n")
    assert await asked(editor, buffer, at) is None


async def test_typing_elsewhere_ignores_it(editor: Window, workspace: Path) -> None:
    (workspace / "shop.py").write_text(SHOP)
    buffer, at = await renamed(editor)
    edit = await asked(editor, buffer, at)
    assert edit
    await editor.request("halley/nextEdit/outcome", {"id": edit["id"], "outcome": "shown"})
    await editor.type(buffer, len(buffer.text), "x = 1\n")
    await asked(editor, buffer, len(buffer.text))
    assert (await counted(editor))[0] >= 1 and (await counted(editor))[3] == 1


async def test_a_light_bulb_makes_it_and_opens_the_file(
    editor: Window, workspace: Path, simulator: Simulator
) -> None:
    (workspace / "shop.py").write_text(SHOP)
    buffer, _ = await renamed(editor)
    listed: list[Json] = []
    await simulator.wait_for(lambda sim: sim.requests and sim.open_streams == 0)
    while not any(one["title"] == "Next edit: shop.py:1" for one in listed):
        where = {"textDocument": {"uri": buffer.uri}, "range": buffer.range("return", cursor=True)}
        listed = await editor.request("textDocument/codeAction", where | {"context": {"diagnostics": []}})
    (action,) = [one for one in listed if one["title"].startswith("Next edit")]
    assert await editor.request("workspace/executeCommand", action["command"]) == {
        "applied": True,
        "edits": 1,
    }
    await editor.until(lambda: editor.shown)
    assert editor.shown[-1]["uri"] == (workspace / "shop.py").as_uri()


async def test_clients_of_copilots_method_are_never_given_another_file(
    editor: Window, workspace: Path
) -> None:
    (workspace / "shop.py").write_text(SHOP)
    buffer, at = await renamed(editor)
    found = await editor.request("textDocument/copilotInlineEdit", question(buffer, at))
    assert found == {"edits": []}


async def test_a_new_parameter_is_followed_into_other_files(
    editor: Window, workspace: Path, simulator: Simulator
) -> None:
    (workspace / "shop.py").write_text(SHOP)
    buffer = await editor.open("shapes.py", SHAPES)
    at = buffer.text.index("height")
    await editor.type(buffer, at, "height, depth", instead_of=len("height"))
    simulator.script(f"<editable_region>\n{SHOP.replace('3)', '3, 0)')}</editable_region>")
    edit = await asked(editor, buffer, at)
    assert edit and edit["uri"].endswith("shop.py") and "0" in edit["text"]


async def test_the_index_finds_a_file_among_more_than_are_read(daemon: Any, workspace: Path) -> None:
    for number in range(MOST_READ):
        (workspace / f"other{number}.py").write_text("x = 1\n")
    (workspace / "far").mkdir()
    (workspace / "far/shop.py").write_text(SHOP)
    window: Window = await daemon(settings=SETTINGS | {"search": {"enabled": True}})
    buffer, at = await renamed(window)
    assert await asked(window, buffer, at) is None
    status: Json = {}
    while status.get("state") != "ready":
        await window.request("halley/search", {"query": "area"})
        status = await window.request("halley/index/status", {})
    at = await rename(window, buffer, "surface", "extent")
    edit = await asked(window, buffer, at)
    assert edit and edit["uri"].endswith("far/shop.py")
