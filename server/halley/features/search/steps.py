"""What the process that keeps an index does next: a state for each, and which one the facts ask for.

No state remembers anything: after each step the facts are looked at again, so that no news can be missed. Doing the
steps is `keeping.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

MANY_CHANGES = 200
"""From here on the child process looks at everything: a branch was changed."""


class State(Enum):
    PAUSED = "paused"
    """Nothing is put or embedded. What changes meanwhile is not written down, so a scan follows."""
    STARTING_TO_WATCH = "starting to watch"
    """A scan found other folders than are watched. What changed between that scan and the watcher's first sign was
    seen by neither, so another scan follows, unless the system cannot watch at all."""
    SCANNING = "scanning"
    """Everything is looked at, in a child process: at first, after a rebuild or other rules, after many changes, after
    changes to what is ignored, after a file that could not be put, and now and then where the system cannot watch."""
    CATCHING_UP = "catching up"
    """Single files that changed on disk are put, in this process: a child would take longer to start."""
    RESTING = "resting"
    """What lies on the disk is in the index. Vectors are made now and not before, so that no chunk is paid twice."""


@dataclass(frozen=True, slots=True)
class Facts:
    paused: bool
    unwatched: bool
    """The last scan found other folders than are watched."""
    rescan: bool
    """Something asks for a look at everything."""
    changed: int
    """Files that changed on disk and are not put yet."""


def next_state(facts: Facts) -> State:
    """The first that applies: a pause stops everything, and a scan covers single files."""
    if facts.paused:
        return State.PAUSED
    if facts.unwatched:
        return State.STARTING_TO_WATCH
    if facts.rescan or facts.changed > MANY_CHANGES:
        return State.SCANNING
    return State.CATCHING_UP if facts.changed else State.RESTING
