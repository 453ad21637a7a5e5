"""What changes on disk: the folders of a workspace watched in a thread, and which paths belong into its index."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from halley.engine.guards.secrecy import is_secret_path
from halley.stores.disk.making import make_private_folder, open_kept
from halley.stores.workspace.project_files import MOST_BYTES, SKIPPED_FOLDERS, is_excluded, is_text_name

logger = logging.getLogger(__name__)

_DEBOUNCE_MS, _STEP_MS = 100, 20
"""How long changes are gathered, at most and after the last; an edit is to be found within 300 ms."""


class Watcher:
    """Folders, each by itself and not what lies in it: ignored trees cost nothing. Calls back in its own thread.

    `on_paths` gets the absolute paths that changed; `on_start` is called as soon as every later change will be
    reported; `on_failure` with a reason when the system cannot watch (any more).
    """

    def __init__(
        self,
        folders: Iterable[Path],
        mark: Path,
        on_paths: Callable[[set[str]], None],
        on_start: Callable[[], None],
        on_failure: Callable[[str], None],
    ) -> None:
        self._folders, self._mark = [mark.parent, *folders], mark
        self._on_paths, self._on_start, self._on_failure = on_paths, on_start, on_failure
        self._stop, self._heard = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="halley-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread soon; nothing is reported from now on."""
        self._stop.set()

    def _watch(self) -> None:
        from watchfiles import watch

        logging.getLogger("watchfiles").setLevel(logging.WARNING)  # it logs every change
        try:
            make_private_folder(self._mark.parent)
            threading.Thread(target=self._touch_until_heard, daemon=True).start()
            started = False
            for changes in watch(
                *(folder for folder in self._folders if folder.is_dir()),
                watch_filter=None,
                debounce=_DEBOUNCE_MS,
                step=_STEP_MS,
                stop_event=self._stop,
                rust_timeout=2000,
                raise_interrupt=False,
                recursive=False,
                ignore_permission_denied=True,
            ):
                if self._stop.is_set():
                    return
                if not started:
                    started = True
                    self._heard.set()
                    self._on_start()
                paths = {path for _, path in changes if path != str(self._mark)}
                if paths:
                    self._on_paths(paths)
        except Exception as error:  # out of watches, a file system without them: another way is found
            if not self._stop.is_set():
                logger.info("the workspace cannot be watched: %s", type(error).__name__)
                self._on_failure(str(error) or type(error).__name__)

    def _touch_until_heard(self) -> None:
        """A change of our own shows when watching has begun."""
        while not (self._stop.is_set() or self._heard.wait(0.05)):
            try:
                handle = open_kept(self._mark)
                os.utime(handle if os.utime in os.supports_fd else self._mark)
                os.close(handle)
            except OSError:
                return


def belongs(root: Path, path: str, exclude: tuple[str, ...]) -> bool:
    """Whether a file of the workspace belongs into its index, by the rules that the scan follows; one that is gone
    does as little as a link, a secret, an ignored file and one that tools made."""
    parts = path.split("/")
    if any(part in SKIPPED_FOLDERS for part in parts[:-1]) or not is_text_name(parts[-1]):
        return False
    if is_secret_path(path) or is_excluded(root, root / path, exclude):
        return False
    try:
        file = root / path
        if file.is_symlink() or not file.is_file() or not 0 < file.stat().st_size <= MOST_BYTES:
            return False
        return file.resolve() == root.resolve() / path
    except OSError:
        return False
