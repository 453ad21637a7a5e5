"""`halley setup`: what to put where, for the editors found on this machine. The lines are those of docs/editors."""

from __future__ import annotations

from dataclasses import dataclass

import click

from halley.cli.output import console, tell
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
        ("VS Code", "VSCodium"),
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
    "vim": EditorSetup(
        "Vim, with the plugin ALE",
        ("Vim",),
        "~/.vimrc",
        """\
let g:ale_lsp_show_message_severity = 'information'
for language in ['python', 'javascript', 'typescript', 'go', 'rust', 'c', 'cpp']
  call ale#linter#Define(language, {
  \\   'name': 'halley', 'lsp': 'stdio', 'executable': 'halley', 'command': '%e serve',
  \\   'initialization_options': {'capabilities': {'workspace': {'applyEdit': v:true}}},
  \\   'project_root': {buffer -> fnamemodify(finddir('.git', expand('#' . buffer . ':p:h') . ';'), ':p:h:h')},
  \\ })
endfor
autocmd FileType python,javascript,typescript,go,rust,c,cpp
  \\ let b:ale_linters = uniq(sort(map(copy(ale#linter#Get(&filetype)), {_, one -> one.name}) + ['halley']))
autocmd TextChanged,TextChangedI *
  \\ for linter in filter(copy(ale#linter#Get(&filetype)), {_, one -> one.name ==# 'halley'})
  \\ | call ale#lsp_linter#StartLSP(bufnr(''), linter, {_, to -> ale#lsp#NotifyForChanges(to.connection_id, to.buffer)})
  \\ | endfor
""",
    ),
    "kakoune": EditorSetup(
        "Kakoune, with kakoune-lsp",
        ("Kakoune",),
        "~/.config/kak/kakrc",
        """\
eval %sh{kak-lsp}
hook -group lsp-filetype-python global BufSetOption filetype=python %{
    set-option buffer lsp_servers %{
        [halley]
        root_globs = [".halley.toml", ".git"]
        command = "halley"
        args = ["serve"]
    }
}
lsp-enable
""",
    ),
    "sublime": EditorSetup(
        "Sublime Text, with the package LSP",
        ("Sublime Text",),
        "the settings of LSP",
        """\
{
  "clients": {
    "halley": {
      "enabled": true,
      "command": ["halley", "serve"],
      "selector": "source | text"
    }
  }
}
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
        tell(
            f"None of these editors was found on PATH; `halley setup NAME` shows its lines: {', '.join(EDITORS)}.\n"
            "For any other, start `halley serve`: it speaks LSP on stdin and stdout."
        )
    for name in names:
        found = EDITORS[name]
        where = f" Add to {found.file}:" if found.file else ""
        console().print(f"[bold]{found.title}[/].{where}\n")
        click.echo(found.lines)


def editors_found() -> list[str]:
    """Names in `EDITORS` that are for an editor on PATH."""
    return [name for name, found in EDITORS.items() if any(map(program_of, found.editors))]
