"""The window begins when the client has said who it is: `initialize` makes its session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halley.lsp.window.next_edit.pauses import Pauses
from halley.lsp.window.partial_results import Batch
from halley.lsp.window.session import Session
from halley.stores.disk.state import listen

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer


def register(server: HalleyServer) -> None:
    """Makes the session, and closes it with the connection."""

    def begin(params: dict[str, Any]) -> None:
        server.session = Session(server, params, server.room)
        if server.session.client.batched_progress:
            server.batch = Batch(server.channel)
        server.documents.on_change.append(Pauses(server.session).note_change)
        server.closing.push_async_callback(server.session.close)
        server.closing.callback(listen(server.session.tell_of_file))

    server.on_begin.append(begin)
