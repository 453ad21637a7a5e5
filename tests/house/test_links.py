"""Links between our pages lead somewhere, and files that pages name are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "server/ARCHITECTURE.md"]
SERVER = ROOT / "server/halley"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
    broken = [t for t in targets if "://" not in t and not (page.parent / t).exists()]
    assert not broken


def test_the_architecture_names_files_that_exist() -> None:
    text = (ROOT / "server/ARCHITECTURE.md").read_text()
    named = re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", text)
    assert len(named) > 10
    missing = [name for name in named if not (SERVER / name).exists() and not (ROOT / name).exists()]
    assert [name for name in missing if not (SERVER / "lsp" / name).exists()] == []
