"""`:Halley usage` of a team: by person too, and back to one's own."""

from __future__ import annotations

from pathlib import Path

from neovim import Neovim
from plugin import SELECT, seen
from team_help import Team


def test_usage_of_the_team_and_ones_own(
    office: Team, editing: Neovim, halley_home: Path, workspace: Path
) -> None:
    editing.type(":Halley usage<CR>")
    assert "Press `t`" not in seen(editing, "# Halley usage"), "there is no team yet"
    complete = "return vim.fn.getcompletion('Halley usage ' .. ..., 'cmdline')"
    assert "member" not in editing.lua(complete, "") and "member" in editing.lua(complete, "team ")
    config = halley_home / "config.toml"
    config.write_text(config.read_text() + f'\n[team]\nurl = "{office.url("boss")}"\n')
    editing.edit(workspace / "shop.py")
    editing.type(":Halley usage<CR>")
    seen(editing, "Press `t` for the team's usage")
    editing.type("t")
    report = seen(editing, "# Halley usage of the team")
    assert row(report, "comet/gpt-5-mini") == ["2", "2", "0", "2,000", "0", "200", "$3.75"]
    editing.lua(SELECT, ["member"])
    editing.type("b")
    report = seen(editing, "| MEMBER ")
    assert row(report, office.role("ann")) == ["2", "2", "0", "2,000", "0", "200", "$3.25"]
    assert row(report, office.role("bob")) == ["1", "1", "0", "1,000", "0", "100", "$1.25"]
    editing.type("t")
    seen(editing, "# Halley usage\n")
    editing.type(":Halley usage team workspace<CR>")
    assert row(seen(editing, "| github.com/acme/shop"), "github.com/acme/shop")[1] == "1"


def row(report: str, name: str) -> list[str]:
    """The figures of a row, up to its cost."""
    cells = next(line for line in report.splitlines() if line.startswith(f"| {name} "))
    return [cell.strip() for cell in cells.strip("|").split("|")][1:8]
