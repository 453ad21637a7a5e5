"""The cases of `tests/cases/agent` through the Agent Client Protocol: the same files as by LSP, to the byte."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from acp_editor import Connect
from acp_playing import AcpPlayer, needs_files, needs_lsp
from harness import NO_SANDBOX
from stories import read_story

from casefile import FOLDER, Case, read_case
from halley.simulator import Simulator

ELSEWHERE = {"c", "cpp", "csharp", "java", "php", "ruby", "shell", "sql"}
"""Folders that are about the files' languages, which this protocol has no part in."""
FILES = {"fs": {"readTextFile": True, "writeTextFile": True}}


def told() -> list[Any]:
    """Each case for a client with files; also for one without, where nothing but the disk has texts.

    They are compared only: `--update` takes the golden parts from `tests/agent`.
    """
    found: list[Any] = []
    for path in sorted((FOLDER / "agent").rglob("*.md")):
        case = read_case(path)
        steps = read_story(case.text("story"))
        if path.parent.name in ELSEWHERE or needs_lsp(steps):
            continue
        found.append(pytest.param(case, FILES, id=f"{path.stem}-files"))
        if not needs_files(steps):
            found.append(pytest.param(case, {}, id=f"{path.stem}-nothing"))
    return found


@pytest.mark.parametrize(("case", "capabilities"), told())
async def test_a_task_ends_as_by_lsp(
    connect: Connect, simulator: Simulator, config: Path, case: Case, capabilities: dict[str, Any]
) -> None:
    with config.open("a") as file:
        file.write(NO_SANDBOX)
    player, files = AcpPlayer(await connect(capabilities), simulator), case.texts("workspace")
    await player.play(files, read_story(case.text("story")))
    case.check("result", player.changed(files))
