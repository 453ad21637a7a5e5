"""The VS Code extension: what a window has to load of it, and how long its own code takes until it is active."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.table import Pair

ROOT = Path(__file__).parents[1]
for folder in ("tests/editors", "tests/guard", "tools"):
    sys.path.insert(0, str(ROOT / folder))

MOST_KB = 600.0
MOST_MS = 150.0


def bundle_pairs(rounds: int) -> Iterator[Pair]:
    """Kilobytes of all that is bundled, pages and styles too."""
    from build_vscode import DIST, build_bundle

    build_bundle()
    size = sum(path.stat().st_size for path in (*DIST.glob("*.js"), *DIST.glob("*.css")))
    for _ in range(rounds):
        yield size / 1000, MOST_KB


def activation_pairs(rounds: int) -> Iterator[Pair]:
    """Milliseconds of processor time that the bundle and `activate` take, in a fresh VS Code."""
    from install_vscode import install
    from vscode_window import SCRIPTS, CodeServer, drive

    from build_vscode import CLIENT, EDITORS, build_bundle

    code = install(EDITORS / "vscode")
    build_bundle()
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            (place / "workspace").mkdir()
            report = place / "report.jsonl"
            env = {"HALLEY_HOME": str(place / "home"), "HALLEY_TEST_REPORT": str(report)}
            server = CodeServer(code, place / "server", None, env)
            plan = {
                "port": server.port,
                "workspace": str(place / "workspace"),
                "extension": str(CLIENT),
                "tests": str(SCRIPTS / "host/activation.cjs"),
                "shots": folder,
            }
            try:
                (step,) = drive(code, "host.mjs", plan, report)
            finally:
                server.close()
            if not step.ok:
                raise RuntimeError(step.error)
            yield step.ms, MOST_MS
