"""What is generated is checked in, and is what the sources say now."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "server/halley/stores/schema"


def test_no_copy_is_stale() -> None:
    command = [sys.executable, str(ROOT / "tools/generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_repository_schema_offers_nothing_that_only_the_user_may_set() -> None:
    schema = json.loads((SCHEMAS / "workspace.schema.json").read_text())
    assert "providers" not in schema["properties"]
    assert "KeySource" not in schema["$defs"]
    assert "max_tokens" not in schema["$defs"]["ContextSettings"]["properties"]
    assert "roles" in schema["properties"]


def test_the_reference_page_names_every_setting() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text()
    schema = json.loads((SCHEMAS / "config.schema.json").read_text())
    sections = [schema, *schema["$defs"].values()]
    missing = [n for section in sections[1:] for n in section["properties"] if f"| `{n}` |" not in page]
    assert not missing
    assert all(f"[{name}" in page for name in schema["properties"])


def test_no_lock_file_holds_an_address() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        assert "://" not in lock.read_text(), lock.name
