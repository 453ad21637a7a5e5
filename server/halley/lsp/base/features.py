"""The table of handlers: pygls' feature manager, and what Halley needs of it besides.

    @server.feature("halley/models/list")                                  # params: a dict, for our own types
    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, CodeActionOptions())  # params and result: lsprotocol's types
    @server.command("halley.run")                                          # arguments: a list, as they were sent

A handler is an `async def`, or a `def` that is done in a moment: everything runs on the one loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any
from uuid import uuid4

from lsprotocol import types
from pygls.feature_manager import FeatureManager

QUIET_S = 0.5
"""After `initialized`, until the rest of the features is imported, if no message needs it before."""
PAUSE_S = 0.01
"""Between two of these imports: each blocks the loop."""


class Features(FeatureManager):
    """Mend: a notification may have several handlers.

    pygls refuses the second with FeatureAlreadyRegisteredError, so that independent features (search, settings) could
    not both listen to `didSave`. Here they run in the order of their registration; one that fails stops no other.
    """

    def __init__(self, server: Any, converter: Any) -> None:
        super().__init__(server, converter)
        self._later: deque[Callable[[], None]] = deque()

    def put_off(self, steps: Iterable[Callable[[], None]]) -> None:
        """Each registers what the first messages do not need: when one does, or when the editor has been quiet."""
        self._later.extend(steps)

    def complete(self) -> None:
        """Registers what was put off, now."""
        while self._later:
            self._later.popleft()()

    def complete_when_quiet(self, wait_s: float = QUIET_S) -> None:
        """Registers it one by one, so that a message never waits for more than one import."""
        asyncio.get_running_loop().call_later(wait_s, self._complete_next)

    def _complete_next(self) -> None:
        if self._later:
            self._later.popleft()()
            self.complete_when_quiet(PAUSE_S)

    def feature(self, feature_name: str, options: Any | None = None) -> Callable[..., Any]:
        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            earlier = self._features.pop(feature_name, None) if is_notification(feature_name) else None
            super(Features, self).feature(feature_name, options)(function)
            if earlier is not None:
                handlers = earlier.handlers if isinstance(earlier, InTurn) else (earlier,)
                self._features[feature_name] = InTurn(self.server, (*handlers, self._features[feature_name]))
            server: Any = self.server
            if feature_name == types.INITIALIZED and server.is_initialized:  # registered after it was said
                InTurn(server, (function,))(types.InitializedParams())
            return function

        return register


class InTurn:
    """Several handlers of one notification as one."""

    def __init__(self, server: Any, handlers: tuple[Callable[..., Any], ...]) -> None:
        self._server, self.handlers = server, handlers

    def __call__(self, *args: Any) -> None:
        protocol = self._server.protocol
        for handler in self.handlers:
            protocol._execute_handler(str(uuid4()), handler, protocol._check_handler_result, args)


def is_notification(method: str) -> bool:
    """Whether LSP gives the method no response."""
    return types.METHOD_TO_TYPES.get(method, (None, method))[1] is None
