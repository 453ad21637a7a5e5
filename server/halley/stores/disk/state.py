"""Small JSON files that hold what the user once said: keys, trust, picks. They cannot be made again.

Only a file that is not there is empty. One that cannot be understood is set aside under another name in its folder,
and reported once; one that cannot be read stays where it is, and nothing is written over it.

    load_state, update_state    the object in such a file, and a change of it under its lock
    listen                      hear of files that were set aside or could not be read
    set_aside_in                the files that were set aside in a folder and are still there

Files that can be fetched or computed again (model lists, prices) are `files.load_json`'s.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from halley.core.errors import Problem, StoreFailed
from halley.stores.disk.files import locked, read_regular, remove_left_over, save_private
from halley.stores.disk.looking import forget_looks
from halley.stores.disk.making import store_failed

Json = dict[str, Any]
Sound = Callable[[Json], bool]

MOST_BYTES = 16 << 20
DAMAGED = "damaged"

_listeners: set[Callable[[Problem], None]] = set()
_reported: set[Path] = set()
_unheard: list[Problem] = []
"""What was met before anyone listened."""


class _Damaged(Exception):
    """The file is there, and what it holds was not written by us."""


def _anything(_value: Json) -> bool:
    return True


def load_state(path: Path, sound: Sound = _anything) -> Json:
    """The object in `path`; empty when there is no file, and after one that is not `sound` was set aside.

    Never raises: what went wrong is reported.
    """
    try:
        return _read(path, sound)
    except _Damaged:
        return _after_setting_aside(path, sound)
    except OSError as error:
        _report_once(path, store_failed(path, error).problem)
        return {}


def update_state(path: Path, change: Callable[[Json], object], sound: Sound = _anything) -> Json:
    """Reads, changes in place and writes under the lock; returns what was written.

    Raises StoreFailed when the file cannot be read or written: it is then as it was.
    """
    with locked(path):
        remove_left_over(path)
        value = _read_or_set_aside(path, sound)
        change(value)
        save_private(
            path, json.dumps(value, indent=1, ensure_ascii=False).encode(errors="surrogatepass") + b"\n"
        )
    return value


def listen(listener: Callable[[Problem], None]) -> Callable[[], None]:
    """Calls `listener` with each problem, in the thread that met the file; returns what ends that.

    A file that stays unreadable is reported once for a process. The first listener also hears of those before it.
    """
    _listeners.add(listener)
    while _unheard:
        listener(_unheard.pop(0))
    return lambda: _listeners.discard(listener)


def set_aside_in(folder: Path) -> list[Path]:
    """The damaged files beside those of `folder`, oldest first."""
    return sorted(folder.rglob(f"*.json.{DAMAGED}-*")) if folder.is_dir() else []


def problem_of_set_aside(moved: Path) -> Problem:
    """What a user should know and do about a file that was set aside."""
    name = moved.name.partition(f".{DAMAGED}-")[0]
    return Problem(
        StoreFailed.code,
        f"{name} is damaged, so Halley does without it. The damaged file is now {moved}.",
        f"{_LOST.get(name, 'Choose again what is missing')}; then delete the damaged file.",
    )


_LOST = {
    "secrets.json": "Copy the keys out of it, or enter them again with `halley key set PROVIDER`",
    "trust.json": "Trust your workspaces again with `halley trust`",
}


def _read(path: Path, sound: Sound) -> Json:
    try:
        value = json.loads(read_regular(path, MOST_BYTES))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError):
        raise _Damaged from None
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.EISDIR, errno.EFBIG):  # a pipe, a folder, a flood
            raise _Damaged from None
        raise
    if not isinstance(value, dict) or not sound(value):
        raise _Damaged
    return value


def _after_setting_aside(path: Path, sound: Sound) -> Json:
    try:
        with locked(path):
            return _read_or_set_aside(path, sound)  # another process may have been here meanwhile
    except StoreFailed as error:
        _report_once(path, error.problem)
        return {}


def _read_or_set_aside(path: Path, sound: Sound) -> Json:
    """With the lock held. Raises StoreFailed when the file can neither be read nor moved."""
    try:
        return _read(path, sound)
    except _Damaged:
        _set_aside(path)
        return {}
    except OSError as error:
        raise store_failed(path, error) from None


def _set_aside(path: Path) -> None:
    moved = _free_name(path)
    try:
        path.rename(moved)
    except OSError as error:
        raise store_failed(path, error) from None
    forget_looks()
    _report(problem_of_set_aside(moved))


def _free_name(path: Path) -> Path:
    stem = f"{path.name}.{DAMAGED}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    names = (path.with_name(f"{stem}-{count}" if count else stem) for count in range(10_000))
    return next(name for name in names if not os.path.lexists(name))


def _report_once(path: Path, problem: Problem) -> None:
    """A file that stays where it is is met again and again."""
    if path not in _reported:
        _reported.add(path)
        _report(problem)


def _report(problem: Problem) -> None:
    if not _listeners:
        _unheard.append(problem)
    for listener in list(_listeners):
        with contextlib.suppress(Exception):  # a window that is closing must not cost the user the file
            listener(problem)
