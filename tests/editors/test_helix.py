"""Helix, with the lines of docs/editors/helix.md and nothing else: real keys, and what its screen shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import block, keep_picture
from shop import BETTER, CODE
from terminal import PATIENCE_S, Terminal

from halley.simulator import Simulator

ENTER, ESCAPE = "\r", "\x1b"


@pytest.fixture
def helix(
    helix_binary: Path, configured: dict[str, str], workspace: Path, tmp_path: Path, simulator: Simulator
) -> Iterator[Terminal]:
    """With a file open that Halley serves."""
    settings = tmp_path / "config/helix"
    settings.mkdir(parents=True)
    (settings / "languages.toml").write_text(re.sub('"(pylsp|marksman)", ', "", block("helix", "toml")))
    quick = "[editor]\nidle-timeout = 50\ncompletion-timeout = 5\n"
    (settings / "config.toml").write_text(quick + block("helix", "toml", 1))
    (workspace / "shop.py").write_text(CODE)
    homes = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    terminal = Terminal([helix_binary, "shop.py"], configured | homes, workspace)
    terminal.shows("def total(items)", "NOR")
    yield terminal
    terminal.close()


def list_actions(helix: Terminal, title: str) -> str:
    """The menu of actions, once this one is in it; the server may not be there yet."""
    while True:
        helix.type(" a")
        menu = helix.wait(lambda screen: title in screen or EARLY in screen, title)
        if title in menu:
            return menu
        helix.type(ESCAPE)
        helix.hides(EARLY)


def leave_menu(helix: Terminal) -> None:
    helix.type(ESCAPE)
    helix.hides("Explain")


def pick(helix: Terminal, title: str, picture: str = "") -> str:
    """Everything selected, the menu of actions opened, and the one of this title chosen; the menu as it was."""
    helix.type("%")
    menu = list_actions(helix, title)
    if picture:
        keep_picture(helix, picture)
    rows = [line for line in menu.splitlines() if any(word in line for word in MENU)]
    down = next(index for index, line in enumerate(rows) if title in line)
    helix.type("\x0e" * down + ENTER)  # Ctrl-n; the first is chosen already
    return menu


EARLY = "No configured language server"
MENU = (
    "Stop Halley",
    "Accept: ",
    "Discard: ",
    "Fix ",
    "Generate ",
    "Improve ",
    "Document ",
    "Format ",
    "Write tests ",
    "Explain ",
)


def test_an_action_is_picked_applied_and_undone_in_one_step(helix: Terminal, simulator: Simulator) -> None:
    simulator.script(f"```python\n{BETTER}```")
    menu = pick(helix, "Improve the selection")
    assert "Explain the selection" in menu
    helix.shows("return sum(item.price for item in items)")
    helix.type("u")
    helix.shows("result = result + item.price", "return result")
    assert "sum(" not in helix.text(), "one undo takes all of it back"


def test_a_cursor_is_not_taken_for_a_selection(helix: Terminal, simulator: Simulator) -> None:
    """Helix always selects at least one character: the definition at the cursor is meant."""
    simulator.script("It adds up.", contains="Explain ")
    helix.type("3ggll")
    menu = list_actions(helix, "Explain")
    assert "the selection" not in menu, menu
    rows = [line for line in menu.splitlines() if any(word in line for word in MENU)]
    down = next(index for index, line in enumerate(rows) if "Explain" in line)
    helix.type("\x0e" * down + ENTER)
    helix.shows("It adds up.")
    asked = simulator.requests[-1].json["messages"][-1]["content"].split("Explain ")[-1]
    assert "def total(items)" in asked and "return result" in asked


def test_an_instruction_changes_the_definition_at_the_cursor(helix: Terminal, simulator: Simulator) -> None:
    simulator.script(f"```python\n{BETTER}```", contains="Add them by sum, 5%")
    list_actions(helix, "Explain")  # the server is there
    leave_menu(helix)
    helix.type("3gg i")
    helix.shows('"instruction": ')
    helix.type("Add them by sum, 5%%" + ENTER)
    helix.shows("return sum(item.price for item in items)")
    helix.type("u")
    helix.shows("result = result + item.price", "return result")


def test_a_question_about_the_file_is_answered_and_its_answer_takes_commands(
    helix: Terminal, simulator: Simulator
) -> None:
    simulator.script("It adds up prices.", contains="What is it for?")
    list_actions(helix, "Explain")
    leave_menu(helix)
    helix.type(" o")
    helix.shows('"prompt": ')
    helix.type("What is it for?" + ENTER)
    helix.shows("# Chat", "It adds up prices.")
    assert any("def total(items)" in one.body.decode() for one in simulator.requests)
    helix.type(":lsp-workspace-command halley.models.list" + ENTER)
    helix.shows("# Models", "MODEL", "CONTEXT")


def test_an_explanation_opens_as_markdown(helix: Terminal, simulator: Simulator) -> None:
    simulator.script("It adds up the **prices** of the items.")
    pick(helix, "Explain the selection", picture="helix")
    helix.shows("It adds up the **prices** of the items.", "# Explanation of shop.py")


def test_a_missing_key_is_reported(helix_binary: Path, helix: Terminal, simulator: Simulator) -> None:
    simulator.script(status=401, body={"error": {"message": "Incorrect API key provided"}}, repeat=-1)
    pick(helix, "Explain the selection")
    helix.shows("did not accept the key")
    assert "def total(items)" in helix.text()


def test_that_nothing_changes_stays_in_the_status_line(helix: Terminal, simulator: Simulator) -> None:
    """Helix empties that line when a progress ends."""
    simulator.script(f"```python\n{CODE}```")
    pick(helix, "Improve the selection")
    helix.shows("Nothing to change.")


def test_what_runs_is_stopped_from_the_same_menu(helix: Terminal, simulator: Simulator) -> None:
    simulator.script("It adds up. " * 300, hold=5)
    pick(helix, "Explain the selection")
    helix.wait(lambda _: simulator.open_streams == 1, "the model writes")
    pick(helix, "Stop Halley")
    helix.wait(lambda _: simulator.open_streams == 0, "the connection is closed")
    helix.shows("stopped")


def test_another_model_is_chosen_by_command(helix: Terminal, simulator: Simulator) -> None:
    simulator.script("Yes.", repeat=-1)
    pick(helix, "Explain the selection")
    helix.shows("Yes.")
    helix.type("ga")  # back to the file before
    helix.shows("def total")
    command = block("helix", "text").strip().replace("provider/model", "simulator/sim-fast")
    helix.type(":" + command.removeprefix(":") + ENTER)
    helix.shows("chat asks simulator/sim-fast")


def test_suggestions_are_in_the_ordinary_list(helix: Terminal, simulator: Simulator) -> None:
    simulator.script("item in items)", repeat=-1)
    list_actions(helix, "Explain")
    leave_menu(helix)
    helix.type("ggoresult = sum(item.price for ")
    helix.shows("price for")
    helix.type("\x18")  # Ctrl-x: complete; what is ready by then is nothing
    helix.wait(lambda _: bool(simulator.requests) and not simulator.open_streams, "a suggestion was made")
    helix.type("\x18")
    helix.shows("item in items text")


def test_leaving_ends_the_daemon(helix: Terminal) -> None:
    import psutil

    list_actions(helix, "Explain")
    daemons = psutil.Process(helix.process.pid).children(recursive=True)
    assert daemons
    leave_menu(helix)
    helix.type(f":qa!{ENTER}")
    assert helix.ended() == 0
    _, alive = psutil.wait_procs(daemons, timeout=PATIENCE_S)
    assert not alive
