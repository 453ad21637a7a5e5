"""How a client's user connects Halley to a model: nothing at all where one answers, else a key, typed in a terminal.

A key never passes through the protocol: the terminal method has the client run `halley acp --login`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
CONFIGURED, KEY = "halley-configured", "halley-key"
METHOD_IDS = frozenset((CONFIGURED, KEY))


def auth_methods(capabilities: Mapping[str, Any]) -> list[Json]:
    """`AuthMethod`s; the terminal's only for a client that has one for it."""
    found: list[Json] = [
        {
            "id": CONFIGURED,
            "name": "Use Halley as it is set up",
            "description": "Nothing to enter: Halley uses your stored keys and the model servers on this machine. "
            "`halley key set PROVIDER` in a terminal stores a key.",
        }
    ]
    auth = capabilities.get("auth")
    if isinstance(auth, Mapping) and auth.get("terminal"):
        found.append(
            {
                "id": KEY,
                "name": "Enter an API key",
                "description": "Type the key of a provider in a terminal. It is stored on this machine.",
                "type": "terminal",
                "args": ["--login"],
            }
        )
    return found
