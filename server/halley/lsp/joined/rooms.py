"""An engine room for each environment that sessions brought, for as long as one of them is there.

Keys lie in environments. So sessions share a room exactly if their environments are equal, and with the last of them
the room goes, with its keys. Variables that differ from window to window without meaning anything to Halley or to a
program it starts (`PER_WINDOW`) are left out, and reach neither.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from halley.features.room import EngineRoom
from halley.features.shared import Shared
from halley.features.stores import Stores
from halley.lsp.logs import describe
from halley.stores.disk.paths import Paths

logger = logging.getLogger(__name__)

PER_WINDOW = frozenset(
    """_ PWD OLDPWD SHLVL COLUMNS LINES TERM COLORTERM TERMCAP STY WINDOW WINDOWID TERM_PROGRAM TERM_PROGRAM_VERSION
    TERM_SESSION_ID VTE_VERSION ITERM_SESSION_ID ITERM_PROFILE LC_TERMINAL LC_TERMINAL_VERSION KITTY_WINDOW_ID KITTY_PID
    KITTY_LISTEN_ON WEZTERM_PANE WEZTERM_UNIX_SOCKET ALACRITTY_WINDOW_ID ALACRITTY_SOCKET ALACRITTY_LOG
    KONSOLE_DBUS_SESSION KONSOLE_DBUS_WINDOW KONSOLE_DBUS_SERVICE GNOME_TERMINAL_SCREEN TMUX TMUX_PANE ZELLIJ_PANE_ID
    VIM VIMRUNTIME MYVIMRC NVIM NVIM_LOG_FILE NVIM_LISTEN_ADDRESS INSIDE_EMACS VSCODE_PID VSCODE_CWD VSCODE_IPC_HOOK
    VSCODE_NLS_CONFIG VSCODE_CODE_CACHE_PATH VSCODE_ESM_ENTRYPOINT ELECTRON_RUN_AS_NODE CHROME_DESKTOP INVOCATION_ID
    JOURNAL_STREAM SYSTEMD_EXEC_PID XDG_ACTIVATION_TOKEN DESKTOP_STARTUP_ID GIO_LAUNCHED_DESKTOP_FILE_PID""".split()
)

Key = frozenset[tuple[str, str]]


class Rooms:
    """All rooms of the process, on the same stores."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self.stores = Stores(paths)
        self._open: dict[Key, tuple[Shared, int]] = {}
        """By environment: what features keep there, and how many sessions use it."""
        self._closing: set[asyncio.Task[None]] = set()

    def enter(self, environ: Mapping[str, str]) -> Shared:
        """The room of this environment; `leave` it with the same one. Raises StoreFailed as `EngineRoom.open`."""
        key = _key(environ)
        if key in self._open:
            shared, sessions = self._open[key]
        else:
            shared, sessions = Shared(EngineRoom.open(self._paths, dict(key), self.stores)), 0
        self._open[key] = shared, sessions + 1
        return shared

    def leave(self, environ: Mapping[str, str]) -> None:
        """With the last session of an environment its room is closed."""
        key = _key(environ)
        shared, sessions = self._open.pop(key)
        if sessions > 1:
            self._open[key] = shared, sessions - 1
            return
        task = asyncio.get_running_loop().create_task(_close(shared))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def aclose(self) -> None:
        """Closes the rooms that are left, then the stores."""
        left, self._open = self._open, {}
        await asyncio.gather(*self._closing, *(_close(shared) for shared, _ in left.values()))
        await self.stores.aclose()


def _key(environ: Mapping[str, str]) -> Key:
    return frozenset((name, value) for name, value in environ.items() if name not in PER_WINDOW)


async def _close(shared: Shared) -> None:
    try:
        await shared.aclose()
        await shared.room.aclose()
    except Exception as error:  # the other rooms stay
        logger.error("a room could not be closed: %s", describe(error))
