"""What was picked stays picked, for its workspace and no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from stores_help import assert_private, finished

from halley.core.models import ModelRef, Route
from halley.stores.config.selections import MOST_RECENT, SelectionStore
from halley.stores.disk.paths import Paths


def route(*names: str) -> Route:
    return tuple(ModelRef.parse(name) for name in names)


@pytest.fixture
def one(tmp_path: Path) -> Path:
    (tmp_path / "one").mkdir()
    return tmp_path / "one"


def test_a_pick_survives_and_never_leaks(paths: Paths, one: Path, tmp_path: Path) -> None:
    store = SelectionStore(paths)
    store.save(one, "chat", route("a/b", "openrouter/meta/llama"))
    store.save(None, "fast", route("u/v"))
    for fresh in (store, SelectionStore(paths)):
        assert fresh.load(one) == {"chat": route("a/b", "openrouter/meta/llama")}
        assert fresh.load(tmp_path / "two") == {}
        assert fresh.load(None) == {"fast": route("u/v")}
    assert_private(paths.state)


def test_a_workspace_is_its_real_place(paths: Paths, one: Path, tmp_path: Path) -> None:
    store = SelectionStore(paths)
    store.save(one, "chat", route("a/b"))
    (tmp_path / "link").symlink_to(one)
    assert store.load(tmp_path / "link") == store.load(f"{one}/../one/") == store.load(one)


def test_picking_again_and_forgetting(paths: Paths, one: Path) -> None:
    store = SelectionStore(paths)
    store.save(one, "chat", route("a/b"))
    store.save(one, "edit", route("a/c"))
    store.save(one, "chat", route("a/d"))
    assert store.load(one) == {"chat": route("a/d"), "edit": route("a/c")}
    store.save(one, "chat", ())
    assert store.load(one) == {"edit": route("a/c")}


@pytest.mark.parametrize(
    "junk", ["", "{", "[]", '{"roles": 3}', '{"root": "/other", "roles": {"chat": ["a/b"]}}', "\0"]
)
def test_a_file_that_is_not_ours_counts_as_nothing(paths: Paths, one: Path, junk: str) -> None:
    store = SelectionStore(paths)
    store.save(one, "chat", route("a/b"))
    (file,) = (paths.state / "selections").glob("*.json")
    file.write_text(junk)
    assert store.load(one) == {}
    store.save(one, "edit", route("a/c"))
    assert store.load(one) == {"edit": route("a/c")}


def test_what_is_sound_in_a_file_edited_by_hand_counts(paths: Paths, one: Path) -> None:
    store = SelectionStore(paths)
    store.save(one, "chat", route("a/b"))
    (file,) = (paths.state / "selections").glob("*.json")
    file.write_text(
        file.read_text().replace('"a/b"', '"a/b", "nonsense", 3').replace('"chat"', '"boss": ["x/y"], "chat"')
    )
    assert store.load(one) == {"chat": route("a/b")}


def test_recent_and_favourite_models(paths: Paths, one: Path) -> None:
    store = SelectionStore(paths)
    for n in range(MOST_RECENT + 5):
        store.save(one, "chat", route(f"a/{n}", "b/fallback"))
    store.remember(ModelRef("a", "20"))
    recent = [str(model) for model in store.recent()]
    assert recent[:3] == ["a/20", "a/24", "a/23"]
    assert len(recent) == len(set(recent)) == MOST_RECENT
    store.mark_favourite(ModelRef("a", "1"))
    store.mark_favourite(ModelRef("a", "2"))
    store.mark_favourite(ModelRef("a", "1"), False)
    assert SelectionStore(paths).favourites() == route("a/2")


async def test_two_processes_lose_no_pick(paths: Paths, one: Path, start) -> None:
    code = """
        from halley.core.models import ModelRef
        from halley.stores.disk.paths import find_paths
        from halley.stores.config.selections import SelectionStore
        store = SelectionStore(find_paths())
        for n in range(30):
            store.save(args[0], args[1], (ModelRef("p", str(n)),))
            store.mark_favourite(ModelRef(args[1], str(n)))
    """
    store = SelectionStore(paths)
    assert store.load(one) == {}
    await finished(start(code, one, "chat"), start(code, one, "edit"))
    assert store.load(one) == {"chat": route("p/29"), "edit": route("p/29")}, "and the first process sees it"
    assert len(store.favourites()) == 60
