"""Composition: what a server is made of, and the two ways to run it.

    serve_stdio()      what editors start: `halley serve`
    serve_pipe(path)   one daemon for many editors: `halley serve --pipe PATH`

`HANDLERS` names the modules that make up the server's features; each has `register(server)`. They are imported after
`initialize` was answered (`base/front.py`), so nothing at the top of this file may be slow to import.

What a server says of itself is in `capabilities.py`, how messages find their handlers in
`base/protocol.py`, the server itself in `base/server.py`, what one window holds in `window/session.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from halley.lsp.base.front import answer_initialize
from halley.lsp.streams import seize_stdio, show_error

if TYPE_CHECKING:
    from halley.features.shared import Shared
    from halley.lsp.base.server import HalleyServer

HANDLERS: tuple[str, ...] = (
    "halley.lsp.handlers.begin",  # first: the others find the client's session
    "halley.lsp.handlers.configuration",
    "halley.lsp.handlers.code_actions",
    "halley.lsp.handlers.completion",
    "halley.lsp.handlers.search",  # before those that search: an index in use has to hear of documents
    "halley.lsp.handlers.run",
    "halley.lsp.handlers.next_edit",
    "halley.lsp.handlers.formatting",
    "halley.lsp.handlers.documents",
    "halley.lsp.handlers.proposals",
    "halley.lsp.handlers.chat",
    "halley.lsp.handlers.macros",
    "halley.lsp.handlers.media",
    "halley.lsp.handlers.tools",
    "halley.lsp.handlers.checkpoints",
    "halley.lsp.handlers.models",
    "halley.lsp.handlers.providers",
    "halley.lsp.handlers.reports",
    "halley.lsp.handlers.review",
    "halley.lsp.handlers.trust",
    "halley.lsp.handlers.apply_block",
    "halley.lsp.handlers.language_model",
    "halley.lsp.handlers.plain",  # last: it wraps the commands of the others
)
"""Modules with `register(server: HalleyServer) -> None`, in the order they are registered."""

LATER = frozenset(HANDLERS) - {
    "halley.lsp.handlers.begin",
    "halley.lsp.handlers.configuration",
    "halley.lsp.handlers.code_actions",
    "halley.lsp.handlers.completion",
}
"""Imported when a message needs one of them, or when the editor has been quiet: a fifth of the start."""

FIRST_USED: dict[str, tuple[str, ...]] = {
    "halley.lsp.handlers.completion": ("halley.features.completion.completer",),
    "halley.lsp.handlers.run": ("halley.features.context.gather", "halley.engine.replies.read"),
}
"""What these handlers import only when they are first used, imported when the editor has been quiet as well. Ghost
text comes first: users type before they open a menu."""


def compose(shared: Shared, handlers: Sequence[str] = HANDLERS) -> HalleyServer:
    """A server with all its features, for one client of the process that `shared` belongs to."""
    import logging
    from functools import partial
    from importlib import import_module

    from lsprotocol import types

    from halley.lsp.base.server import HalleyServer
    from halley.lsp.later import Later
    from halley.lsp.logs import describe

    server = HalleyServer(shared.room)
    server.shared = shared

    def register(name: str) -> None:
        try:
            import_module(name).register(server)
        except Exception as error:  # one broken feature leaves the server up
            logging.getLogger(__name__).error("%s is missing: %s", name, describe(error))

    for name in handlers:
        if name not in LATER:
            register(name)
    later = Later(
        (partial(register, name) for name in handlers if name in LATER),
        (
            partial(import_module, module)
            for name in FIRST_USED
            if name in handlers
            for module in FIRST_USED[name]
        ),
    )
    server.complete = later.complete
    server.feature(types.INITIALIZED)(lambda _: later.complete_when_quiet())
    return server


def hold_collecting() -> None:
    """No garbage collection during the imports: they make objects that stay (a tenth of the start)."""
    import gc

    gc.disable()
    from halley.lsp.types_on_use import import_types

    import_types()


def resume_collecting() -> None:
    """What was imported is never looked at again, and the rest less often: Python's own thresholds (700, 10, 10) take
    a twelfth of the processor under many streams, whose objects live long and are looked at again and again."""
    import gc

    gc.freeze()
    gc.set_threshold(50_000, 10, 10)
    gc.enable()


def serve_stdio(
    log_file: str | None = None, log_level: str = "info", handlers: Sequence[str] = HANDLERS
) -> int:
    """Serves the client on stdin and stdout; the process's exit code."""
    stdin, stdout = seize_stdio()
    opening = answer_initialize(stdin, stdout)
    if opening.at_end:
        return 1
    hold_collecting()
    from halley.core.errors import StoreFailed
    from halley.lsp.base import serving
    from halley.lsp.logs import set_up_logging
    from halley.lsp.process import run_to_the_end

    async def main(shared: Shared) -> int:
        server = compose(shared, handlers)
        resume_collecting()
        return await serving.serve_stdio(server, opening, stdin, stdout)

    try:
        set_up_logging(log_file, log_level)
        return run_to_the_end(lambda: _with_room(main))
    except StoreFailed as error:
        problem = f"{error.problem.message} {error.problem.help}"
        show_error(stdout, problem)
    sys.stderr.write(f"halley: {problem}\n")
    return 1


def serve_pipe(
    path: str, log_file: str | None = None, log_level: str = "info", handlers: Sequence[str] = HANDLERS
) -> int:
    """Serves every client of the unix socket at `path`, until a signal ends the process; its exit code."""
    from halley.lsp.types_on_use import import_types

    import_types()
    from halley.core.errors import StoreFailed
    from halley.lsp.base import serving
    from halley.lsp.logs import set_up_logging
    from halley.lsp.process import run_to_the_end

    async def main(shared: Shared) -> int:
        return await serving.serve_pipe(lambda: compose(shared, handlers), path)

    try:
        set_up_logging(log_file, log_level)
        return run_to_the_end(lambda: _with_room(main))
    except FileExistsError:
        problem = f"{path} is in use, by a running daemon or by a file. Give --pipe another path."
    except NotImplementedError:
        problem = "--pipe needs unix sockets, which this system lacks. Use `halley serve`."
    except StoreFailed as error:
        problem = f"{error.problem.message} {error.problem.help}"
    except OSError as error:
        problem = f"Cannot listen on {path}: {error.strerror}. Give --pipe another path."
    sys.stderr.write(f"halley: {problem}\n")
    return 1


async def _with_room(main: Callable[[Shared], Awaitable[int]]) -> int:
    """Runs `main` with the process's one engine room and what stands on it, which outlive every client's server."""
    from halley.features.room import EngineRoom
    from halley.features.shared import Shared

    room = EngineRoom.open()
    shared = Shared(room)
    try:
        return await main(shared)
    finally:
        await shared.aclose()
        await room.aclose()
