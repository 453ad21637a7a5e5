"""The wiring of actions: the list, and `halley.run` with its progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halley.lsp.base.progress import PartialResults, WorkDone
from halley.lsp.handlers.code_actions import code_actions
from halley.lsp.handlers.run import edit, run
from halley.lsp.handlers.status import working

if TYPE_CHECKING:
    from halley.lsp.base.server import Server


def register(server: Server) -> None:
    @server.feature("textDocument/codeAction", raw=True)
    async def _list(params: dict[str, Any]) -> list[dict[str, Any]]:
        return await code_actions(server.session, params)

    @server.feature("halley/edit")
    async def _edit(params: dict[str, Any]) -> dict[str, Any]:
        async with WorkDone(server, "Halley: edit") as work:
            with working(server.session, "edit"), PartialResults(server) as results:
                return await edit(server.session, params, work.report, results.send)

    @server.command("halley.run")
    async def _run(arguments: list[Any]) -> dict[str, Any]:
        asked = arguments[0] if arguments and isinstance(arguments[0], dict) else {}
        title = f"Halley: {asked.get('action', 'action')}"
        async with WorkDone(server, title) as work:
            with working(server.session, title):
                return await run(server.session, arguments, work.report)
