"""One server for one client: pygls' `LanguageServer` on our protocol, documents and transport.

`HalleyServer` is what handlers see. What they add to it: features and commands (`features.py`), things to do once the
client is known (`on_begin`), things to close at the end (`closing`). What they use: `request`, `notify`,
`documents`, `session`, and the tokens of `lsp/window/progress.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from halley.lsp.base.channel import Channel
from halley.lsp.base.converter import shared_converter
from halley.lsp.base.documents import DocumentStore
from halley.lsp.base.protocol import HalleyProtocol
from halley.lsp.capabilities import choose_encoding, look_up
from halley.lsp.logs import describe
from halley.lsp.process import watch_process
from halley.version import __version__

if TYPE_CHECKING:
    from pygls.io_ import Writer

    from halley.features.room import EngineRoom
    from halley.features.shared import Shared
    from halley.lsp.base.frames import FrameParser
    from halley.lsp.window.session import Session

logger = logging.getLogger(__name__)

Params = dict[str, Any]


class HalleyServer(LanguageServer):
    """One client's server, from `initialize` to its end."""

    protocol: HalleyProtocol  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleVariableOverride]
    room: EngineRoom
    """The process's engine room, shared by all servers in it."""
    shared: Shared
    """What features keep for all servers of the process; set before the first frame is received."""
    session: Session
    """The client's window, made when it has said `initialize`."""
    channel: Channel
    """Set before the first frame is received."""

    def __init__(self, room: EngineRoom) -> None:
        self.room = room
        self.documents = DocumentStore()
        self.has_begun = False
        self.is_initialized = False
        """Whether the client has said so."""
        self.initialize_params: Params = {}
        self.encoding = "utf-16"
        """What `character` counts in positions: `utf-8`, `utf-16` or `utf-32`."""
        self.shows_progress = False
        """Whether the client takes progress tokens that the server made (`window.workDoneProgress`)."""
        self.batch: Any = None
        """Takes the partial results of all requests together, for clients that read it: `window/partial_results.py`."""
        self.streams: dict[Any, None] = {}
        """Partial results of requests that run."""
        self.on_begin: list[Callable[[Params], None]] = []
        """Called with `InitializeParams` once, before anything else is handled."""
        self.complete: Callable[[], None] = lambda: None
        """Registers the features that were put off; called when a message has no handler yet."""
        self.closing = contextlib.AsyncExitStack()
        """What belongs to this client and is closed with it, last opened first."""
        self.ended = asyncio.Event()
        self.code = 1
        """Exit code, meaningful once `ended` is set."""
        super().__init__(
            "halley",
            __version__,
            protocol_cls=HalleyProtocol,
            converter_factory=shared_converter,
        )
        self._listen()

    def _listen(self) -> None:
        """The first to hear of these; other features' handlers follow."""

        @self.feature(types.INITIALIZED)
        def _(_: types.InitializedParams) -> None:
            self.is_initialized = True

        @self.feature(types.TEXT_DOCUMENT_DID_SAVE)
        def _(params: types.DidSaveTextDocumentParams) -> None:
            self.documents.save(params.text_document.uri)  # one out of step is in step again

    def connect(self, parser: FrameParser | None = None) -> Channel:
        """Our transport under pygls: whole messages, written from the loop."""
        self.channel = Channel(self.protocol.receive, self.protocol.at_end_of_input, parser)
        self.protocol.set_writer(cast("Writer", self.channel), include_headers=False)
        return self.channel

    def begin(self, params: Params) -> None:
        """The client is known: `initialize` was answered, by `front.py` or by us."""
        self.has_begun = True
        self.initialize_params = params
        self.encoding = self.documents.encoding = choose_encoding(params.get("capabilities"))
        self.shows_progress = look_up(params, "capabilities.window.workDoneProgress") is True
        pid = params.get("processId")
        if type(pid) is int:  # (`#initialize`: end when it has ended); pygls does not watch it
            self.run_in_background(watch_process(pid, lambda: self.end(1)), "parent watch")
        for callback in self.on_begin:
            try:
                callback(params)
            except Exception as error:
                logger.error("a part of the server did not start: %s", describe(error))

    # What handlers use

    def notify(self, method: str, params: Any = None) -> None:
        """Sends a notification. Raises ValueError or TypeError when `params` has no JSON form."""
        self.protocol.notify(method, params)

    async def request(self, method: str, params: Any = None, timeout_s: float | None = None) -> Any:
        """Asks the client; None means the method's own time limit. Raises ClientError."""
        return await self.protocol.send_request_async(method, params, timeout_s=timeout_s)

    def run_in_background(self, coroutine: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """A task that belongs to the conversation: it ends with it, and its failure is logged."""
        return self.protocol.run_in_background(coroutine, name)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Mend: pygls shows errors, with values in them, to the user (`#window_showMessage`). Here they are logged."""
        logger.error("%s: %s", getattr(source, "__name__", source), describe(error))

    # The end

    @property
    def is_over(self) -> bool:
        return self.ended.is_set()

    @property
    def is_running(self) -> bool:
        """Between `initialize` and `shutdown`."""
        return self.has_begun and not self.protocol._shutdown

    def end(self, code: int) -> None:
        """The conversation is over; `code` is what the process exits with. The first call counts."""
        if not self.is_over:
            self.code = code
            self.ended.set()

    async def aclose(self) -> None:
        """Ends what still runs, writes out what was said, and closes the connection."""
        await self.protocol.stop_work()
        await self.close_all()
        self.protocol.fail_questions()
        await self.channel.aclose()

    async def close_all(self) -> None:
        """Closes what belongs to this client."""
        # `shutdown` and the connection's end both come here.
        closing, self.closing = self.closing, contextlib.AsyncExitStack()
        try:
            async with asyncio.timeout(5):
                await closing.aclose()
        except Exception as error:
            logger.error("closing failed: %s", describe(error))
