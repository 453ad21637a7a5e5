"""Looks at files, remembered for one turn of the event loop.

Settings, picks, trust, keys and templates are looked at for each request, so that a change needs no restart. Requests
that arrive together are handled in one turn and look at the same few files, so only the first of them asks the system.
No change is missed: a message that arrives in a later turn finds nothing remembered, and what Halley writes itself
makes all threads forget. A thread without a loop remembers nothing.
"""

from __future__ import annotations

import os
import threading
from asyncio import AbstractEventLoop, _get_running_loop  # `get_running_loop` raises where there is none
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Key = TypeVar("Key")
Found = TypeVar("Found")
Signature = tuple[int, int, int, int] | None
"""What shows that a file changed: device, inode, size, time of change; None where there is no file."""


class _Turn(threading.local):
    """What this thread looked at since its turn began; nothing without a loop."""

    loop: AbstractEventLoop | None = None
    writes = 0
    seen: dict[tuple[Any, Any], Any]


_turn = _Turn()
_writes = 0
"""Of files that may have been looked at."""


def forget_looks() -> None:
    """To be called once a file was changed or moved, in any thread."""
    global _writes
    _writes += 1


def once_a_turn(look: Callable[[Key], Found]) -> Callable[[Key], Found]:
    """Makes `look` remember what it found. It must not raise."""

    def remembered(about: Key) -> Found:
        loop = _get_running_loop()
        if loop is None:
            return look(about)
        if _turn.loop is not loop or _turn.writes != _writes:
            _begin(loop)
        seen, key = _turn.seen, (look, about)
        if key not in seen:
            seen[key] = look(about)
        return seen[key]

    return remembered


def _begin(loop: AbstractEventLoop) -> None:
    _turn.loop, _turn.writes, _turn.seen = loop, _writes, {}
    loop.call_soon(_end)  # before whatever the next turn brings


def _end() -> None:
    _turn.loop = None


@once_a_turn
def signature_of(path: Path | str) -> Signature:
    """Cheap (one stat). Files that we save always get another inode, so an equal size and time cannot hide."""
    try:
        state = os.stat(path)  # noqa: PTH116 - `Path.stat` takes twice as long, and this is asked all the time
    except (OSError, ValueError):
        return None
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns


@once_a_turn
def is_missing(path: str) -> bool:
    """Whether nothing is there; False where that cannot be said."""
    try:
        os.stat(path)  # noqa: PTH116 - as above
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        pass
    return False
