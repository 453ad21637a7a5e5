"""halley/usage, halley/doctor, halley/commit, halley/context/preview, halley/retry/now, and their commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from halley.core.errors import InvalidInput
from halley.features import doctor, usage
from halley.features.commit import commit_message
from halley.features.context.gather import gather_context
from halley.features.context.shown import permit
from halley.lsp.base.progress import WorkDone
from halley.lsp.protocol.editing import ContextPreviewParams
from halley.lsp.protocol.reports import CommitParams, RetryParams, UsageParams
from halley.lsp.protocol.shape import read_params
from halley.lsp.text.uris import path_of_uri
from halley.lsp.window.session import Session
from halley.lsp.window.status import working

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

Json = dict[str, Any]


async def usage_report(session: Session, params: Json) -> Json:
    asked = read_params(UsageParams, params)
    return await usage.report(
        session.room,
        session.settings_of(),
        session.caller(),
        since=asked.since,
        until=asked.until,
        by=tuple(asked.by),
    )


async def doctor_report(session: Session) -> Json:
    return await doctor.check(
        session.shared, session.settings_of(), session.caller(), session.folders.root_of("")
    )


async def commit(session: Session, params: Json) -> Json:
    """A message for what is staged in `cwd`, which must lie in the workspace."""
    asked = read_params(CommitParams, params)
    root = session.folders.root_of(asked.uri or "")
    cwd = (path_of_uri(asked.cwd) or Path(asked.cwd)) if asked.cwd else root
    if cwd is None:
        raise InvalidInput("There is no workspace to commit.", "Open a folder, or name one as `cwd`.")
    if not cwd.is_absolute() or "\0" in str(cwd):
        raise InvalidInput("`cwd` is no folder's path or URI.", "Give the whole path of a folder.")
    uri = cwd.as_uri()
    workspace = session.workspace(uri)
    text = await commit_message(
        session.line(uri),
        cwd,
        staged=asked.staged,
        guidance=workspace.guidance if workspace else "",
        template=session.template_of("commit"),
    )
    return {"message": text}


async def context_preview(session: Session, params: Json) -> Json:
    """What a model would get to see for a range, why, and at how many tokens each."""
    read_params(ContextPreviewParams, params)
    snapshot = session.required_snapshot(params["textDocument"], params.get("range"))
    uri = snapshot.document.uri
    context = await gather_context(permit(session.project(uri), snapshot), index=session.index(uri))
    return {
        "tokens": context.tokens,
        "budget": context.budget,
        "excerpts": [
            {
                "path": e.path,
                "firstLine": e.first_line,
                "lastLine": e.last_line,
                "reason": e.reason,
                "tokens": e.tokens,
                "text": e.text,
            }
            for e in context.excerpts
        ],
        "dropped": [{"path": d.path, "reason": d.reason, "tokens": d.tokens} for d in context.dropped],
        "notices": list(context.notices),
    }


def register(server: HalleyServer) -> None:
    async def _commit(params: Json) -> Json:
        async with WorkDone(server, "Halley: commit message"):
            with working(server.session, "commit message"):
                return await commit(server.session, params)

    server.feature("halley/commit")(_commit)

    @server.command("halley.commit")
    async def _commit_command(arguments: list[Any]) -> Json:
        return await _commit(arguments[0] if arguments else {})

    @server.feature("halley/usage")
    async def _usage(params: Json) -> Json:
        return await usage_report(server.session, params)

    @server.command("halley.usage")
    async def _usage_command(arguments: list[Any]) -> Json:
        return await usage_report(server.session, arguments[0] if arguments else {})

    @server.feature("halley/doctor")
    async def _doctor(_params: Json) -> Json:
        return await doctor_report(server.session)

    @server.command("halley.doctor")
    async def _doctor_command(_arguments: list[Any]) -> Json:
        return await doctor_report(server.session)

    @server.feature("halley/context/preview")
    async def _preview(params: Json) -> Json:
        return await context_preview(server.session, params)

    @server.feature("halley/retry/now")
    async def _retry(params: Json) -> Json:
        ended = server.session.room.router.retry_now(read_params(RetryParams, params).operation)
        return {"ended": ended}
