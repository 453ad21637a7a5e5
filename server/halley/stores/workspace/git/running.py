"""Starting git: by its absolute path, outside of the workspace, with an environment of ours, within bounds."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from halley.core.errors import InvalidInput
from halley.stores.disk.environment import current_environ
from halley.stores.disk.programs import Ran, absolute_path, find_program, run_bounded

LIMIT_S = 10.0
_TRY = "Try the same in a terminal: `git diff --stat`."
MOST_LISTED = 16 << 20
_NEEDED = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "TEMP", "TMP") if sys.platform == "win32" else ("TMPDIR",)
_FIXED = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "LC_ALL": "C",
}
_USER = ("HOME", "XDG_CONFIG_HOME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "APPDATA", "PROGRAMDATA")


async def run_git(
    folder: Path, outside: Path, *arguments: str | bytes, env: Mapping[str, str], most_bytes: int
) -> Ran:
    """Runs git in `folder`, one of ours. `outside` is where its program must not come from.

    Raises InvalidInput when git is missing, fails, or takes longer than `LIMIT_S`.
    """
    needed = _present(_NEEDED)
    ours = {"PATH": absolute_path((outside,)), "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    return await _run(outside, arguments, folder, needed | ours | _FIXED | dict(env), most_bytes)


async def list_config(content: bytes | None, folder: Path, outside: Path) -> bytes:
    """`git config -z --list` of a file's `content`, without what it includes; None asks for the user's own."""
    needed = _present((*_NEEDED, *_USER))
    env = needed | {"PATH": absolute_path((outside,)), "GIT_DIR": str(folder), "LC_ALL": "C"}
    which = ("--file", "-", "--no-includes") if content is not None else ("--includes",)
    arguments = ("config", "-z", "--list", *which)
    return (await _run(outside, arguments, folder, env, MOST_LISTED, content or b"")).output


def _present(names: tuple[str, ...]) -> dict[str, str]:
    environ = current_environ()
    return {name: environ[name] for name in names if name in environ}


async def _run(
    outside: Path,
    arguments: tuple[str | bytes, ...],
    cwd: Path,
    env: Mapping[str, str],
    most_bytes: int,
    given: bytes = b"",
) -> Ran:
    git = find_program("git", (outside,))
    if git is None:
        raise InvalidInput("git was not found.", "Install git, and see that its folder is on PATH.")
    try:
        ran = await run_bounded(
            (git, *arguments), cwd=cwd, env=env, most_bytes=most_bytes, limit_s=LIMIT_S, given=given
        )
    except TimeoutError:
        raise InvalidInput(f"git took longer than {LIMIT_S:g} seconds.", _TRY) from None
    except OSError as error:
        raise InvalidInput(f"git could not be started: {error.strerror}.", _TRY) from None
    if ran.status and not ran.is_cut:
        raise InvalidInput(f"git said: {ran.errors.strip().split(chr(10))[0][:300]}", _TRY)
    return ran
