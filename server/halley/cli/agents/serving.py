"""Serving an editor by the Agent Client Protocol on stdin and stdout: `halley acp`, without its option parser."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from halley.acp.stdio import Lines
    from halley.features.shared import Shared


def serve_acp(log_file: str | None = None, log_level: str = "info") -> int:
    """The process's exit code."""
    from halley.acp.stdio import Lines
    from halley.lsp.logs import set_up_logging
    from halley.lsp.process import run_to_the_end

    set_up_logging(log_file, log_level)
    lines = Lines.of_process()
    return run_to_the_end(lambda: _serve(lines))


async def _serve(lines: Lines) -> int:
    from halley.acp.server import serve
    from halley.lsp.process import end_on_signals

    ended = asyncio.Event()
    opened: list[Shared] = []

    def open_shared() -> Shared:
        from halley.features.room import EngineRoom
        from halley.features.shared import Shared

        opened.append(Shared(EngineRoom.open()))
        return opened[0]

    try:
        with end_on_signals(ended.set):
            await serve(open_shared, lines, ended)
    finally:
        for shared in opened:
            await shared.aclose()
            await shared.room.aclose()
    return 0
