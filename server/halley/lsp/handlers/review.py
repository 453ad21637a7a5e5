"""halley/review: findings about a change, shown as diagnostics; `halley.review.fix` makes a suggested change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halley.lsp.protocol.review import ReviewClearParams, ReviewFixParams, ReviewParams
from halley.lsp.protocol.shape import read_params
from halley.lsp.window.delivery import deliver_edit
from halley.lsp.window.progress import WorkDone
from halley.lsp.window.session import Session
from halley.lsp.window.status import working

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

Json = dict[str, Any]


async def review(session: Session, params: Json, report: Any) -> Json:
    """`Review`. Raises InvalidInput without a workspace or anything to review."""
    from halley.engine.review.printing import report_markdown, summary_line
    from halley.features.review import ReviewRequest, report_json
    from halley.features.review import review as make

    asked = read_params(ReviewParams, params)
    cwd = session.folders.named(asked.cwd, asked.uri)
    request = ReviewRequest(asked.range.strip(), asked.staged, asked.instruction, asked.model)
    report("asking the model")
    made = await make(session.surroundings(cwd.as_uri()), cwd, request, report)
    told = session.findings.take(made, cwd)
    result = report_json(made.report)
    for finding, row in zip(made.report.findings, result["findings"], strict=True):
        row.update(told[finding])
    return {"text": report_markdown(made.report), "summary": summary_line(made.report), **result}


async def fix(session: Session, params: Json) -> Json:
    """`halley.review.fix {id}`: as any edit, applied or proposed."""
    edited, base = session.findings.fix(read_params(ReviewFixParams, params).id)
    return await deliver_edit(session, edited, base)


def clear(session: Session, params: Json) -> Json:
    asked = read_params(ReviewClearParams, params)
    return {"cleared": session.findings.clear(asked.ids)}


def register(server: HalleyServer) -> None:
    @server.feature("halley/review")
    async def _review(params: Json) -> Json:
        async with WorkDone(server, "Halley: review") as work:
            with working(server.session, "review"):
                return await review(server.session, params, work.report)

    @server.feature("halley/review/clear")
    async def _clear(params: Json) -> Json:
        return clear(server.session, params)

    @server.command("halley.review")
    async def _review_command(arguments: list[Any]) -> Json:
        return await _review(arguments[0] if arguments else {})

    @server.command("halley.review.fix")
    async def _fix_command(arguments: list[Any]) -> Json:
        return await fix(server.session, arguments[0] if arguments else {})

    @server.command("halley.review.clear")
    async def _clear_command(arguments: list[Any]) -> Json:
        return clear(server.session, arguments[0] if arguments else {})
