"""What the tests of the stores share beside fixtures."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
from pathlib import Path

from halley.core.calls import Call, Caller, Prompt, user
from halley.core.models import ModelRef, Role
from halley.core.settings import Settings

MODEL = ModelRef("comet", "gpt-5-mini")


def a_call(feature: str = "explain", workspace: str | None = "/w", role: Role = "chat") -> Call:
    return Call(Prompt((user("CANARY-PROMPT"),)), (MODEL,), feature, Settings(), Caller(workspace), role=role)


async def finished(*processes: subprocess.Popen[str]) -> list[str]:
    """What each printed, once all ended well."""
    outputs = await asyncio.gather(*(asyncio.to_thread(p.communicate) for p in processes))
    assert [p.returncode for p in processes] == [0] * len(processes)
    return [output for output, _ in outputs]


def said(process: subprocess.Popen[str]) -> str:
    """The next line it prints."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the process ended"
    return line.strip()


def killed(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()


def modes(root: Path) -> dict[str, int]:
    """Everything under `root` with its permission bits."""
    found = [root, *root.rglob("*")]
    return {str(path.relative_to(root)): stat.S_IMODE(os.lstat(path).st_mode) for path in found}


def assert_private(root: Path) -> None:
    for name, mode in modes(root).items():
        assert mode == (0o700 if (root / name).is_dir() else 0o600), f"{name} is {mode:o}"


def files_with(root: Path, needle: bytes) -> list[str]:
    return sorted(
        str(p.relative_to(root)) for p in root.rglob("*") if p.is_file() and needle in p.read_bytes()
    )
