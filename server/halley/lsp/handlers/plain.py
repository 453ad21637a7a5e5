"""What a client without a plugin of ours has instead of custom messages: everything by the means that LSP itself has.

    a code action        runs in the background; its command is answered first: some editors wait for a command and do
                         nothing else meanwhile (Emacs, for ten seconds), others do not report that one failed (Helix)
    halley.stop          stops what runs in the background; it is among the code actions while something does
    path, lines          a document and a range as an editor can write them into a command's argument (Helix)
    the other commands   picked from a list, that is without an argument, or with `show: true`: what they
                         answer is shown as a document or in a message, and so are errors; with `show: "markdown"`
                         it is answered as `{markdown, answer}`, for the client to show

A command with its own argument answers as `lsp/protocol/` says, for any client.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from halley.core.errors import HalleyError, problem_of
from halley.lsp.base.rpc_errors import RpcError
from halley.lsp.current import current_request
from halley.lsp.logs import describe
from halley.lsp.protocol.common import with_document
from halley.lsp.protocol.shape import command_argument
from halley.lsp.window.session import Session
from halley.lsp.window.showing import show_answer, show_error, show_message
from halley.lsp.window.shown_values import answer_markdown, selection_line

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

Json = dict[str, Any]
Handler = Callable[[list[Any]], Any]

IN_BACKGROUND = (
    "halley.run",
    "halley.proposals.accept",
    "halley.proposals.discard",
    "halley.nextEdit.apply",
    "halley.review.fix",
)
ON_LINES = ("halley.run", "halley.chat", "halley.macros.run")
"""Commands about a document, which `path` and `lines` may name."""
SHOWN = {
    "halley.chat": "Chat",
    "halley.models.list": "Models",
    "halley.models.select": "Models",
    "halley.providers.verify": "Connection test",
    "halley.usage": "Usage",
    "halley.macros.run": "Macro",
    "halley.commit": "Commit message",
    "halley.review": "Review",
    "halley.doctor": "Doctor",
}
_NEEDS = {
    "halley.chat": '{"prompt": "…", "show": true}',
    "halley.models.select": '{"role": "chat", "route": ["provider/model"], "scope": "workspace", "show": true}',
    "halley.macros.run": '{"name": "…", "show": true}',
    "halley.providers.verify": '{"provider": "…", "show": true}',
}
"""Commands that mean nothing without an argument, and what it looks like."""


def run_later(session: Session, title: str, work: Callable[[], Awaitable[Any]]) -> None:
    """Starts `work`; a failure is shown to the user, and `halley.stop` ends it."""

    async def told() -> None:
        current_request.set(None)  # its tokens end with its answer
        try:
            await work()
        except asyncio.CancelledError:
            if session.server.is_running:
                await show_message(session, f"{title}: stopped.")
            raise
        except (Exception, SystemExit) as error:
            if not isinstance(error, HalleyError | RpcError):
                logging.getLogger(__name__).error("%s failed: %s", title, describe(error))
            await show_error(session, error.message if isinstance(error, RpcError) else problem_of(error))

    task = session.server.run_in_background(told(), title)
    session.in_background[task] = title
    task.add_done_callback(lambda _: session.in_background.pop(task, None))


def stop(session: Session) -> Json:
    """Stops all commands that run in the background; `{stopped: titles}`."""
    stopped = list(session.in_background.values())
    for task in list(session.in_background):
        task.cancel()
    return {"stopped": stopped}


def _background(server: HalleyServer, name: str, handler: Handler) -> Handler:
    """The command, run in the background where its argument says so."""

    async def command(arguments: list[Any]) -> Any:
        asked = command_argument(arguments)
        if asked.get("background") is not True:
            return await _called(handler, arguments)
        session: Session = server.session
        title = f"Halley: {asked.get('action') or name.rpartition('.')[2]}"
        if name == "halley.run" and not server.shows_progress:
            await show_message(session, f"{title} …")
        run_later(session, title, lambda: _called(handler, arguments))
        return None

    return command


def _shown(server: HalleyServer, name: str, handler: Handler) -> Handler:
    """The command, its answer shown where it is for a user's eyes."""

    async def command(arguments: list[Any]) -> Any:
        session: Session = server.session
        asked = command_argument(arguments)
        if asked.get("show") == "markdown":
            answer = await _called(handler, [_without_show(asked)])
            return {"markdown": answer_markdown(name, asked, answer), "answer": answer}
        if asked.get("show") is not True and (arguments or session.client.asks):
            return await _called(handler, arguments)
        if not arguments and name in _NEEDS:
            await show_message(session, f"{name} needs an argument: {_NEEDS[name]}", warning=True)
            return None
        run_later(session, f"Halley: {SHOWN[name].lower()}", lambda: show(session, asked))
        return None

    async def show(session: Session, asked: Json) -> None:
        result = await _called(handler, [_without_show(asked)])
        if name == "halley.models.select":
            await show_message(session, selection_line(result, str(asked.get("role"))))
        else:
            await show_answer(session, SHOWN[name], answer_markdown(name, asked, result))

    return command


def _on_lines(_server: HalleyServer, _name: str, handler: Handler) -> Handler:
    """The command, with `path` and `lines` read as the document and the range they stand for."""

    async def command(arguments: list[Any]) -> Any:
        asked = command_argument(arguments)
        return await _called(handler, [with_document(asked)] if "path" in asked else arguments)

    return command


def _without_show(asked: Json) -> Json:
    return {key: value for key, value in asked.items() if key != "show"}


async def _called(handler: Handler, arguments: list[Any]) -> Any:
    result = handler(arguments)
    return await result if isinstance(result, Awaitable) else result


def register(server: HalleyServer) -> None:
    """After the modules whose commands these are."""

    @server.command("halley.stop")
    async def _stop(_arguments: list[Any]) -> Json:
        return stop(server.session)

    for names, wrap in ((ON_LINES, _on_lines), (IN_BACKGROUND, _background), (SHOWN, _shown)):
        for name in names:
            if handler := server.protocol.fm.commands.get(name):  # a module that failed to load has none
                server.protocol.fm.commands[name] = wrap(server, name, handler)
