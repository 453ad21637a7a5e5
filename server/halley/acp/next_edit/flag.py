"""Whether next edits are on, and what the answer to `initialize` says about them.

That answer waits for nothing heavy, so `config.toml` is read here without checking it. The methods look at the
setting as all others are read, and a value that is wrong there means off.
"""

from __future__ import annotations

import contextlib
from typing import Any, Final

Json = dict[str, Any]

CAPABILITY: Final[Json] = {
    "events": {
        "document": {
            "didOpen": {},
            "didChange": {"syncKind": "incremental"},
            "didClose": {},
            "didSave": {},
            "didFocus": {},
        }
    },
    "context": {"diagnostics": {}},
}
"""`NesCapabilities`: what the client is to tell. Recent edits and other open files are known from its events."""


def is_on() -> bool:
    """Whether `next_edit.acp` is true in the user's `config.toml`."""
    import tomllib

    from halley.stores.disk.paths import find_paths

    found: Any = None
    with contextlib.suppress(OSError, ValueError):
        found = tomllib.loads(find_paths().config_file.read_text("utf-8-sig"))
    section = found.get("next_edit") if isinstance(found, dict) else None
    return isinstance(section, dict) and section.get("acp") is True
