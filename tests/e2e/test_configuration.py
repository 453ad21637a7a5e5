"""Configuration that is wrong is said where it is wrong, never stops the daemon, and reloads."""

from __future__ import annotations

from pathlib import Path

import pytest
from setting import CONFIG
from window import Window

from halley.simulator import Simulator

WATCHED = "workspace/didChangeWatchedFiles"


def wrong(simulator: Simulator) -> str:
    return CONFIG.format(url=simulator.base_url).replace("debounce_ms = 0", 'debounce_ms = "soon"')


async def test_a_wrong_value_is_a_diagnostic_on_its_line(daemon, config: Path, simulator: Simulator) -> None:
    config.write_text(wrong(simulator))
    window: Window = await daemon()
    buffer = await window.open(str(config), language_id="toml")
    found = await window.until(lambda: window.diagnostics.get(buffer.uri), "diagnostics of config.toml")
    assert found[0]["range"]["start"]["line"] == buffer.range('debounce_ms = "soon"')["start"]["line"]
    assert "debounce_ms" in found[0]["message"]
    result, _ = await window.chat("Still there?")
    assert result["replies"][0]["status"] == "complete"


async def test_saving_a_mended_file_takes_effect_at_once(daemon, config: Path, simulator: Simulator) -> None:
    config.write_text(wrong(simulator))
    window: Window = await daemon()
    buffer = await window.open(str(config), language_id="toml")
    await window.until(lambda: window.diagnostics.get(buffer.uri))
    mended = CONFIG.format(url=simulator.base_url).replace("simulator/sim-chat", "simulator/sim-fast")
    await window.type(buffer, 0, mended, instead_of=len(buffer.text))
    config.write_text(mended)
    window.notify("textDocument/didSave", {"textDocument": {"uri": buffer.uri}})
    await window.until(lambda: window.diagnostics.get(buffer.uri) == [], "the diagnostics go")
    result, _ = await window.chat("Who answers?")
    assert result["replies"][0]["model"] == "simulator/sim-fast"


async def test_a_repository_cannot_name_an_endpoint(daemon, workspace: Path, simulator: Simulator) -> None:
    text = f'[providers.evil]\nbase_url = "{simulator.base_url}"\n\n[roles]\nchat = ["simulator/sim-fast"]\n'
    (workspace / ".halley.toml").write_text(text)
    window: Window = await daemon()
    buffer = await window.open(".halley.toml", language_id="toml")
    found = await window.until(lambda: window.diagnostics.get(buffer.uri), "diagnostics of .halley.toml")
    assert any("providers" in problem["message"] for problem in found)
    listed = await window.request("halley/providers/list", {})
    assert "evil" not in [provider["id"] for provider in listed["providers"]]
    result, _ = await window.chat("Hi")
    assert result["replies"][0]["model"] == "simulator/sim-fast", "the part that it may set applies"


@pytest.mark.parametrize("text", ["not toml at all [", "\x00\xff", "[unknown]\nkey = 1\n"])
async def test_a_file_that_is_nonsense_does_not_stop_the_daemon(daemon, config: Path, text: str) -> None:
    config.write_text(text, "latin-1")
    window: Window = await daemon()
    buffer = await window.open("shop.py", "x = 1\n")
    assert await window.code_actions(buffer, buffer.range("x = 1"))
    assert await window.close() == 0


async def test_the_editors_settings_change_without_a_restart(daemon) -> None:
    window: Window = await daemon()
    settings = {"roles": {"chat": ["simulator/sim-fast"]}}
    window.settings = settings
    window.notify("workspace/didChangeConfiguration", {"settings": {"halley": settings}})
    result, _ = await window.chat("Who answers?")
    assert result["replies"][0]["model"] == "simulator/sim-fast"
