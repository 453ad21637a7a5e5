"""Composition: what a server is made of, and the two ways to run it.

    serve_stdio()      what editors start: `halley serve`
    serve_pipe(path)   one daemon for many editors: `halley serve --pipe PATH`

`HANDLERS` names the modules that make up the server's features; each has `register(server)`. They are imported after
`initialize` was answered (`base/front.py`), so nothing at the top of this file may be slow to import.

What a server says of itself is in `base/capabilities.py`, how messages find their handlers in
`base/protocol.py`, the server itself in `base/server.py`, what one window holds in `session.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from halley.lsp.base.front import answer_initialize, seize_stdio

if TYPE_CHECKING:
    from halley.lsp.base.server import Server

HANDLERS: tuple[str, ...] = ()
"""Modules with `register(server: Server) -> None`, in the order they are registered."""


def compose(room: Any = None, handlers: Sequence[str] = HANDLERS) -> Server:
    """A server with all its features, for one client. `room` is the process's engine room."""
    from importlib import import_module

    from halley.lsp.base.server import Server

    server = Server(room)
    for name in handlers:
        import_module(name).register(server)
    return server


def serve_stdio(
    log_file: str | None = None, log_level: str = "info", handlers: Sequence[str] = HANDLERS
) -> int:
    """Serves the client on stdin and stdout; the process's exit code."""
    stdin, stdout = seize_stdio()
    opening = answer_initialize(stdin, stdout)
    if opening.at_end:
        return 1
    from halley.lsp.base import serving
    from halley.lsp.base.logs import set_up_logging

    set_up_logging(log_file, log_level)

    async def main() -> int:
        return await serving.serve_stdio(compose(None, handlers), opening, stdin, stdout)

    return serving.run_to_the_end(main)


def serve_pipe(
    path: str, log_file: str | None = None, log_level: str = "info", handlers: Sequence[str] = HANDLERS
) -> int:
    """Serves every client of the unix socket at `path`, until a signal ends the process; its exit code."""
    from halley.lsp.base import serving
    from halley.lsp.base.logs import set_up_logging

    set_up_logging(log_file, log_level)
    try:
        return serving.run_to_the_end(lambda: serving.serve_pipe(lambda: compose(None, handlers), path))
    except FileExistsError:
        problem = f"{path} is in use, by a running daemon or by a file. Give --pipe another path."
    except NotImplementedError:
        problem = "--pipe needs unix sockets, which this system lacks. Use `halley serve`."
    except OSError as error:
        problem = f"Cannot listen on {path}: {error.strerror}. Give --pipe another path."
    sys.stderr.write(f"halley: {problem}\n")
    return 1
