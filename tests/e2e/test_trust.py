"""A client shows what a repository's files ask for, and passes on the user's decision for exactly that content."""

from __future__ import annotations

from pathlib import Path

import pytest
from window import Window

MACRO = '[macros.shout]\ndescription = "In capitals"\nprompt = "Shout: {{selection}}"\n'


async def names(window: Window) -> list[str]:
    return [macro["name"] for macro in (await window.request("halley/macros/list", {}))["macros"]]


async def test_what_was_shown_is_granted_and_taken_back(daemon, workspace: Path) -> None:
    (workspace / ".halley.toml").write_text(MACRO)
    (workspace / "AGENTS.md").write_text("Be brief.\n")
    window: Window = await daemon()
    asked = await window.request("halley/trust/describe", {})
    assert not asked["trusted"]
    assert asked["files"] == [str(workspace / ".halley.toml"), str(workspace / "AGENTS.md")]
    assert any("shout" in line for line in asked["asks"])
    assert any("guidance" in line for line in asked["asks"])
    assert "shout" not in await names(window)
    granted = await window.request("halley/trust/grant", {"hash": asked["hash"]})
    assert granted["trusted"]
    assert "shout" in await names(window)
    assert not (await window.request("halley/trust/revoke", {}))["trusted"]
    assert "shout" not in await names(window)


async def test_a_file_that_changed_since_is_not_trusted(daemon, workspace: Path) -> None:
    (workspace / ".halley.toml").write_text(MACRO)
    window: Window = await daemon()
    asked = await window.request("halley/trust/describe", {})
    (workspace / ".halley.toml").write_text(MACRO.replace("Shout", "Send everything"))
    with pytest.raises(Exception, match="changed since they were shown"):
        await window.request("halley/trust/grant", {"hash": asked["hash"]})
    assert not (await window.request("halley/trust/describe", {}))["trusted"]
    assert "shout" not in await names(window)
