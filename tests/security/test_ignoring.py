"""Patterns of ignore files: what git says of them, in linear time whatever they are; and odd files as ignore files."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from halley.stores.workspace.ignoring import MOST_RULES, exclusions, parse_rules, read_rules
from halley.stores.workspace.project_files import is_excluded, list_files, read_text_file

PIECES = st.sampled_from(
    [
        "a",
        "b",
        "ab",
        "*",
        "?",
        "**",
        "/",
        "/",
        "[ab]",
        "[!a]",
        "[^b]",
        "[a-b]",
        "[[:alpha:]]",
        "\\*",
        "!",
        ".",
        " ",
        "#",
        "[]a]",
    ]
)
PATTERNS = st.lists(st.lists(PIECES, min_size=1, max_size=6).map("".join), min_size=1, max_size=4)
NAME = st.text("ab.*", min_size=1, max_size=3).filter(lambda name: name not in (".", ".."))
PATHS = st.lists(st.lists(NAME, min_size=1, max_size=4).map("/".join), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ignoring")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(patterns=PATTERNS, paths=PATHS)
@example(patterns=[".**/a"], paths=[".a", ".b/a", ".b/c", "b/.a", ".b/c/a"])
@example(
    patterns=["a/b**", "b***/a/**"],
    paths=["a/b", "a/bb", "a/b/a", "ba/a", "ba/a/b", "b/a/a", "bb/b/a/b", "b"],
)
def test_a_path_is_ignored_when_git_says_so(repository: Path, patterns: list[str], paths: list[str]) -> None:
    (repository / ".gitignore").write_text("\n".join(patterns) + "\n")
    done = subprocess.run(
        ["git", "-c", "core.excludesFile=", "check-ignore", "--no-index", "-z", "--stdin"],
        input="\0".join(paths) + "\0", cwd=repository, capture_output=True, text=True,
    )  # fmt: skip
    said = set(done.stdout.split("\0")) - {""}
    rules = read_rules(repository)
    assert {path for path in paths if rules.leaves_out(path)} == said


STARS = {
    "stars": ("*a" * 40 + "b", "a"),
    "folders": ("**/a/" * 20 + "b", "a/"),
    "both": ("**/*a*a*a/" * 10 + "x", "aaaa/"),
    "classes": ("*[ab]" * 40 + "c", "ab"),
    "questions": ("*?" * 40 + "b", "a"),
}


@pytest.mark.parametrize("kind", STARS)
def test_no_pattern_takes_more_than_linear_time(kind: str) -> None:
    pattern, unit = STARS[kind]
    rules = parse_rules([pattern])

    def cost(length: int) -> float:
        path = unit * (length // len(unit)) + "y"
        begin = time.process_time()
        for _ in range(3):
            rules.verdict(path)
        return time.process_time() - begin

    assert any(cost(3200) < max(cost(400), 0.002) * 24 for _ in range(5))


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in folders")
@pytest.mark.parametrize("odd", ["pipe", "sparse", "link to a device", "folder", "too many rules"])
def test_odd_ignore_files_hold_nothing_up_and_show_nothing(odd: str, tmp_path: Path) -> None:
    file = tmp_path / "sub/.gitignore"
    file.parent.mkdir()
    (tmp_path / "sub/a.py").write_text("x = 1\n")
    (tmp_path / "b.py").write_text("x = 1\n")
    if odd == "pipe":
        os.mkfifo(file)
    elif odd == "sparse":
        file.touch()
        os.truncate(file, 3 << 30)
    elif odd == "link to a device":
        file.symlink_to("/dev/zero")
    elif odd == "folder":
        file.mkdir()
    else:
        file.write_text("x?y\n" * (MOST_RULES + 1))
    assert [fact.path for fact in list_files(tmp_path)] == ["b.py"]
    assert is_excluded(tmp_path, tmp_path / "sub/a.py", ())
    assert not is_excluded(tmp_path, tmp_path / "b.py", ())


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in folders")
def test_pipes_and_devices_are_no_text(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    os.truncate(os.open(tmp_path / "large.py", os.O_CREAT | os.O_RDWR), 3 << 30)
    assert read_text_file(tmp_path, "pipe.py") is None
    assert read_text_file(tmp_path, "large.py") is None


def test_a_folder_that_is_left_out_takes_all_along() -> None:
    rules = exclusions(("private/", "!private/a.txt", "/top.txt"))
    assert rules.leaves_out("x/private/a.txt") and rules.leaves_out("top.txt")
    assert not rules.leaves_out("x/top.txt") and not rules.leaves_out("private")
