"""What a window needs of the server that holds it, so that neither module imports the other.

`halley.lsp.base.server.HalleyServer` implements it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Protocol

from halley.lsp.base.documents import DocumentStore

if TYPE_CHECKING:
    from halley.features.shared import Shared


class EditorConnection(Protocol):
    """One client's connection."""

    documents: DocumentStore
    encoding: str
    """What `character` counts in positions: `utf-8`, `utf-16` or `utf-32`."""
    closing: AsyncExitStack
    """What is closed with the connection, last opened first."""
    streams: dict[Any, None]
    """Partial results of requests that run."""
    shared: Shared
    """What features keep for all windows of the process."""

    @property
    def is_over(self) -> bool: ...

    @property
    def is_running(self) -> bool:
        """Between `initialize` and `shutdown`."""
        ...

    def notify(self, method: str, params: Any = None) -> None: ...

    async def request(self, method: str, params: Any = None, timeout_s: float | None = None) -> Any:
        """Asks the client. Raises ClientError."""
        ...

    def run_in_background(self, coroutine: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """A task that ends with the connection; its failure is logged."""
        ...
