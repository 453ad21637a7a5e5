"""Tasks of an agent in a real Neovim, from the cases of `tests/agent`: files and buffers are exactly what was agreed, and the
cost that is shown is what the ledger holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import NO_SANDBOX, Agent
from neovim import Neovim
from playing_neovim import NeovimPlayer
from plugin import LOAD, PLUGIN
from setting import CONFIG
from stories import read_story
from test_costs import spent

from casefile import FOLDER, read_case
from halley.simulator import Simulator

BAR = "require('halley.chat.window').winbar():find(..., 1, true) ~= nil"


@pytest.mark.parametrize(
    "name",
    [
        "rename_across_files",
        "some_hunks_of_unsaved_text",
        "failing_test",
        "restored_turns",
        "typed_while_asked",
    ],
)
def test_a_task_in_neovim_ends_as_it_was_agreed(
    name: str, fresh: Neovim, simulator: Simulator, workspace: Path, halley_home: Path
) -> None:
    (halley_home / "config.toml").write_text(CONFIG.format(url=simulator.base_url) + NO_SANDBOX)
    fresh.lua(LOAD, str(PLUGIN))
    fresh.edit(workspace / "new.txt")
    fresh.attached()
    case = read_case(FOLDER / "agent/python" / f"{name}.md")
    player, files = NeovimPlayer(Agent(None, simulator, workspace)), case.texts("workspace")  # type: ignore[arg-type]
    player.on_question = lambda: seen_cost(fresh, halley_home)  # type: ignore[method-assign]
    player.editor = fresh
    player.ask_daemon("halley/models/list", refresh=True)  # with the prices
    player.play_in(fresh, files, read_story(case.text("story")))
    case.check("result", player.changed(files))
    if name == "rename_across_files":
        seen_cost(fresh, halley_home)


def seen_cost(editor: Neovim, halley_home: Path) -> None:
    """The window's bar has the sum of the ledger's rows, of a chat with a single turn."""
    if editor.lua("return #require('halley.chat').of().text.turns") == 1:
        editor.wait_outside(lambda: is_shown(editor, sum(cost or 0 for cost in spent(halley_home))))


def is_shown(editor: Neovim, cost: float) -> bool:
    """Both are read again and again: the ledger's rows are written while the bar is drawn."""
    return cost > 0.0001 and editor.lua(f"return {BAR}", f"${cost:.4f}")
