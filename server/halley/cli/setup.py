"""`halley setup`: what to put where, for the editors found on this machine. The lines are those of docs/editors."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

import click

from halley.cli.output import console


@dataclass(frozen=True, slots=True)
class EditorSetup:
    """`program` is what is looked for on PATH; `lines` go into `file`."""

    title: str
    program: str
    file: str
    lines: str


EDITORS: dict[str, EditorSetup] = {
    "neovim": EditorSetup(
        "Neovim",
        "nvim",
        "~/.config/nvim/init.lua",
        """\
vim.lsp.config('halley', { cmd = { 'halley', 'serve' }, root_markers = { '.halley.toml', '.git' } })
vim.lsp.enable('halley')
if vim.lsp.inline_completion then vim.lsp.inline_completion.enable() end -- Neovim 0.12: ghost text
""",
    ),
    "vscode": EditorSetup(
        "VS Code",
        "code",
        "",
        "Run `make vsix` in the project's folder, then `code --install-extension clients/vscode/dist/halley.vsix`.\n",
    ),
    "helix": EditorSetup(
        "Helix",
        "hx",
        "~/.config/helix/languages.toml",
        """\
[language-server.halley]
command = "halley"
args = ["serve"]

[[language]]
name = "python"
language-servers = ["pylsp", "halley"]
""",
    ),
    "emacs": EditorSetup(
        "Emacs",
        "emacs",
        "~/.emacs.d/init.el",
        """\
(require 'eglot)
(add-to-list 'eglot-server-programs '(python-mode . ("halley" "serve")))
""",
    ),
}


@click.command()
@click.argument("editor", type=click.Choice(list(EDITORS)), required=False)
def setup(editor: str | None) -> None:
    """How to set up your editor. Without a name: the editors found on this machine."""
    names = [editor] if editor else editors_found()
    if not names:
        console().print(
            f"No editor found on PATH. Name one: {', '.join(f'halley setup {n}' for n in EDITORS)}."
        )
    for name in names:
        found = EDITORS[name]
        where = f" Add to {found.file}:" if found.file else ""
        console().print(f"[bold]{found.title}[/].{where}\n")
        click.echo(found.lines)


def editors_found() -> list[str]:
    """Names in `EDITORS` whose program is on PATH."""
    return [name for name, found in EDITORS.items() if shutil.which(found.program)]
