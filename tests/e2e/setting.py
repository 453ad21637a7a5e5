"""How the daemons under test are configured."""

from __future__ import annotations

from pathlib import Path

from network_guard import forbid

KEY = "sk-sim-a-key-that-must-not-leak"
CONFIG = """\
[providers.simulator]
base_url = "{url}"
key = {{ env = "HALLEY_SIMULATOR_KEY" }}

[roles]
chat = ["simulator/sim-chat"]
edit = ["simulator/sim-code"]
complete = ["simulator/sim-fim"]
fast = ["simulator/sim-fast"]

[completion]
debounce_ms = 0
timeout_ms = 60000

[search]
enabled = false
"""
"""Without an index: the tests of search switch it on, the others need no process that keeps one."""


def guarded(env: dict[str, str] | None = None) -> dict[str, str]:
    """The environment of a daemon: a key for the simulator, and the guard that keeps it on this machine."""
    guard = str(Path(forbid.__code__.co_filename).parent)
    return {"PYTHONPATH": guard, "HALLEY_SIMULATOR_KEY": KEY} | (env or {})
