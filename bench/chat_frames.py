"""2,000 deltas in the VS Code chat view's page, in Chromium: its slowest frame, beside a page that renders all
again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.table import Pair

ROOT = Path(__file__).parents[1]


def pairs(rounds: int) -> Iterator[Pair]:
    """Milliseconds of the worst frame (processor time): ours, and of a page that renders all for each batch."""
    for folder in ("tests/editors", "tools"):
        sys.path.insert(0, str(ROOT / folder))
    from install_vscode import install

    from build_vscode import CLIENT, build_bundle

    code = install(ROOT / ".editors/vscode")
    build_bundle()
    plan = {
        "modules": str(code.folder / "node_modules"),
        "chromium": str(code.chromium),
        "dist": str(CLIENT / "dist"),
    }
    script = ROOT / "tests/editors/vscode/frames.mjs"
    for _ in range(rounds):
        done = subprocess.run(
            [str(code.node), str(script), json.dumps(plan)],
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        measured = json.loads(done.stdout)
        yield measured["ours"]["worst"], measured["whole"]["worst"]
