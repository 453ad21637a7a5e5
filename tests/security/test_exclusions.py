"""What the user excludes stays excluded, whatever a repository or its editor settings exclude and take back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halley.features.room import EngineRoom
from halley.stores.config.client_settings import parse_client_settings
from halley.stores.config.layers import Layer, merge_settings
from halley.stores.workspace.project_files import is_excluded, is_named, list_files

FILES = ("a.py", "private/a.py", "private/deep/b.py", "src/private/c.py", "src/d.py", "notes.md")
MINE = ("private/", "private/**", "**/private/**", "*.md", "/a.py", "src/*", "**", "!src/d.py", "*.py")
THEIRS = (
    "!**", "!*", "!private/", "!private/**", "!/private/deep/b.py", "!a.py", "!*.py", "!src/", "\\!x", "x\n!**", "!**/", "!/",
    "!*.md", "!notes.md\r", "# x", "", "!", "!!**", "src/",
)  # fmt: skip


@settings(max_examples=400)
@given(
    mine=st.lists(st.sampled_from(MINE), min_size=1, max_size=3),
    others=st.lists(st.lists(st.sampled_from(THEIRS), max_size=4), min_size=1, max_size=2),
)
def test_no_level_takes_back_what_another_leaves_out(
    mine: list[str], others: list[list[str]], tried: Callable[..., None]
) -> None:
    tried()
    root = Path("/nowhere")
    user = Layer("config.toml", {"context": {"exclude": tuple(mine)}})
    levels = [
        Layer(name, {"context": {"exclude": tuple(other)}})
        for name, other in zip((".halley.toml", "client"), others, strict=False)
    ]
    alone = merge_settings([user]).context.exclude
    together = merge_settings([user, *levels]).context.exclude
    for file in FILES:
        path = root / file
        for ask in (is_named, is_excluded):
            assert not (ask(root, path, alone) and not ask(root, path, together)), (file, ask)


@pytest.mark.parametrize("inlet", [".halley.toml", "editor settings"])
@pytest.mark.parametrize("pattern", ["!**", "!private/", "!/private/**"])
def test_a_repository_does_not_lift_the_users_exclusions(
    inlet: str, pattern: str, halley_home: Path, tmp_path: Path
) -> None:
    (halley_home / "config.toml").write_text('[context]\nexclude = ["private/", "!kept.md"]\n')
    root = tmp_path / "repository"
    for name in ("private/a.py", "src/b.py"):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text("x = 1\n")
    room, layers = EngineRoom.open(), ()
    if inlet == ".halley.toml":
        (root / ".halley.toml").write_text(f'[context]\nexclude = ["{pattern}"]\n')
    else:
        layers = (parse_client_settings({"context": {"exclude": [pattern]}}),)
    exclude = room.settings(root, layers).context.exclude
    assert {fact.path for fact in list_files(root, exclude)} - {".halley.toml"} == {"src/b.py"}


def test_a_level_may_take_back_what_it_left_out_itself() -> None:
    exclude = merge_settings(
        [Layer("client", {"context": {"exclude": ("*.py", "!keep.py")}})]
    ).context.exclude
    assert is_named(Path("/w"), Path("/w/a.py"), exclude)
    assert not is_named(Path("/w"), Path("/w/keep.py"), exclude)
