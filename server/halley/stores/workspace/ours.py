"""Which folders above a place may speak for it: only those of the same user.

A shared folder such as `/tmp` can hold a `.git` or `.halley.toml` that another user put there. Work done below
it would follow a stranger's configuration (git refuses such repositories too: `safe.directory`, CVE-2022-24765).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def own_folders(start: Path) -> Iterator[Path]:
    """`start` itself, then its parents up to the first one that is not ours."""
    yield start
    for folder in start.parents:
        if not is_ours(folder):
            return
        yield folder


def is_ours(path: Path) -> bool:
    """Whether it exists and belongs to this user; a link counts by itself. True for all on Windows."""
    try:
        return os.name != "posix" or path.lstat().st_uid == os.geteuid()
    except OSError:
        return False
