"""Neovim in a terminal, with the plugin as docs/editors/neovim.md sets it up: real keys, and what the screen shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from neovim import documented_setup
from pages import keep_picture
from terminal import Terminal

from halley.simulator import Simulator

PLUGIN = Path(__file__).parents[2] / "clients/neovim"
CODE = """\
def total(items):
    result = 0
    for item in items:
        result += item.price
    return result


def largest(items):
"""
REPLY = """\
It adds up the **prices**. Shorter:

```python
def total(items):
    return sum(item.price for item in items)
```
"""
ENTER, ESCAPE, LEFT_WINDOW = "\r", "\x1b", "\x17h"


@pytest.fixture
def neovim(
    neovim_binary: Path, configured: dict[str, str], workspace: Path, tmp_path: Path
) -> Iterator[Terminal]:
    """With a file open that Halley serves."""
    (workspace / "shop.py").write_text(CODE)
    ghost_text, plugin = documented_setup().split("\n")[3], documented_setup(3)
    init = tmp_path / "init.lua"
    init.write_text(plugin.replace("/path/to/halley/clients/neovim", str(PLUGIN)) + ghost_text + "\n")
    homes = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("CONFIG", "CACHE", "STATE", "DATA")}
    terminal = Terminal([neovim_binary, "--clean", "-u", init, "shop.py"], configured | homes, workspace)
    terminal.shows("def total(items)", "shop.py")
    yield terminal
    terminal.close()


def test_a_chat_beside_the_code_and_ghost_text_in_it(neovim: Terminal, simulator: Simulator) -> None:
    neovim.type(":Halley chat" + ENTER)
    neovim.shows("## You")
    simulator.script("The total of a shop", contains="title", repeat=-1)
    simulator.script(REPLY, model="sim-chat", contains="What is this about")
    neovim.type("iWhat is this about? #file:shop.py" + ESCAPE + ENTER)
    neovim.shows(
        "The total of a shop", "It adds up the", "return sum(item.price for item in", "Context 1 excerpt"
    )
    simulator.script("max(item.price for item in items)", path="/v1/completions", repeat=-1)
    neovim.type(LEFT_WINDOW + "Goreturn ")
    neovim.shows("return max(item.price for item in items)")
    keep_picture(neovim, "neovim")
