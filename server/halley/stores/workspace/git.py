"""What git says of a working tree: diffs and recent messages. Never writes.

A repository's own configuration can name programs (`diff.external`, `core.fsmonitor`, textconv filters, hooks); every
call here switches those off, since a repository is hostile until trusted.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from halley.core.errors import InvalidInput

_SAFE = (
    "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "diff.external=", "-c", "core.pager=cat",
    "-c", "core.untrackedCache=false", "-c", "protocol.allow=never", "--no-optional-locks", "--literal-pathspecs",
)  # fmt: skip
_TIME_LIMIT_S = 10.0
_MOST = 2_000_000


async def load_diff(cwd: Path, *, staged: bool = True) -> str:
    """The diff of what is staged, or of the whole working tree against HEAD (against nothing, before the first commit).

    Raises InvalidInput when `cwd` is in no repository or git is missing.
    """
    flags = ("--no-ext-diff", "--no-textconv", "--no-color", "--submodule=short", "--ignore-submodules=all")
    if staged:
        return await _git(cwd, "diff", *flags, "--cached")
    return await _git(cwd, *await _without_filters(cwd), "diff", *flags, await _last_commit(cwd))


async def _last_commit(cwd: Path) -> str:
    """HEAD, or the empty tree in a repository without any commit."""
    if (await _run(cwd, "rev-parse", "--verify", "--quiet", "HEAD")).succeeded:
        return "HEAD"
    return (await _git(cwd, "hash-object", "-t", "tree", "--stdin")).strip()


async def require_repository(cwd: Path) -> None:
    """Raises InvalidInput when `cwd` is in no repository or git is missing."""
    if not (await _run(cwd, "rev-parse", "--git-dir")).succeeded:
        raise InvalidInput("This folder is in no git repository.", "Open one, or make one with `git init`.")


async def _without_filters(cwd: Path) -> list[str]:
    """Options that empty every filter the configuration names: reading the working tree would run them."""
    pattern = r"^filter\..*\.(clean|smudge|process)$"
    named = await _run(
        cwd, "config", "--name-only", "--get-regexp", pattern
    )  # fails when none are configured
    return [part for name in named.out.splitlines() for part in ("-c", f"{name}=")]


async def load_recent_messages(cwd: Path, count: int = 8) -> list[str]:
    """First lines of the last commits, newest first; empty in a repository without any."""
    log = await _run(cwd, "log", f"-{count}", "--no-color", "--format=%s", "--no-show-signature")
    return log.out.splitlines() if log.succeeded else []


@dataclass(frozen=True, slots=True)
class _Ran:
    """What a call of git left: its exit code, its output, and the first line of its complaint."""

    code: int
    out: str
    said: str

    @property
    def succeeded(self) -> bool:
        return self.code == 0


async def _git(cwd: Path, *arguments: str) -> str:
    """The output. Raises InvalidInput when git fails or is missing."""
    ran = await _run(cwd, *arguments)
    if not ran.succeeded:
        raise InvalidInput(f"git said: {ran.said}", "Run this inside a git repository.")
    return ran.out


async def _run(cwd: Path, *arguments: str) -> _Ran:
    """Raises InvalidInput when git cannot be started; a call that fails is an answer."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | {
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }
    try:
        process = await asyncio.create_subprocess_exec(
            "git", *_SAFE, *arguments, cwd=cwd, env=environment,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidInput(
            "git could not be started.", "Install git, or open a folder that exists."
        ) from None
    try:
        out, err = await asyncio.wait_for(process.communicate(), _TIME_LIMIT_S)
    except (TimeoutError, asyncio.CancelledError):
        process.kill()
        await process.wait()
        raise
    said = err.decode("utf-8", "replace").strip().split("\n")[0]
    return _Ran(process.returncode or 0, out[:_MOST].decode("utf-8", "replace"), said)
