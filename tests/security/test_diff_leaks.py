"""`#diff` in a chat, through the daemon to the model's host: what it says of secret files, however these are named."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from demo_tools import last_request
from lspclient import RequestFailed
from window import Window

from halley.simulator import Simulator

NAMES = (
    ".env", ".env~", ".env-production", ".env_local", "\u017fecrets.json", ".env\t", "\n.env", "a\tb/.env", "\u00a0.env", ".env\u00a0",
    "a\nb/secrets.json", ".ENV", "Copy of .env", ".env.bak", "id_rsa", "\u00e9/.env.local", "-.env", " .env",
    "secrets.json.damaged-20260101-120000-1",
)  # fmt: skip


def _git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.invalid")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("staged", [True, False])
async def test_no_diff_tells_what_a_secret_file_holds(
    staged: bool, window: Window, workspace: Path, simulator: Simulator, tried: Callable[..., None]
) -> None:
    _git(workspace, "init", "-q")
    for number, name in enumerate(NAMES):
        file = workspace / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"before-{number}\n")
    (workspace / "shown.py").write_text("x = 1\n")
    _git(workspace, "add", "-A", "-f")
    _git(workspace, "commit", "-qm", "one")
    for number, name in enumerate(NAMES):
        (workspace / name).write_text(f"canary-{number}\n")
        tried()
    (workspace / "shown.py").write_text("x = 2\n")
    if staged:
        _git(workspace, "add", "-A", "-f")
    await window.chat("What changed? #diff")
    sent = str(last_request(simulator).json)
    assert "x = 2" in sent
    assert "canary" not in sent and "before-" not in sent


@pytest.mark.parametrize("how", ["core.worktree", "a .git file"])
async def test_no_diff_tells_of_files_outside(
    how: str, window: Window, workspace: Path, simulator: Simulator, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    _git(outside, "init", "-q")
    (outside / "theirs.txt").write_text("before\n")
    _git(outside, "add", "-A")
    _git(outside, "commit", "-qm", "one")
    (outside / "theirs.txt").write_text("canary\n")
    if how == "core.worktree":
        _git(workspace, "init", "-q")
        _git(workspace, "config", "core.worktree", str(outside))
    else:
        (workspace / ".git").write_text(f"gitdir: {outside / '.git'}\n")
    with pytest.raises(RequestFailed) as caught:
        await window.chat("What changed? #diff")
    assert (
        caught.value.problem["code"] in ("blocked_by_policy", "invalid_input")
        and caught.value.problem["help"]
    )
    assert not any("canary" in str(request.json) for request in simulator.requests)
