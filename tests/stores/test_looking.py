"""In one turn of the event loop each file is looked at a single time. The next turn sees every change."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from halley.stores.config.store import ConfigStore
from halley.stores.disk.files import save_private
from halley.stores.disk.looking import is_missing, signature_of
from halley.stores.disk.paths import find_paths


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The paths that the system was asked about."""
    asked: list[str] = []
    stat = os.stat

    def counted(path: Any, *args: Any, **options: Any) -> os.stat_result:
        asked.append(str(path))
        return stat(path, *args, **options)

    monkeypatch.setattr(os, "stat", counted)
    yield asked


async def test_settings_of_many_requests_of_a_turn_cost_one_look(tmp_path: Path, looks: list[str]) -> None:
    paths = find_paths({"HALLEY_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)})
    config = ConfigStore(paths)
    config.settings(tmp_path)
    await asyncio.sleep(0)
    looks.clear()
    config.settings(tmp_path)
    once = sorted(looks)
    assert once
    for _ in range(100):
        config.settings(tmp_path)
    assert sorted(looks) == once


async def test_the_next_turn_sees_what_another_program_wrote(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    assert signature_of(file) is None
    assert is_missing(str(file))
    file.write_text("a")
    await asyncio.sleep(0)
    assert signature_of(file) is not None
    assert not is_missing(str(file))


async def test_the_same_turn_sees_what_we_wrote(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    save_private(file, "old")
    before = signature_of(file)
    save_private(file, "new")
    assert signature_of(file) != before


async def test_what_a_thread_wrote_is_seen_when_it_tells(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    for text in ("old", "newer", "newest"):
        before = signature_of(file)
        await asyncio.to_thread(file.write_text, text)
        assert signature_of(file) != before


def test_nothing_is_remembered_without_a_loop(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    assert signature_of(file) is None
    file.write_text("a")
    assert signature_of(file) is not None


def test_nothing_is_remembered_from_a_loop_that_ended(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"

    async def look() -> Any:
        return signature_of(file)

    assert asyncio.run(look()) is None
    file.write_text("a")
    assert asyncio.run(look()) is not None
