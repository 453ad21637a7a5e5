"""What a server can do: handlers by method and by command name.

    @server.feature("halley/models/list")                       # params: dict → JSON values
    @server.feature("textDocument/codeAction", raw=True)        # the same for a method of LSP's
    @server.feature("textDocument/rename")                      # params and result: lsprotocol types
    @server.command("halley.run")                               # arguments: list → JSON values

A handler is an `async def`, or a `def` that is done in a moment: everything runs on the one loop. Typed handlers
cost the import of pygls and lsprotocol (half a second, 27 MB), which a server of raw handlers never pays; what
they are spared in checking is done by `shapes.py`.

A request has one handler; a notification may have several, which run in the order they were registered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

Handler = Callable[[Any], Any | Awaitable[Any]]
H = TypeVar("H", bound=Handler)

_NOTIFICATIONS = {"initialized", "exit", "textDocument/willSave", "window/workDoneProgress/cancel"}


class Features:
    """The table of handlers."""

    def __init__(self) -> None:
        self.requests: dict[str, Handler] = {}
        self.notifications: dict[str, list[Handler]] = {}
        self.commands: dict[str, Handler] = {}

    def feature(self, method: str, *, raw: bool = False) -> Callable[[H], H]:
        """Registers a handler. `halley/*` is always raw. Raises ValueError when a request has one already."""

        def register(function: H) -> H:
            handler: Handler = function
            if not raw and not method.startswith("halley/"):
                from halley.lsp.base.typed import typed_handler

                handler = typed_handler(method, function)
            if is_notification(method):
                self.notifications.setdefault(method, []).append(handler)
            elif method in self.requests:
                raise ValueError(f"{method} has a handler already")
            else:
                self.requests[method] = handler
            return function

        return register

    def command(self, name: str) -> Callable[[H], H]:
        """Registers what `workspace/executeCommand` runs under `name`, given the list of its arguments."""

        def register(function: H) -> H:
            if name in self.commands:
                raise ValueError(f"{name} is registered already")
            self.commands[name] = function
            return function

        return register


def is_notification(method: str) -> bool:
    """Whether the client expects no answer, as LSP's names tell."""
    last = method.rpartition("/")[2]
    return method in _NOTIFICATIONS or method.startswith("$/") or last.startswith("did")
