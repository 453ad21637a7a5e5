"""How long the client may take for the answer to a question of ours, by its method, in seconds."""

from __future__ import annotations

TIME_LIMITS_S = {
    "window/showMessageRequest": 600.0,
    "halley/tools/approve": 600.0,
    "halley/tools/ask": 600.0,
    "workspace/applyEdit": 120.0,  # the editor may show the edit and ask first
    "window/showDocument": 5.0,  # shown in other ways when nothing is heard
    "halley/secrets/get": 120.0,  # a key store may ask for its password
}
DEFAULT_TIME_LIMIT_S = 10.0
"""Of everything that no user has to decide."""
