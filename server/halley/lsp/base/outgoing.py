"""Our requests to the client: each has a time limit, and none can leave anything behind.

Whoever waits may be cancelled while the client still thinks; its late answer is then dropped, and it is told that
nobody waits (pygls raises InvalidStateError there, its issue 621). A client that never answers costs no more
than the time limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from halley.lsp.base.rpc_errors import ClientError

TIME_LIMITS_S = {
    "window/showMessageRequest": 600.0,
    "halley/tools/approve": 600.0,
    "workspace/applyEdit": 120.0,  # the editor may show the edit and ask first
    "window/showDocument": 5.0,  # shown in other ways when nothing is heard
    "halley/secrets/get": 120.0,  # a key store may ask for its password
}
DEFAULT_TIME_LIMIT_S = 10.0


class Outgoing:
    """Requests that were sent and not answered yet. `send` writes one message."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self._send = send
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._last_id = 0

    async def request(self, method: str, params: Any = None, timeout_s: float | None = None) -> Any:
        """The client's result. Raises ClientError when it answers with an error, or not within the limit."""
        limit = timeout_s or TIME_LIMITS_S.get(method, DEFAULT_TIME_LIMIT_S)
        self._last_id += 1
        id = self._last_id
        answer = self._waiting[id] = asyncio.get_running_loop().create_future()
        try:
            message = {"jsonrpc": "2.0", "id": id, "method": method}
            self._send(message if params is None else message | {"params": params})
            async with asyncio.timeout(limit):
                return await answer
        except TimeoutError:
            raise ClientError(
                f"The editor did not answer {method} within {limit:g} s.",
                "Answer the question the editor shows, or look into its log for this request.",
            ) from None
        finally:
            del self._waiting[id]
            if not answer.done() or answer.cancelled():
                self._send({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": id}})

    def take(self, message: dict[str, Any]) -> None:
        """A response of the client's. One that nobody waits for is dropped."""
        id = message.get("id")
        answer = self._waiting.get(id) if type(id) is int else None
        if answer is None or answer.done():
            return
        error = message.get("error")
        if error is None:
            answer.set_result(message.get("result"))
        else:
            answer.set_exception(_client_error(error))

    def fail_all(self) -> None:
        """The client is gone: nobody will be answered."""
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ClientError("The editor has closed the connection."))


def _client_error(error: Any) -> ClientError:
    details = error if isinstance(error, dict) else {}
    said = str(details.get("message") or "no reason given").strip().rstrip(".")
    problem = ClientError(f"The editor refused a request: {said}.", "The editor's log may say more.")
    code = details.get("code")
    problem.rpc_code = code if isinstance(code, int) else None
    return problem
