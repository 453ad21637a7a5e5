"""The workspace searched from a chat: `#workspace` brings hits into a turn, `/search` lists them without any model.

Hits are numbered, each named by its place (`path:first-last`); a place that a reply cites opens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from halley.core.errors import InvalidInput
from halley.core.events import Event, TextDelta
from halley.core.tokens import estimate_tokens
from halley.engine.chat_input import ChatInput
from halley.engine.code.languages import language_id_of
from halley.engine.prompting.conversation import Attachment
from halley.features.chat.answering import none_left_open, settle_with
from halley.features.chat.desk import ChatDesk, Emit, Json
from halley.features.chat.messages import to_excerpts
from halley.features.chat.shapes import excerpts_json
from halley.features.chat.turns.turn import Asked, ChatRequest, result_of, tell_start

MOST_HITS = 12
SEARCHER = "halley/search"
"""Stands as the model of a reply to `/search`, which no model gives."""


async def send_search(desk: ChatDesk, request: ChatRequest, typed: ChatInput, emit: Emit) -> Json:
    """A turn without a model: its excerpts are the hits, and its reply lists them."""
    attachments = await search_attachments(desk, typed.text)
    begun = desk.store.begin_turn(
        request.chat_id,
        desk.around.workspace_id,
        request.prompt,
        [SEARCHER],
        excerpts=to_excerpts(attachments),
        details={"said": request.prompt, "search": typed.text},
    )
    (reply,), chat_id = begun.replies, begun.turn.chat_id
    asked = Asked(reply, SEARCHER, opened_as=SEARCHER)
    tell_start(emit, asked, chat_id, begun.turn.id, excerpts_json(begun.turn, desk.around.root))

    async def work(take: Callable[[Event], None]) -> None:
        take(TextDelta(listed(attachments)))

    async with none_left_open(desk, begun.replies):
        try:
            await settle_with(desk, asked, emit, work)
        finally:
            await asyncio.shield(begun.saved)
    return await result_of(desk, chat_id, begun.turn.id, [reply])


def attach(title: str, text: str, path: str = "", language_id: str = "", first_line: int = 1) -> Attachment:
    return Attachment(
        title, text, language_id or language_id_of(path), path, first_line, estimate_tokens(text)
    )


async def search_attachments(desk: ChatDesk, query: str) -> list[Attachment]:
    """The best hits, as much of them as `context.max_tokens` allows. Raises InvalidInput when there are none."""
    from halley.features.search.searching import place, search

    if desk.around.index is None:
        raise InvalidInput("#workspace needs a workspace.", "Open a folder in the editor.")
    if not query.strip():
        raise InvalidInput("The search is empty.", 'Add words, as in /search WORDS or #workspace:"words".')
    answer = await search(desk.around.index, desk.around.line, query, MOST_HITS)
    if not answer.hits:
        whole = "" if answer.state == "ready" else f" The index is incomplete ({answer.state})."
        raise InvalidInput(f"The search found nothing in the workspace.{whole}", "Try other words.")
    found: list[Attachment] = []
    left = desk.around.settings.context.max_tokens
    for hit in answer.hits:
        title = f"[{len(found) + 1}] `{place(hit)}`" + (f" {hit.chunk.symbol}" if hit.chunk.symbol else "")
        attachment = attach(title, hit.chunk.text, hit.chunk.path, "", hit.chunk.first_line)
        if attachment.tokens <= left:
            left -= attachment.tokens
            found.append(attachment)
    return found


def listed(attachments: Sequence[Attachment]) -> str:
    """The hits as a numbered list in Markdown."""
    lines: list[str] = []
    for number, attachment in enumerate(attachments, 1):
        title = attachment.title.partition("] ")[2]
        lines.append(f"{number}. {title}")
    return "\n".join(lines) + "\n"
