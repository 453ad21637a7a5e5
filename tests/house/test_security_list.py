"""`tests/security/README.md` names every family of attacks, and SECURITY.md no test that is not there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_list_of_attacks_is_whole() -> None:
    folder = ROOT / "tests/security"
    listed = re.findall(r"\]\((test_\w+\.py)\)", (folder / "README.md").read_text("utf-8"))
    assert listed == sorted(path.name for path in folder.glob("test_*.py"))


def test_what_is_promised_names_tests_that_exist() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    named = re.findall(r"`(tests/[\w/.]+)`", text)
    assert named
    for path in named:
        assert (ROOT / path).exists(), path
