"""Screens as the user sees them, compared with references: the text, and which parts are highlighted alike.

A reference is a file in `screens/`: the rows of text, then the same rows with a letter for each highlight, in the order
they first appear. `pytest --update` rewrites them.
"""

from __future__ import annotations

import re
import string
from pathlib import Path

from neovim import Neovim

FOLDER = Path(__file__).parent / "screens"
READ = """
    vim.cmd.redraw({ bang = true })
    local rows = {}
    for row = 1, vim.o.lines do
      local text, colours = {}, {}
      for column = 1, vim.o.columns do
        table.insert(text, vim.fn.screenstring(row, column))
        table.insert(colours, vim.fn.screenattr(row, column))
      end
      table.insert(rows, { table.concat(text), colours })
    end
    return rows
"""
CHANGING = ((r"c-[0-9a-f]{22}", "c-" + "0" * 22), (r"halley:/answers/\\w+", "halley:/answers/0"))
"""What is another in every run, and what stands for it: as long, so that columns stay."""


def size(editor: Neovim, columns: int = 80, lines: int = 24) -> None:
    editor.lua("vim.o.columns, vim.o.lines = ...", columns, lines)


def screen(editor: Neovim) -> str:
    """The screen as it is now, as a reference has it."""
    rows = editor.lua(READ)
    text = "\n".join(row.rstrip() for row, _ in rows)
    for pattern, stands in CHANGING:
        text = re.sub(pattern, stands, text)
    letters: dict[int, str] = {}
    names = iter("." + string.ascii_lowercase + string.ascii_uppercase)
    colours = []
    for _, row in rows:
        for attribute in row:
            if attribute not in letters:
                letters[attribute] = next(names)
        colours.append("".join(letters[attribute] for attribute in row))
    return text + "\n\n" + "\n".join(colours) + "\n"


def check(editor: Neovim, name: str, update: bool) -> None:
    """Compares with the reference, or writes it."""
    seen, path = screen(editor), FOLDER / f"{name}.txt"
    if update:
        FOLDER.mkdir(exist_ok=True)
        path.write_text(seen)
        return
    assert path.exists(), f"there is no {path.name} yet: `pytest --update` writes it"
    assert seen == path.read_text(), f"{path.name} is not what is seen (`pytest --update` rewrites it)"
