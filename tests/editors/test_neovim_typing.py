"""Real source typed back in, in Neovim 0.12 with its own `vim.lsp.inline_completion`: ghost text is never stale."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
from neovim import Neovim, documented_setup

from halley.simulator import Simulator

GHOST = """(function()
    for name, space in pairs(vim.api.nvim_get_namespaces()) do
      if name:find('inline_completion') then
        for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })) do
          local text = {}
          for _, chunk in ipairs(mark[4].virt_text or {}) do table.insert(text, chunk[1]) end
          if #text > 0 then return { table.concat(text), mark[2], mark[3] } end
        end
      end
    end
end)()"""

GHOST_IS = f"(function(wanted) local shown = {GHOST}; return shown and shown[1] == wanted and shown end)(...)"

WATCH = """
    vim.g.answered = -1
    local asked = {}
    vim.api.nvim_create_autocmd('LspRequest', { callback = function(event)
      local request, id = event.data.request, event.data.request_id
      if request.method ~= 'textDocument/inlineCompletion' then return end
      if request.type == 'pending' then
        asked[id] = vim.b.changedtick
      elseif request.type == 'complete' then
        vim.schedule(function() vim.g.answered = asked[id] end)
      end
    end })
"""
"""Tells when Neovim has an answer for the text as it is now: it asks only 200 ms after a key."""

CODE = Path(textwrap.__file__).read_text().split("\n")
ROW = next(row for row, line in enumerate(CODE) if "self.max_lines = max_lines" in line)
"""The last assignment of a constructor, typed in again from its middle."""
GIVEN, MISSING = "        self.max_lines = ", "max_lines"


@pytest.fixture
def typing(neovim: Neovim, workspace: Path) -> Neovim:
    """In Insert mode at the hole."""
    lines = [*CODE[:ROW], GIVEN.rstrip(), *CODE[ROW + 1 :]]
    (workspace / "wrapping.py").write_text("\n".join(lines))
    neovim.edit(workspace / "wrapping.py")
    neovim.attached()
    neovim.lua(documented_setup(1))
    neovim.lua(WATCH)
    neovim.api.current.window.cursor = (ROW + 1, 0)
    neovim.type("A ")
    return neovim


def ghost(neovim: Neovim) -> tuple[str, int, int] | None:
    shown = neovim.lua(f"return {GHOST}")
    return tuple(shown) if shown else None


def line(neovim: Neovim) -> str:
    return neovim.lua("return vim.api.nvim_get_current_line()")


def test_ghost_text_is_typed_through_and_accepted(typing: Neovim, simulator: Simulator) -> None:
    simulator.script(MISSING, delay_ms=200)
    assert typing.wait(GHOST)[0] == MISSING
    seen: list[Any] = []
    for at, key in enumerate(MISSING[:4], 1):
        typing.type(key)
        typing.wait("vim.api.nvim_get_current_line() == ...", GIVEN + MISSING[:at])
        seen.append(typing.wait(GHOST_IS, MISSING[at:]))
    assert [text for text, _, _ in seen] == [MISSING[at:] for at in range(1, 5)]
    assert len(simulator.requests) == 1, "typed along, not asked again"
    typing.wait("vim.g.answered == vim.b.changedtick")
    typing.type("<Tab>")
    typing.wait("vim.api.nvim_get_current_line() == ...", GIVEN + MISSING)
    text = typing.text().split("\n")
    assert text[ROW + 1 : ROW + 6] == CODE[ROW + 1 : ROW + 6], "what stands below is untouched"


def test_accepting_right_after_a_key_inserts_nothing_twice(typing: Neovim, simulator: Simulator) -> None:
    """Within the 200 ms in which Neovim still has the suggestion that it got before the keys."""
    simulator.script(MISSING)
    assert typing.wait(GHOST)[0] == MISSING
    typing.type("max<Tab>")
    typing.wait("vim.api.nvim_get_current_line() == ...", GIVEN + MISSING)
    typing.type(" # so")
    typing.wait("vim.api.nvim_get_current_line() == ...", f"{GIVEN}{MISSING} # so")


def test_a_mapping_without_the_pages_function_says_nothing_twice_either(
    typing: Neovim, simulator: Simulator
) -> None:
    """As Neovim's own help maps it: the daemon takes out what Neovim leaves behind."""
    typing.lua("""
        vim.keymap.set('i', '<Tab>', function()
          if not vim.lsp.inline_completion.get() then return '<Tab>' end
        end, { expr = true })
    """)
    simulator.script(MISSING)
    assert typing.wait(GHOST)[0] == MISSING
    typing.type("max<Tab>")
    typing.wait("vim.api.nvim_get_current_line() == ...", GIVEN + MISSING)
    typing.type(" # so")
    typing.wait("vim.api.nvim_get_current_line() == ...", f"{GIVEN}{MISSING} # so")


def test_lines_of_a_file_from_windows_are_its_own(
    neovim: Neovim, workspace: Path, simulator: Simulator
) -> None:
    file = workspace / "windows.py"
    file.write_bytes(
        b"def area(width, height):\r\n    # the area of a rectangle\r\n    \r\n\r\n\r\nx = 1\r\n"
    )
    neovim.edit(file)
    neovim.attached()
    neovim.lua(documented_setup(1))
    neovim.api.current.window.cursor = (3, 0)
    simulator.script("total = width * height\n    return total")
    neovim.type("A")
    neovim.wait(GHOST)
    neovim.type("<Tab>")
    neovim.wait("vim.api.nvim_get_current_line() == '    return total'")
    neovim.type("<Esc>:write<CR>")
    neovim.wait("not vim.bo.modified")
    assert file.read_bytes() == (
        b"def area(width, height):\r\n    # the area of a rectangle\r\n    total = width * height\r\n"
        b"    return total\r\n\r\n\r\nx = 1\r\n"
    )


def test_a_key_that_says_otherwise_is_not_overruled(typing: Neovim, simulator: Simulator) -> None:
    simulator.script(MISSING)
    assert typing.wait(GHOST)[0] == MISSING
    typing.type("other<Tab>")
    typing.type("<Esc>")
    typing.wait("vim.api.nvim_get_mode().mode == 'n'")
    assert line(typing) == f"{GIVEN}other"


def test_keys_faster_than_the_model_see_nothing_stale(typing: Neovim, simulator: Simulator) -> None:
    simulator.options = simulator.options.__class__(delay_ms=300)
    simulator.script("never_this", repeat=-1)
    most_alive, below = 0, CODE[ROW + 1].strip()
    for at, key in enumerate(MISSING, 1):
        typing.type(key)
        typing.wait("vim.api.nvim_get_current_line() == ...", GIVEN + MISSING[:at])
        most_alive = max(most_alive, simulator.open_streams)
        if shown := ghost(typing):
            text, row, column = shown
            assert (row, column) == (ROW, len(GIVEN) + at), "ghost text stands at the cursor"
            assert text == "never_this", "and is what was said for this very place"
            assert not below or text.strip() != below
    assert most_alive <= 1, "one call alive for the document"
    assert len(simulator.requests) <= len(MISSING) + 1
    assert typing.wait(GHOST) == ["never_this", ROW, len(GIVEN) + len(MISSING)]
    typing.type("<Esc>")
    typing.wait("vim.api.nvim_get_mode().mode == 'n'")
    assert ghost(typing) is None
    assert line(typing) == GIVEN + MISSING, "nothing was put in that was not typed"
