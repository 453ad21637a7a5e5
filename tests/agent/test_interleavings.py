"""Agents' edits, typing, saves, kills and restores in any order over open buffers: no typed character is lost, and
every restore is exact.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from open_buffers import Killed, OpenEditor

from halley.core.errors import HalleyError
from halley.stores.checkpoints import CheckpointStore
from halley.stores.sqlite.database import Database

FILES = ("a.txt", "b.txt")
FIRST = "alpha one\nbeta two\n\n}\ngamma three\n}\ndelta four"
WHEN = ("", "", "", "asked", "arriving", "arriving twice")

FILE = st.sampled_from(FILES)
SPOT = st.integers(0, 40)
STEP = st.one_of(
    st.tuples(st.just("edit"), FILE, SPOT, st.sampled_from(WHEN), SPOT),
    st.tuples(st.just("edit"), FILE, SPOT, st.just(""), SPOT),
    st.tuples(st.just("part"), FILE, SPOT, st.just(""), SPOT),
    st.tuples(st.just("turn"), FILE, SPOT, st.just(""), SPOT),
    st.tuples(st.just("type"), FILE, SPOT, st.just(""), SPOT),
    st.tuples(st.just("save"), FILE, SPOT, st.just(""), SPOT),
    st.tuples(st.just("kill"), FILE, SPOT, st.sampled_from(("before", "after")), SPOT),
    st.tuples(st.just("restore"), FILE, SPOT, st.sampled_from(("", "", "force", "arriving")), SPOT),
)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def store(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CheckpointStore]:
    folder = tmp_path_factory.mktemp("store")
    database = Database(folder / "halley.db")
    yield CheckpointStore(database, folder / "blobs")
    runner.run(database.aclose())


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("w")


@dataclass
class Made:
    """A checkpoint, and how everything was before it."""

    id: str
    texts: dict[str, str]
    typed: dict[str, int]


CHATS = itertools.count()


@given(steps=st.lists(STEP, min_size=2, max_size=12))
@settings(
    max_examples=500, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
def test_any_interleaving_over_open_buffers(
    runner: asyncio.Runner, store: CheckpointStore, root: Path, steps: list[tuple[str, str, int, str, int]]
) -> None:
    runner.run(_play(OpenEditor(root, store, f"chat {next(CHATS)}"), steps))


async def _play(editor: OpenEditor, steps: list[tuple[str, str, int, str, int]]) -> None:
    for name in FILES:
        editor.open(name, FIRST)
    typed: dict[str, list[str]] = {name: [] for name in FILES}
    made: list[Made] = []
    numbers = itertools.count()

    def now() -> dict[str, str]:
        return {name: editor.text(name) for name in FILES}

    def counts() -> dict[str, int]:
        return {name: len(typed[name]) for name in FILES}

    def note(id: str, texts: dict[str, str], had: dict[str, int]) -> None:
        made.append(Made(id, texts, had))

    def types(name: str, spot: int) -> None:
        """A character no other is like, anywhere."""
        character = chr(0x4E00 + next(numbers))
        editor.type(name, spot % (len(editor.text(name)) + 1), character)
        typed[name].append(character)

    def turn() -> None:
        editor.new_turn("turn")
        assert editor.keeper
        note(editor.keeper.id, now(), counts())

    async def edits(name: str, spot: int, between: object = None) -> None:
        """Of a line in which the user did not type, so that no character may go."""
        lines = [
            line
            for line in editor.text(name).split("\n")
            if len(line) > 1 and not set(line) & set(typed[name]) and editor.text(name).count(line) == 1
        ]
        if lines:
            old = lines[spot % len(lines)]
            new = ["", "{}\nmore {}", "edit {}", "}}\n{}"][spot % 4].replace("{}", f"x{next(numbers)}")
            with contextlib.suppress(HalleyError):
                await editor.agent_edits(name, old, new, between or (lambda: None))  # type: ignore[arg-type]

    turn()
    for what, name, spot, how, other in steps:
        match what:
            case "turn":
                turn()
            case "type":
                types(name, spot)
            case "save":
                editor.save(name)
            case "edit":
                if how.startswith("arriving"):
                    editor.on_edit = partial(types, name, other)
                asked = how in ("asked", "arriving twice")
                between = partial(types, name, other) if asked else None
                await edits(name, spot, between)
                editor.on_edit = None
            case "part":
                if "}" in editor.text(name):
                    wanted, _ = await editor.agent_edits_a_part(name, "}", f"}} x{next(numbers)}", spot)
                    assert editor.text(name) == wanted, "that hunk and no other"
            case "kill":
                editor.kill = how
                with contextlib.suppress(Killed):
                    await edits(name, spot)
                editor.kill = ""
                editor.start()
                turn()
            case _:
                await _restores(
                    editor, made[spot % len(made)], typed, note, now, how, partial(types, name, other)
                )
                turn()
        for file in FILES:
            assert set(typed[file]) <= set(editor.text(file)), (what, how, file)


async def _restores(editor, one, typed, note, now, how, types) -> None:  # type: ignore[no-untyped-def]
    if how == "arriving":
        editor.on_edit = types
    was, count = now(), {name: len(typed[name]) for name in FILES}
    try:
        result = await editor.restores(one.id, force=how == "force")
    except HalleyError:
        return  # a turn in which nothing was touched
    finally:
        editor.on_edit = None
    if result.undo:
        note(result.undo, was, count)
    for name in FILES:
        text = editor.text(name)
        if name in result.files:
            # Each typed character is like no other, so without them both must be the same.
            assert _without(text, typed[name]) == _without(one.texts[name], typed[name]), (name, result)
        elif len(typed[name]) == count[name]:
            assert text == was[name]
        if len(typed[name]) == one.typed[name]:
            assert text == one.texts[name] and name not in result.changed, (name, result)


def _without(text: str, characters: list[str]) -> str:
    return "".join(one for one in text if one not in characters)
