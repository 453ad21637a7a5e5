"""What git says of a working tree: diffs and recent messages. Never writes.

A repository's own configuration can name programs (`diff.external`, `core.fsmonitor`, textconv filters, hooks); every
call here switches those off, since a repository is hostile until trusted.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from halley.core.errors import BadRequest

_SAFE = (
    "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "diff.external=", "-c", "core.pager=cat",
    "-c", "core.untrackedCache=false", "-c", "protocol.allow=never", "--no-optional-locks", "--literal-pathspecs",
)  # fmt: skip
_TIME_LIMIT_S = 10.0
_MOST = 2_000_000


async def load_diff(cwd: Path, *, staged: bool = True) -> str:
    """The diff of what is staged, or of the whole working tree against HEAD (against nothing, before the first commit).

    Raises BadRequest when `cwd` is in no repository or git is missing.
    """
    flags = ("--no-ext-diff", "--no-textconv", "--no-color", "--submodule=short", "--ignore-submodules=all")
    if staged:
        return await _git(cwd, "diff", *flags, "--cached")
    return await _git(cwd, *await _without_filters(cwd), "diff", *flags, await _last_commit(cwd))


async def _last_commit(cwd: Path) -> str:
    """HEAD, or the empty tree in a repository without any commit."""
    try:
        await _git(cwd, "rev-parse", "--verify", "--quiet", "HEAD")
    except BadRequest:
        return (await _git(cwd, "hash-object", "-t", "tree", "--stdin")).strip()
    return "HEAD"


async def require_repository(cwd: Path) -> None:
    """Raises BadRequest when `cwd` is in no repository or git is missing."""
    try:
        await _git(cwd, "rev-parse", "--git-dir")
    except BadRequest as error:
        if not error.problem.message.startswith("git said"):
            raise
        raise BadRequest(
            "This folder is in no git repository.", "Open one, or make one with `git init`."
        ) from None


async def _without_filters(cwd: Path) -> list[str]:
    """Options that empty every filter the configuration names: reading the working tree would run them."""
    try:
        named = await _git(
            cwd, "config", "--name-only", "--get-regexp", r"^filter\..*\.(clean|smudge|process)$"
        )
    except BadRequest:  # none are configured
        return []
    return [part for name in named.splitlines() for part in ("-c", f"{name}=")]


async def load_recent_messages(cwd: Path, count: int = 8) -> list[str]:
    """First lines of the last commits, newest first; empty in a repository without any."""
    try:
        text = await _git(cwd, "log", f"-{count}", "--no-color", "--format=%s", "--no-show-signature")
    except BadRequest:
        return []
    return text.splitlines()


async def _git(cwd: Path, *arguments: str) -> str:
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
        raise BadRequest("git could not be started.", "Install git, or open a folder that exists.") from None
    try:
        out, err = await asyncio.wait_for(process.communicate(), _TIME_LIMIT_S)
    except (TimeoutError, asyncio.CancelledError):
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        reason = err.decode("utf-8", "replace").strip().split("\n")[0]
        raise BadRequest(f"git said: {reason}", "Run this inside a git repository.")
    return out[:_MOST].decode("utf-8", "replace")
