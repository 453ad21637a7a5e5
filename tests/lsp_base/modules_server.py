"""The real daemon, and two more requests: `halley/modules` answers what is imported at that moment, and `halley/types`
which of the protocol's classes were completed."""

from __future__ import annotations

import sys
from typing import Any

from halley.lsp.server import HANDLERS, serve_stdio


def register(server: Any) -> None:
    @server.feature("halley/modules")
    def modules(params: dict[str, Any]) -> list[str]:
        return sorted(sys.modules)

    @server.feature("halley/types")
    def completed(params: dict[str, Any]) -> list[str]:
        from lsprotocol import types

        from halley.lsp.types_on_use import is_complete

        classes = [one for one in vars(types).values() if "__attrs_attrs__" in getattr(one, "__dict__", ())]
        return sorted(one.__name__ for one in classes if is_complete(one))


if __name__ == "__main__":
    sys.exit(serve_stdio(handlers=(*HANDLERS, "modules_server")))
