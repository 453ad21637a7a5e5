"""The pages of docs/editors: what they say to type is what the tests type, and their pictures are taken by the tests.

`EDITOR_PICTURES=1 pytest tests/editors -k helix` takes the pictures again.
"""

from __future__ import annotations

import os
from pathlib import Path

from terminal import Terminal

DOCS = Path(__file__).parents[2] / "docs"


def block(page: str, language: str, number: int = 0) -> str:
    """A fenced block of `docs/editors/<page>.md`."""
    text = (DOCS / f"editors/{page}.md").read_text()
    return text.split(f"```{language}\n")[number + 1].split("```")[0]


def keep_picture(terminal: Terminal, name: str) -> None:
    """The screen as `docs/images/<name>.svg`, when pictures are wanted."""
    if os.environ.get("EDITOR_PICTURES"):
        terminal.picture(DOCS / f"images/{name}.svg", name.capitalize())
