"""A small repository with a change in it, and replies of a reviewer, for tests of reviews."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

BEFORE = "def total(items):\n    return sum(item.price for item in items)\n"
AFTER = """\
def total(items, extra=[]):
    extra.append(0)
    try:
        return sum(item.price for item in items) + sum(extra)
    except:
        return 0
"""


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@t", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def repository(folder: Path, name: str = "shop.py") -> Path:
    """One commit, and a change of the working tree after it; the changed file."""
    git(folder, "init", "-q", "-b", "main")
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(BEFORE)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    file.write_text(AFTER)
    return file


def finding(quote: str, **more: Any) -> dict[str, Any]:
    row = {"file": "shop.py", "line": 1, "severity": "error", "title": "It is wrong", "text": "Because."}
    return row | {"quote": quote} | more


BARE = finding(
    "    except:",
    line=5,
    title="A bare except hides every error",
    text="It catches KeyboardInterrupt too.",
    replacement="    except TypeError:",
)
MUTABLE = finding(
    "def total(items, extra=[]):", severity="warning", title="The default is shared between calls"
)


def reply(*findings: dict[str, Any]) -> str:
    return json.dumps(list(findings))
