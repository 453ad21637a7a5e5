"""Agents by the Agent Client Protocol: the agent runs in this process, on pipes; `test_stdio.py` has real processes."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from acp_editor import Connect, Editor
from windows import config as config
from windows import demo as demo
from windows import workspace as workspace

from halley.simulator import KEY


@pytest.fixture
async def connect(config: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connect]:
    """Starts an agent with a home of the test's own and connects an editor to it."""
    monkeypatch.setenv("HALLEY_SIMULATOR_KEY", KEY)
    editors: list[Editor] = []

    async def start(capabilities: Any = None, folder: Path = workspace) -> Editor:
        editor = Editor(folder, capabilities or {})
        editors.append(editor)
        await editor.start()
        return editor

    yield start
    for editor in editors:
        await editor.aclose()


@pytest.fixture
async def editor(connect: Connect) -> Editor:
    """One with no abilities of its own, and a session open."""
    found = await connect()
    await found.new()
    return found
