"""The real daemon, and one more request: `halley/modules` answers what is imported at that moment."""

from __future__ import annotations

import sys
from typing import Any

from halley.lsp.server import HANDLERS, serve_stdio


def register(server: Any) -> None:
    @server.feature("halley/modules")
    def modules(params: dict[str, Any]) -> list[str]:
        return sorted(sys.modules)


if __name__ == "__main__":
    sys.exit(serve_stdio(handlers=(*HANDLERS, "modules_server")))
