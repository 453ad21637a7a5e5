"""`make audit`: licences are judged part by part, and what could not be asked about is a finding."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import audit  # noqa: E402


@pytest.mark.parametrize(
    ("expression", "accepted"),
    [
        ("MIT", True),
        ("(MIT OR GPL-3.0-only)", True),
        ("Apache-2.0 AND BSD-3-Clause", True),
        ("MIT AND AGPL-3.0", False),
        ("GPL-2.0-or-later", False),
        ("SEE LICENSE IN LICENSE.txt", False),
        ("", False),
    ],
)
def test_licences_are_judged_part_by_part(expression: str, accepted: bool) -> None:
    assert audit.is_accepted(expression) is accepted


def test_every_npm_package_has_an_accepted_licence() -> None:
    for path in audit.NPM_LOCKS:
        assert list(audit._npm_licences(path)) == []


def ran(output: str, error: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess((), 1, output, error)


def test_without_the_network_nothing_counts_as_safe() -> None:
    skipped = {"dependencies": [{"name": "click", "skip_reason": "not found"}]}
    for done in (ran("", "no route to host"), ran("{}"), ran("[]"), ran(json.dumps(skipped))):
        (finding,) = audit._advisories("requirements.lock", done)
        assert "could not be checked" in finding


def test_an_advisory_is_named_with_what_mends_it() -> None:
    vulnerable = {"name": "click", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
    safe = {"name": "rich", "version": "15.0", "vulns": []}
    found = list(
        audit._advisories("requirements.lock", ran(json.dumps({"dependencies": [vulnerable, safe]})))
    )
    assert found == ["requirements.lock: click 1.0 has PYSEC-1; fixed in 1.1"]


def test_what_is_installed_is_what_was_tested() -> None:
    """The lock file that installers use pins nothing that the tests did not run with."""

    def pins(name: str) -> set[str]:
        lines = (ROOT / name).read_text("utf-8").splitlines()
        return {line.rstrip(" \\") for line in lines if "==" in line and not line.startswith(" ")}

    assert pins("requirements.lock") <= pins("requirements-dev.lock")
    for lock in audit.LOCKS:
        text = (ROOT / lock).read_text("utf-8")
        assert "://" not in text
        assert text.count("==") <= text.count("--hash=sha256:"), "every pin has a hash"
