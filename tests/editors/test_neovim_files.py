"""Files that a proposal would make, rename or remove, in a real Neovim: seen in words, agreed to one by one."""

from __future__ import annotations

from pathlib import Path

import pytest
from neovim import Neovim
from plugin import CODE, SAID, seen

from halley.simulator import Simulator

PREVIEW = """
    local client = vim.lsp.get_clients({ name = 'halley', bufnr = 0 })[1]
    client.settings = { halley = { edits = { apply = 'preview' } } }
    client:notify('workspace/didChangeConfiguration', { settings = client.settings })
"""
PATCH = """\
```diff
--- /dev/null
+++ b/prices.py
@@ -0,0 +1 @@
+RATE = 3
--- a/shop.py
+++ b/store.py
@@ -1,3 +1,3 @@
 def total(items):
-    result = 0
+    result = 0.0
     for item in items:
--- a/old.py
+++ /dev/null
@@ -1 +0,0 @@
-OLD = 1
```
"""
TEXTS = "vim.tbl_map(function(item) return item.text:gsub('^.-: ', '') end, vim.fn.getqflist())"
BESIDE = """(function()
    local space = vim.api.nvim_get_namespaces()['halley.proposals']
    for _, mark in ipairs(space and vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true }) or {}) do
      for _, chunk in ipairs(mark[4].virt_text or {}) do return vim.trim(chunk[1]) end
    end
end)()"""


@pytest.fixture
def proposed(editing: Neovim, workspace: Path, simulator: Simulator) -> Neovim:
    """With the quickfix list open on what a patch would do to three files."""
    (workspace / "old.py").write_text("OLD = 1\n")
    editing.api.command(f"cd {workspace} | edit old.py | buffer 1")
    editing.wait("#vim.lsp.get_clients({ bufnr = vim.fn.bufnr('old.py') }) == 1")
    editing.lua(PREVIEW)
    simulator.script(PATCH)
    editing.type(":%Halley edit tidy up<CR>")
    editing.wait(SAID, "a proposal waits")
    editing.type("<CR>:Halley proposals<CR>")
    editing.wait("#vim.fn.getqflist() == 4 and vim.bo.buftype == 'quickfix'")
    return editing


def _at(editor: Neovim, words: str) -> None:
    """Puts the cursor on the entry of the quickfix list with these words."""
    editor.lua("vim.fn.search(...)", words)


def test_each_is_an_entry_in_words(proposed: Neovim, workspace: Path) -> None:
    texts = proposed.lua(f"return {TEXTS}")
    assert texts == [
        "creates prices.py", "result = 0.0", "renames shop.py → store.py", "deletes old.py",
    ]  # fmt: skip
    proposed.api.command("wincmd p")
    assert proposed.wait(BESIDE) == "renames shop.py → store.py"
    proposed.edit(workspace / "old.py")
    proposed.attached()
    assert (workspace / "old.py").exists()
    assert not (workspace / "prices.py").exists()
    assert proposed.lua("return vim.fn.filereadable(...)", str(workspace / "store.py")) == 0


def test_agreed_to_one_by_one(proposed: Neovim, workspace: Path) -> None:
    _at(proposed, "creates prices.py")
    proposed.type("<CR>")
    assert seen(proposed, "RATE = 3").startswith("halley:/proposals/")
    assert proposed.lua("return vim.bo.filetype") == "python"
    proposed.type(":Halley accept<CR>")
    proposed.wait("vim.fn.bufexists(...) == 1", str(workspace / "prices.py"))
    proposed.wait("#vim.fn.getqflist() == 3")
    proposed.api.command("copen")
    _at(proposed, "deletes old.py")
    proposed.type(":Halley discard<CR>")
    proposed.wait("#vim.fn.getqflist() == 2")
    _at(proposed, "renames")
    proposed.type(":Halley accept<CR>")
    proposed.wait("vim.fn.filereadable(...) == 1", str(workspace / "store.py"))
    proposed.wait("#vim.fn.getqflist() == 1")
    assert (workspace / "old.py").exists()
    assert not (workspace / "shop.py").exists()
    assert (workspace / "store.py").read_text() == CODE
    _at(proposed, "result = 0.0")
    proposed.type(":Halley accept<CR>")
    proposed.wait(
        "(function(path) local buf = vim.fn.bufnr(path)"
        " return vim.api.nvim_buf_get_lines(buf, 1, 2, false)[1] == '    result = 0.0' end)(...)",
        str(workspace / "store.py"),
    )


def test_all_of_it_in_one_step(proposed: Neovim, workspace: Path) -> None:
    proposed.type(":Halley accept all<CR>")
    proposed.wait("#vim.fn.getqflist() == 0 and vim.bo.buftype ~= 'quickfix'")
    proposed.wait("vim.fn.filereadable(...) == 0", str(workspace / "old.py"))
    store = proposed.lua("return vim.fn.bufnr(...)", str(workspace / "store.py"))
    text = "\n".join(proposed.api.buffers[store][:]) + "\n"
    assert text == CODE.replace("result = 0", "result = 0.0")
