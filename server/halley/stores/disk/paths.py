"""Where everything lies: one `Paths`, found once from the environment.

`HALLEY_HOME=DIR` puts all of it under one folder (tests, portable installs); `HALLEY_CONFIG=FILE` names another
configuration file; otherwise the platform's own folders are used. Nothing is created here: the code that writes a file
makes its folder (`making.make_private_folder`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Paths:
    """Absolute paths; none of them need exist."""

    config_file: Path
    config: Path
    """The folder of `config_file`."""
    data: Path
    """What cannot be made again: `halley.db`, `secrets.json`, pictures of chats."""
    state: Path
    """What was picked and what was trusted."""
    cache: Path
    """What can be fetched or made again."""
    logs: Path
    home: Path | None = None
    """`HALLEY_HOME`, where it is set."""

    @property
    def folders(self) -> tuple[Path, ...]:
        """All of them, each once."""
        every = (self.home, self.config, self.data, self.state, self.cache, self.logs)
        return tuple(dict.fromkeys(folder for folder in every if folder))

    @property
    def database(self) -> Path:
        return self.data / "halley.db"


def find_paths(environ: Mapping[str, str] = os.environ) -> Paths:
    """The folders for this environment; relative values are taken from the working folder."""
    home = environ.get("HALLEY_HOME")
    found = _under(_absolute(home)) if home else _by_platform()
    named = environ.get("HALLEY_CONFIG")
    if not named:
        return found
    file = _absolute(named)
    return Paths(file, file.parent, found.data, found.state, found.cache, found.logs, found.home)


def _under(home: Path) -> Paths:
    return Paths(
        home / "config.toml", home, home / "data", home / "state", home / "cache", home / "logs", home
    )


def _by_platform() -> Paths:
    from platformdirs import PlatformDirs

    dirs = PlatformDirs("halley", appauthor=False)
    config = dirs.user_config_path
    return Paths(
        config / "config.toml",
        config,
        dirs.user_data_path,
        dirs.user_state_path,
        dirs.user_cache_path,
        dirs.user_log_path,
    )


def _absolute(text: str) -> Path:
    return Path(text).expanduser().absolute()
