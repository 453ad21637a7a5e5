"""One server for one client: the lifecycle around a conversation.

`Server` is what handlers see. What they add to it: features and commands (`features.py`), things to do once the
client is known (`on_begin`), things to close at the end (`closing`). What they use: `request`, `notify`,
`documents`, `session`, and the tokens of `progress.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from halley.lsp.base.cancellation import Request
from halley.lsp.base.capabilities import build_initialize_result, choose_encoding, look_up
from halley.lsp.base.documents import DocumentStore
from halley.lsp.base.lifecycle import watch_process
from halley.lsp.base.logs import describe
from halley.lsp.base.protocol import Connection

logger = logging.getLogger(__name__)

Params = dict[str, Any]


class Server(Connection):
    """One client's server, from `initialize` to its end."""

    def __init__(self, room: Any = None) -> None:
        super().__init__()
        self.room = room
        """The process's engine room, shared by all servers in it."""
        self.session: Any = None
        """The client's `Session`, made when it has said `initialize`."""
        self.initialize_params: Params = {}
        self.encoding = "utf-16"
        """What `character` counts in positions: `utf-8`, `utf-16` or `utf-32`."""
        self.documents = DocumentStore()
        self.on_begin: list[Callable[[Params], None]] = []
        """Called with `InitializeParams` once, before anything else is handled."""
        self.closing = contextlib.AsyncExitStack()
        """What belongs to this client and is closed with it, last opened first."""
        self._register_lifecycle()

    # Beginning

    def begin(self, params: Params) -> None:
        """The client is known: `initialize` was answered, or is about to be."""
        self.lifecycle.state = "running"
        self.initialize_params = params
        self.encoding = choose_encoding(params.get("capabilities"))
        self.shows_progress = look_up(params, "capabilities.window.workDoneProgress") is True
        pid = params.get("processId")
        if type(pid) is int:
            self.run_in_background(watch_process(pid, lambda: self.end(1)), "parent watch")
        for callback in self.on_begin:
            try:
                callback(params)
            except Exception as error:
                logger.error("a part of the server did not begin: %s", describe(error))

    def _answer(self, request: Request, result: Any) -> None:
        super()._answer(request, result)
        if request.method == "initialize":  # nothing may be said before it is answered
            self.begin(request.params)

    # Documents: the store first, then whoever registered for the same notifications

    def _register_lifecycle(self) -> None:
        self.requests["initialize"] = build_initialize_result
        self.requests["shutdown"] = self._shutdown
        self.feature("textDocument/didOpen", raw=True)(self._did_open)
        self.feature("textDocument/didChange", raw=True)(self._did_change)
        self.feature("textDocument/didSave", raw=True)(self._did_save)
        self.feature("textDocument/didClose", raw=True)(self._did_close)

    def _did_open(self, params: Params) -> None:
        item = params["textDocument"]
        language_id = item.get("languageId")
        if not language_id:
            from halley.engine.code.languages import language_id_of

            language_id = language_id_of(item["uri"])
        self.documents.open(item["uri"], language_id, item.get("version") or 0, item["text"])

    def _did_change(self, params: Params) -> None:
        its = params["textDocument"]
        self.documents.change(its["uri"], its.get("version"), params["contentChanges"], self.encoding)

    def _notification_lost(self, method: str, params: Any) -> None:
        uri = look_up(params, "textDocument.uri")
        if method == "textDocument/didChange" and isinstance(uri, str):
            self.documents.distrust(uri, "a change was malformed")

    def _did_save(self, params: Params) -> None:
        self.documents.save(params["textDocument"]["uri"])

    def _did_close(self, params: Params) -> None:
        self.documents.close(params["textDocument"]["uri"])

    # The end

    async def _shutdown(self, params: Params) -> None:
        self.lifecycle.state = "shut_down"
        await self.stop_work()
        await self._close_all()

    async def aclose(self) -> None:
        """Ends what still runs, writes out what was said, and closes the connection."""
        await self.stop_work()
        await self._close_all()
        self.outgoing.fail_all()
        await self.channel.aclose()

    async def _close_all(self) -> None:
        closing, self.closing = self.closing, contextlib.AsyncExitStack()
        try:
            async with asyncio.timeout(5):
                await closing.aclose()
        except Exception as error:
            logger.error("closing failed: %s", describe(error))
