"""halley/media/*: tasks begun, watched, cancelled, chosen, saved; and their commands for clients without a plugin."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types

from halley.core.errors import Cancelled
from halley.lsp.protocol.media import (
    MediaChooseParams,
    MediaListParams,
    MediaSaveParams,
    MediaStartParams,
    MediaTaskParams,
)
from halley.lsp.protocol.shape import command_argument, read_params
from halley.lsp.window.media import (
    json_of,
    offer_to_save,
    order_of_request,
    save,
    workspace_of,
)
from halley.lsp.window.media_tasks import percent, said, watched
from halley.lsp.window.partial_results import PartialResults
from halley.lsp.window.progress import WorkDone
from halley.lsp.window.session import Session
from halley.lsp.window.status import working
from halley.stores.media import Task

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

Json = dict[str, Any]
_VERBS = {"image": "painting", "imageEdit": "editing", "speech": "reading aloud", "transcription": "writing down",
          "translation": "translating", "video": "filming"}  # fmt: skip


async def begin(session: Session, params: Json) -> Task:
    """Begins a task."""
    asked = read_params(MediaStartParams, params)
    order, data, place = await order_of_request(session, asked, params)
    uri = asked.text_document.uri if asked.text_document else asked.uri or ""
    root = workspace_of(session, uri)
    session.watch_media()
    task = await session.shared.media.start(order, session.line(uri), str(root) if root else None, data=data)
    if place is not None:
        session.places[task.id] = place
    return task


async def media_start(session: Session, params: Json) -> Json:
    asked = read_params(MediaStartParams, params)
    server = _server_of(session)
    if not asked.wait:
        task = await begin(session, params)
        show_in_background(session, task.id)
        return json_of(session, task)
    async with WorkDone(server, f"Halley: {_VERBS[asked.kind]}") as work:
        with working(session, _VERBS[asked.kind]), PartialResults(server) as results:
            begun = await begin(session, params)

            def hear(task: Task) -> None:
                work.report(said(task), percent(task))
                if results.wanted:
                    results.send({"type": "media", "replyId": "", "task": json_of(session, task)})

            return json_of(session, await watched(session, begun.id, hear))


def _server_of(session: Session) -> HalleyServer:
    """The server itself: progress is written by its protocol, past what a window otherwise needs."""
    return cast("HalleyServer", session.server)


def show_in_background(session: Session, id: str) -> None:
    """Progress of a task without a waiting request; cancelling the progress cancels the task."""

    async def show() -> None:
        task = await session.shared.media.store.get(id)
        async with WorkDone(_server_of(session), f"Halley: {_VERBS[task.kind]}") as work:
            try:
                await watched(session, id, lambda task: work.report(said(task), percent(task)))
            except Cancelled:
                return
            except Exception as error:
                problem = getattr(error, "problem", None)
                if problem is None:
                    raise
                text = f"{problem.message} {problem.help}".strip()
                session.notify("window/showMessage", {"type": 1, "message": text})

    session.server.run_in_background(show(), "media progress")


async def go_on(session: Session) -> None:
    """Resumes tasks of a process that was killed, with progress where the client shows it."""
    if not (session.room.paths.data / "media").is_dir():
        return
    ids = await session.shared.media.resume(session.line())
    if ids:
        session.watch_media()
    for id in ids:
        show_in_background(session, id)


async def media_list(session: Session, params: Json) -> Json:
    asked = read_params(MediaListParams, params)
    session.watch_media()
    root = workspace_of(session, asked.uri or "")
    found = await session.shared.media.store.list(
        str(root) if root else None, kind=asked.kind, limit=asked.limit
    )
    return {"tasks": [json_of(session, task) for task in found]}


async def media_get(session: Session, params: Json) -> Json:
    task = await session.shared.media.store.get(read_params(MediaTaskParams, params).task)
    return json_of(session, task)


async def media_cancel(session: Session, params: Json) -> Json:
    asked = read_params(MediaTaskParams, params)
    return json_of(session, await session.shared.media.cancel(asked.task, session.line()))


async def media_choose(session: Session, params: Json) -> Json:
    """Waits with progress while the chosen variant is made."""
    asked = read_params(MediaChooseParams, params)
    session.watch_media()
    task = await session.shared.media.choose(asked.task, asked.variant, session.line())
    if task.has_ended:
        return json_of(session, task)
    async with WorkDone(_server_of(session), "Halley: painting") as work:
        ended = await watched(session, task.id, lambda task: work.report(said(task), percent(task)))
        return json_of(session, ended)


async def media_save(session: Session, params: Json) -> Json:
    return await save(session, read_params(MediaSaveParams, params), params)


async def media_remove(session: Session, params: Json) -> Json:
    await session.shared.media.remove(read_params(MediaTaskParams, params).task, session.line())
    session.notify("halley/changed", {"what": "media"})
    return {}


async def start_as_command(session: Session, params: Json) -> Json:
    """As the request; a client that shows nothing itself is shown the file, and asked whether to save it."""
    found = await media_start(session, params)
    if session.client.media or found["state"] not in ("complete", "choosing") or not found["results"]:
        return found
    task = await session.shared.media.store.get(found["task"])
    return (await offer_to_save(session, task))["media"]


Handler = Callable[[Session, Json], Awaitable[Json]]
_REQUESTS: dict[str, Handler] = {
    "start": media_start, "list": media_list, "get": media_get, "cancel": media_cancel,
    "choose": media_choose, "save": media_save, "remove": media_remove,
}  # fmt: skip


def register(server: HalleyServer) -> None:
    for name, handler in _REQUESTS.items():
        server.feature(f"halley/media/{name}")(_as_request(server, handler))
        as_command = start_as_command if name == "start" else handler
        server.command(f"halley.media.{name}")(_as_command(server, as_command))

    @server.feature(types.INITIALIZED)
    def _initialized(_params: types.InitializedParams) -> None:
        server.run_in_background(go_on(server.session), "media")


def _as_request(server: HalleyServer, handler: Handler) -> Callable[[Json], Awaitable[Json]]:
    async def run(params: Json) -> Json:
        return await handler(server.session, params)

    return run


def _as_command(server: HalleyServer, handler: Handler) -> Callable[[list[Any]], Awaitable[Json]]:
    async def run(arguments: list[Any]) -> Json:
        params = command_argument(arguments)
        return await handler(server.session, params)

    return run
