"""`HalleyProtocol`: pygls' protocol with its faults mended, each by one method that says what is mended and why.

pygls dispatches: `_handle_request` finds the handler in the feature manager, runs it, and its builtin features keep
documents, progress and commands. Where messages come from is `intake.py`; what they are checked against as well.

    cancelling stops the work itself      `_execute_handler`, `_handle_cancel_notification`
    exactly one answer                    `_send_handler_result`, `_send_response`, `_send_data`
    questions to the client               `send_request_async`, `_handle_response`
    the beginning and the end             `lsp_initialize`, `lsp_shutdown`, `lsp_exit`, `stop_work`
    documents                             `lsp_text_document__did_change`
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import itertools
import logging
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from typing import Any
from uuid import uuid4

from cattrs import Converter
from lsprotocol import types
from pygls.protocol import lsp_method

from halley.lsp.base.converter import encode_body
from halley.lsp.base.features import Features
from halley.lsp.base.intake import Intake
from halley.lsp.base.rpc_errors import INTERNAL_ERROR, ClientError, InvalidParams, client_error, error_json
from halley.lsp.capabilities import build_initialize_result, look_up
from halley.lsp.current import Token, current_request
from halley.lsp.logs import describe
from halley.lsp.time_limits import DEFAULT_TIME_LIMIT_S, TIME_LIMITS_S

logger = logging.getLogger(__name__)

Params = dict[str, Any]


class HalleyProtocol(Intake):
    """One conversation with one client."""

    def __init__(self, server: Any, converter: Converter) -> None:
        self._questions: dict[Token, Future[Any]] = {}
        """Our requests that the client has not answered. pygls keeps both sides' in one table, whose ids can meet."""
        self._ids = itertools.count(1)
        super().__init__(server, converter)

    def _register_builtin_features(self) -> None:
        """With our feature manager: several may hear a notification (`#notificationMessage`)."""
        self.fm: Features = Features(self._server, self._converter)
        super()._register_builtin_features()

    # Handlers

    def _get_handler(self, feature_name: str) -> Any:
        """Features that were put off are registered before a method is refused as unknown (`#responseMessage`)."""
        if feature_name not in self.fm.features and feature_name not in self.fm.builtin_features:
            self._server.complete()
        return super()._get_handler(feature_name)

    def _execute_handler(
        self,
        msg_id: Token,
        handler: Callable[..., Any],
        callback: Callable[[Any], Any],
        args: tuple[Any, ...] | None = None,
        kwargs: Params | None = None,
    ) -> None:
        """Mends: progress tokens and the futures of notifications were kept for ever, a token cancelled a future that
        nothing waited for (`#window_workDoneProgress_cancel`), and `sys.exit` in a handler ended the process."""
        request = current_request.get()
        is_request = request is not None and request.id == msg_id
        token = request.work_done_token if request and is_request else None

        def done(future: Any) -> None:
            self._request_futures.pop(msg_id, None)
            if token is not None:
                self.progress.tokens.pop(token, None)
            callback(future)

        self._has_new_task = asyncio.iscoroutinefunction(handler) or self._has_new_task
        super()._execute_handler(
            msg_id, _contained(handler, done if is_request else None), done, args, kwargs
        )
        if token is not None and (future := self._request_futures.get(msg_id)) is not None:
            self.progress.tokens[token] = future

    def run_in_background(self, coroutine: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """A task that belongs to the conversation: it ends with it, and its failure is logged."""

        async def work() -> Any:
            return await coroutine

        key = str(uuid4())
        self._execute_handler(key, work, self._check_handler_result)
        task: Any = self._request_futures[key]
        task.set_name(name)
        return task

    def _check_handler_result(self, future: Any) -> None:
        """Mend: a notification that fails is logged (`#notificationMessage`); pygls shows the user its traceback."""
        if not future.cancelled() and (error := future.exception()) is not None:
            name = future.get_name() if isinstance(future, asyncio.Task) else "A notification"
            logger.error("%s failed: %s", name, describe(error))

    def _handle_cancel_notification(self, msg_id: Token) -> None:
        """Mend: pygls forgets the request, so that its id could be used again while its task still runs
        (`#cancelRequest`: it has to be answered like any other)."""
        if (future := self._request_futures.get(msg_id)) is not None:
            future.cancel()

    async def stop_work(self, timeout_s: float = 2.0) -> None:
        """Cancels whatever is being worked on but the calling request, and waits until it has stopped.

        Mend: pygls iterates over the table that its cancelling changes ("dictionary changed size").
        """
        this = asyncio.current_task()
        working = [future for future in self._request_futures.values() if future is not this]
        for future in working:
            future.cancel()
        if tasks := [future for future in working if isinstance(future, asyncio.Task)]:
            await asyncio.wait(tasks, timeout=timeout_s)

    # Answers

    def _send_handler_result(self, future: Any, *, msg_id: Token) -> None:
        """The one place where a request's answer is sent, also when it was cancelled before its first step.

        Mends: a result that is no JSON was never answered (`#responseMessage`); errors carried tracebacks, with values,
        to the client.
        """
        error = asyncio.CancelledError() if future.cancelled() else future.exception()
        if error is None:
            try:
                self._send_response(msg_id, future.result())
            except (TypeError, ValueError, RecursionError) as problem:
                error = problem
        request = current_request.get()
        if error is not None:
            answer = error_json(error)
            if answer["code"] == INTERNAL_ERROR:
                logger.error("%s failed: %s", request.method if request else "A request", describe(error))
            self._send_response(msg_id, error=answer)
        elif request and request.method == types.INITIALIZE:  # nothing may be said before it is answered
            self._server.begin(self._server.initialize_params)

    def _send_response(self, msg_id: Token, result: Any = None, error: Any = None) -> None:
        """pygls' own (`#responseMessage`), without its types around every result: 30 µs of each round trip."""
        said = {"result": result} if error is None else {"error": error}
        self._send_data({"jsonrpc": self.VERSION, "id": msg_id, **said})

    def _send_data(self, data: Any) -> None:
        """Mends: a message goes out whole and from the loop only; NaN (RFC 8259, 6) is refused; no body is logged.

        Raises ValueError or TypeError for what has no JSON form, so that the caller can answer; pygls logs it and says
        nothing.
        """
        if self.writer is not None:
            self.writer.write(encode_body(data))

    def notify(self, method: str, params: Any = None) -> None:
        """As in pygls (`#notificationMessage`); parameters may be plain. Raises what `_send_data` raises."""
        self._send_data({"jsonrpc": self.VERSION, "method": method} | _given(params))

    # Questions to the client

    def send_request(
        self,
        method: str,
        params: Any = None,
        callback: Callable[[Any], None] | None = None,
        msg_id: Token | None = None,
    ) -> Future[Any]:
        """As in pygls (`#requestMessage`); parameters may be plain, and the result is. Its ids are ours alone."""
        id = next(self._ids) if msg_id is None else msg_id
        future: Future[Any] = Future()
        if callback is not None:
            future.add_done_callback(lambda f: f.cancelled() or f.exception() or callback(f.result()))
        self._send_data({"jsonrpc": self.VERSION, "id": id, "method": method} | _given(params))
        # Only now: what has no JSON was refused, and would stay in the table for ever.
        self._questions[id] = future
        return future

    async def send_request_async(  # type: ignore[override]
        self,
        method: str,
        params: Any = None,
        msg_id: Token | None = None,
        timeout_s: float | None = None,
    ) -> Any:
        """The client's result. Raises ClientError when it answers with an error, or not within the limit.

        Mends: a waiting task may be cancelled before the client answers. The client is notified, and its late answer
        is dropped (in pygls it raises InvalidStateError: https://github.com/openlawlibrary/pygls/issues/621). A client
        that never answers costs no more than the limit.
        """
        limit = timeout_s or TIME_LIMITS_S.get(method, DEFAULT_TIME_LIMIT_S)
        id = next(self._ids) if msg_id is None else msg_id
        future = self.send_request(method, params, msg_id=id)
        try:
            async with asyncio.timeout(limit):
                return await asyncio.wrap_future(future)
        except (asyncio.CancelledError, TimeoutError) as error:
            self.notify(types.CANCEL_REQUEST, {"id": id})
            if isinstance(error, asyncio.CancelledError):
                raise
            raise ClientError(
                f"The editor did not answer {method} within {limit:g} s.",
                "Answer the question in the editor, or check its log for this request.",
            ) from None
        finally:
            self._questions.pop(id, None)

    def _handle_response(self, msg_id: Any, result: Any = None, error: Any = None) -> None:
        """Mend: a late answer is dropped (https://github.com/openlawlibrary/pygls/issues/621)."""
        future = self._questions.pop(msg_id, None) if type(msg_id) in (int, str) else None
        if future is None or future.done():  # not asked, or given up by now
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(client_error(error))

    def fail_questions(self) -> None:
        """The client is gone and answers no more."""
        for id in list(self._questions):
            self._questions.pop(id).set_exception(ClientError("The editor has closed the connection."))

    # The beginning and the end

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: Params) -> Any:  # type: ignore[override]
        """The document that `front.py` answers with before pygls is imported; a test compares it with pygls' builder.

        Mends: the parameters stay plain (clients send what the types refuse), the position encoding is the cheapest
        that both sides know, and not the client's first (`#positionEncodingKind`), and no parameters are logged.
        """
        self._server.initialize_params = params
        return build_initialize_result(params)

    @lsp_method(types.SHUTDOWN)
    async def lsp_shutdown(self, *_: Any) -> None:  # type: ignore[override]
        """Mend: with a command in flight pygls fails; here its work has stopped when it answers (`#shutdown`)."""
        self._shutdown = True
        await self.stop_work()
        await self._server.close_all()

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: Any) -> None:  # type: ignore[override]
        """Mend: pygls raises SystemExit, which its own `start_io` swallows: the exit code is always 0 (`#exit`)."""
        self._server.end(self.exit_code)

    # Documents and commands

    @property
    def workspace(self) -> Any:
        """Ours, from the start: pygls makes one in `initialize`, which `front.py` has answered (`#initialize`)."""
        return self._server.documents

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: Params) -> Any:  # type: ignore[override]
        """Mend: all changes of one message are applied together, by its version (`#textDocument_didChange`). A change
        that is malformed leaves the document out of step; pygls applies the others (or an older version) silently, and
        the next edit lands in the wrong place."""
        uri = look_up(params, "textDocument.uri")
        try:
            its = params["textDocument"]
            self.workspace.change(uri, its.get("version"), params["contentChanges"], self._server.encoding)
        except (LookupError, TypeError, ValueError, AttributeError):
            logger.warning("dropped a malformed change")
            if isinstance(uri, str):
                self.workspace.distrust(uri, "a change was malformed")
            return
        if (handler := self.fm.features.get(types.TEXT_DOCUMENT_DID_CHANGE)) is not None:
            handler(params)

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(self, params: types.ExecuteCommandParams) -> Any:  # type: ignore[override]
        """Mends: the command is awaited by the task that is cancelled (`#cancelRequest`; pygls answers -32800 and lets
        it run on), and its arguments are a list as it was sent, of any length (`#workspace_executeCommand`)."""
        self._server.complete()
        command = self.fm.commands.get(params.command)
        if command is None:
            raise InvalidParams("command", f"one of {', '.join(sorted(self.fm.commands))} is expected")
        result = command(list(params.arguments or ()))
        return await result if inspect.isawaitable(result) else result


def _contained(handler: Callable[..., Any], done: Callable[[Any], None] | None = None) -> Callable[..., Any]:
    """`handler`; where it calls `sys.exit` it fails, and does not take the server with it.

    `done` gets its result within the same step, so that an answer does not wait for whatever else the loop has to do.
    """
    if inspect.isgeneratorfunction(handler):  # pygls' own
        return handler
    if not asyncio.iscoroutinefunction(handler):
        return _no_exit()(handler)

    async def wait(*args: Any, **kwargs: Any) -> Any:
        with _no_exit():
            result = await handler(*args, **kwargs)
        if done and (task := asyncio.current_task()) and task.remove_done_callback(done):
            answer = asyncio.get_running_loop().create_future()
            answer.set_result(result)
            done(answer)
        return result

    return wait


@contextlib.contextmanager
def _no_exit() -> Iterator[None]:
    try:
        yield
    except SystemExit as error:
        raise RuntimeError("a handler tried to exit the process") from error


def _given(params: Any) -> Params:
    return {} if params is None else {"params": params}
