"""Usage, the team, the report of doctor, commit messages, a preview of the context; and ending a wait."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from halley.core.errors import HalleyError
from halley.features import doctor, usage
from halley.features.commit import commit_message
from halley.features.context.gather import gather_context
from halley.features.context.shown import permit
from halley.lsp.protocol.editing import ContextPreviewParams
from halley.lsp.protocol.reports import CommitParams, RetryParams, UsageParams
from halley.lsp.protocol.shape import read_params
from halley.lsp.window.progress import WorkDone
from halley.lsp.window.session import Session
from halley.lsp.window.status import working

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

Json = dict[str, Any]


async def usage_report(session: Session, params: Json) -> Json:
    asked = read_params(UsageParams, params)
    if asked.team:
        room, settings = session.room, session.settings_of()
        return await usage.report_team(room, settings, since=asked.since, until=asked.until, by=asked.by)
    by: Any = tuple(asked.by)  # `member` is refused there: only a team has several
    return await usage.report(
        session.room,
        session.settings_of(),
        session.caller(),
        since=asked.since,
        until=asked.until,
        by=by,
    )


async def doctor_report(session: Session) -> Json:
    return await doctor.check(
        session.shared, session.settings_of(), session.caller(), session.folders.root_of("")
    )


async def team_status(session: Session) -> Json:
    """Raises NotConfigured for a user who is in no team."""
    from halley.features.team import describe_team

    root, settings = session.folders.root_of(""), session.settings_of()
    link = session.room.joined_team(settings)
    described, gateways = await asyncio.gather(
        describe_team(link, str(root) if root else None),
        usage.find_quotas(session.room, settings, session.caller(), kind="litellm"),
    )
    return described | {"gateways": gateways}


async def commit(session: Session, params: Json) -> Json:
    """A message for what is staged in `cwd`, which must lie in the workspace."""
    asked = read_params(CommitParams, params)
    cwd = session.folders.named(asked.cwd, asked.uri)
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

    @server.feature(types.INITIALIZED)
    async def _send_to_team(_params: Any) -> None:
        # What an earlier process could not send, without waiting for this one's first call.
        settings = server.session.settings_of()
        if settings.team.url is not None:
            with contextlib.suppress(HalleyError):  # a call will say it, and `halley doctor`
                server.session.room.team(settings.team).wake()

    @server.feature("halley/team/status")
    async def _team(_params: Json) -> Json:
        return await team_status(server.session)

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
