"""Commands of the VS Code client do not have the names of the daemon's: its language client registers those itself."""

from __future__ import annotations

import json
from pathlib import Path

from halley.lsp.capabilities import COMMANDS

MANIFEST = Path(__file__).parents[2] / "clients/vscode/package.json"


def test_no_command_is_registered_twice() -> None:
    contributed = json.loads(MANIFEST.read_text("utf-8"))["contributes"]["commands"]
    assert not {row["command"] for row in contributed} & set(COMMANDS)
