"""The table of handlers: pygls' feature manager, and what Halley needs of it besides.

    @server.feature("halley/models/list")                                  # params: a dict, for our own types
    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, CodeActionOptions())  # params and result: lsprotocol's types
    @server.command("halley.run")                                          # arguments: a list, as they were sent

A handler is an `async def`, or a `def` that is done in a moment: everything runs on the one loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from lsprotocol import types
from pygls.feature_manager import FeatureManager


class Features(FeatureManager):
    """Mend: a notification may have several handlers.

    pygls refuses the second with FeatureAlreadyRegisteredError, so that independent features (search, settings) could
    not both listen to `didSave`. Here they run in the order of their registration; one that fails stops no other.
    """

    def feature(self, feature_name: str, options: Any | None = None) -> Callable[..., Any]:
        """A second handler joins the first where there is no answer to give (`#notificationMessage`)."""

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            has_no_answer = types.METHOD_TO_TYPES.get(feature_name, (None, feature_name))[1] is None
            earlier = self._features.pop(feature_name, None) if has_no_answer else None
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
