"""Calls that are about to be written in the ledger: one short file of ours beside the database, while they wait for it.

Committing to SQLite waits for another thread and the disk, a few milliseconds that ghost text has not got, nor a chat's
first word. So such a call is noted here first, by one `write` that outlives a kill of the process, and sent; its row
follows. The notes go as soon as no row
is outstanding. What a dead process left are calls whose rows may be missing: `find_left_over`.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import threading
from pathlib import Path
from typing import Any

from halley.stores.disk.making import create_file, make_private_folder
from halley.stores.sqlite.processes import ProcessId, is_alive, this_process

Row = tuple[Any, ...]


class Intents:
    """Those of this process. `folder` is made when it is first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._file: int | None = None
        self._pending = self._head = 0

    def note(self, row: Row) -> None:
        """Before the call is sent. Raises OSError."""
        line = json.dumps(row) + "\n"
        with self._lock:
            if self._file is None:
                self._file = self._create()
            os.write(self._file, line.encode())
            self._pending += 1

    def done(self, written: bool) -> None:
        """A row that was noted is on disk, or cannot be `written` now: then the note stays for a later process."""
        with self._lock:
            if written:  # else it is counted as pending for good, which keeps the notes
                self._pending -= 1
            if not self._pending and self._file is not None:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._file, self._head)

    def _create(self) -> int:
        """A file that begins with whose it is."""
        me = this_process()
        path = make_private_folder(self._folder) / f"{me.pid}-{secrets.token_hex(4)}.jsonl"
        handle = create_file(path, flags=os.O_WRONLY | os.O_APPEND)
        self._head = os.write(handle, (json.dumps([me.place, me.pid, me.started]) + "\n").encode())
        return handle


def find_left_over(folder: Path) -> tuple[list[Row], list[Path]]:
    """The rows that dead processes noted, each maybe written since, and the files to remove once they are."""
    rows: list[Row] = []
    files: list[Path] = []
    for path in sorted(folder.glob("*.jsonl")) if folder.is_dir() else ():
        with contextlib.suppress(OSError):
            owner, noted = _read(path)
            if owner is not None and is_alive(owner) is False:
                rows += noted
                files.append(path)
    return rows, files


def _read(path: Path) -> tuple[ProcessId | None, list[Row]]:
    """A line that was cut by the end of its process is no call: nothing was sent before it was whole."""
    parsed: list[Row] = []
    for line in path.read_text("utf-8", "replace").splitlines():
        with contextlib.suppress(ValueError, TypeError):
            parsed.append(tuple(json.loads(line)))
    return (ProcessId(*parsed[0]), parsed[1:]) if parsed and len(parsed[0]) == 3 else (None, [])
