"""`halley setup`: what to put where, for the editors found on this machine. The lines are those of docs/editors."""

from __future__ import annotations

from dataclasses import dataclass

import click

from halley.cli.output import console
from halley.features.editors import JETBRAINS, program_of


@dataclass(frozen=True, slots=True)
class EditorSetup:
    """`editors` are those of `features/editors.py` that it is for; `lines` go into `file`."""

    title: str
    editors: tuple[str, ...]
    file: str
    lines: str


EDITORS: dict[str, EditorSetup] = {
    "neovim": EditorSetup(
        "Neovim",
        ("Neovim",),
        "~/.config/nvim/init.lua",
        """\
vim.lsp.config('halley', { cmd = { 'halley', 'serve' }, root_markers = { '.halley.toml', '.git' },
  flags = { debounce_text_changes = 0 } }) -- so that no edit meets text that Halley has not seen
vim.lsp.enable('halley')
if vim.lsp.inline_completion then vim.lsp.inline_completion.enable() end -- Neovim 0.12: ghost text
""",
    ),
    "vscode": EditorSetup(
        "VS Code",
        ("VS Code",),
        "",
        "Run `make vsix` in the project's folder, then `code --install-extension clients/vscode/dist/halley.vsix`.\n",
    ),
    "helix": EditorSetup(
        "Helix",
        ("Helix",),
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
        ("Emacs",),
        "~/.emacs.d/init.el",
        """\
(require 'eglot)
(setq eglot-send-changes-idle-time 0) ; so that no edit meets text that Halley has not seen
(add-to-list 'eglot-server-programs '((python-mode python-ts-mode) . ("halley" "serve")))
""",
    ),
    "zed": EditorSetup(
        "Zed",
        ("Zed",),
        "~/.config/zed/settings.json",
        """\
"agent_servers": {
  "Halley": { "type": "custom", "command": "halley", "args": ["acp"], "env": {} }
}
""",
    ),
    "jetbrains": EditorSetup(
        "JetBrains IDEs",
        JETBRAINS,
        "~/.jetbrains/acp.json",
        """\
{ "agent_servers": { "Halley": { "command": "halley", "args": ["acp"] } } }
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
    """Names in `EDITORS` that are for an editor on PATH."""
    return [name for name, found in EDITORS.items() if any(map(program_of, found.editors))]
