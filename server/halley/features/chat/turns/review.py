"""`/review [RANGE]`: a turn whose reply is the report about a change; an editor shows its findings in the files too.

`/review` with a selection, a `#variable` or words of one's own asks about those, as any other command does; so does
`/review` alone where there is no repository.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from halley.core.errors import BlockedByPolicy, InvalidInput
from halley.core.events import Event, Finish, Notice, TextDelta
from halley.core.models import ModelRef, Usage
from halley.engine.chat_input import ChatInput
from halley.engine.review.printing import report_markdown
from halley.engine.review.values import Report
from halley.features.chat.answering import none_left_open, settle_with
from halley.features.chat.desk import ChatDesk, Emit, Json
from halley.features.chat.turns.question import send_question
from halley.features.chat.turns.turn import Asked, ChatRequest, result_of, tell_start
from halley.features.review import ReviewRequest, review
from halley.stores.workspace.git.repository import find_repository

STAGED = "--staged"
_RANGE = re.compile(r"[\w@./~^+-]*\.\.\.?[\w@./~^+-]*|[\w@][\w@./~^+-]*")


async def send_review(desk: ChatDesk, request: ChatRequest, typed: ChatInput, emit: Emit) -> Json:
    """Raises InvalidInput for a range outside of a workspace, and where several models are named."""
    what = typed.text.strip()
    has_selection = desk.snapshot is not None and not desk.snapshot.selection.is_empty
    is_about_code = typed.variables or request.attached or (has_selection and not what)
    if is_about_code or (what and what != STAGED and not _RANGE.fullmatch(what)):
        return await send_question(desk, request, typed, emit)
    if not what and not await asyncio.to_thread(_has_repository, desk.around.root):
        return await send_question(
            desk, request, typed, emit
        )  # there is no change, but there is code at hand
    return await _send(desk, request, _wanted(request, typed, what), emit)


def _has_repository(root: Path | None) -> bool:
    """Also of one that may not be read: the review says why."""
    try:
        if root is not None:
            find_repository(root)
    except InvalidInput:
        return False
    except BlockedByPolicy:
        return True
    return root is not None


def _wanted(request: ChatRequest, typed: ChatInput, what: str) -> ReviewRequest:
    models = request.models or typed.models
    if len(models) > 1:
        raise InvalidInput("A review asks one model.", "Name one.")
    staged = what == STAGED
    return ReviewRequest(
        "" if staged else what, staged, model=str(ModelRef.parse(models[0])) if models else None
    )


async def _send(desk: ChatDesk, request: ChatRequest, wanted: ReviewRequest, emit: Emit) -> Json:
    root = desk.around.root
    if root is None:
        raise InvalidInput("A review needs a workspace.", "Open a folder, or name code: `/review #buffer`.")
    model = wanted.model or str((await desk.around.line.route_of("chat"))[0])
    begun = desk.store.begin_turn(
        request.chat_id,
        desk.around.workspace_id,
        request.prompt,
        [model],
        details={"said": request.prompt, "review": wanted.range or (STAGED if wanted.staged else "HEAD")},
    )
    (reply,), chat_id = begun.replies, begun.turn.chat_id
    asked = Asked(reply, model, opened_as=model)
    tell_start(emit, asked, chat_id, begun.turn.id)

    async def work(take: Callable[[Event], None]) -> None:
        made = await review(desk.around, root, wanted, lambda text: take(Notice(f"Reviewed {text}.")))
        if desk.show_review:
            desk.show_review(made, root)
        take(TextDelta(report_markdown(replace(made.report, model="", input_tokens=0, output_tokens=0))))
        take(_finish(made.report))

    async with none_left_open(desk, begun.replies):
        try:
            await settle_with(desk, asked, emit, work)
        finally:
            await asyncio.shield(begun.saved)
    return await result_of(desk, chat_id, begun.turn.id, [reply])


def _finish(report: Report) -> Finish:
    """What all of its calls used together, as one reply's."""
    usage = Usage(report.input_tokens, report.output_tokens, cost_usd=report.cost_usd)
    model = ModelRef.parse(report.model) if report.model and ", " not in report.model else None
    return Finish("stop", usage, model)
