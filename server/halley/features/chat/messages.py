"""The prompt of a conversation: instructions, earlier turns as they stand in the store, and the turn being asked."""

from __future__ import annotations

from collections.abc import Sequence

from halley.core.calls import ImagePart, Prompt
from halley.core.models import ModelRef
from halley.engine.conversation import Attachment, Turn, build_conversation
from halley.engine.languages import language_id_of
from halley.engine.templates import render
from halley.features.chat.desk import ChatDesk
from halley.stores.chat_values import Chat, Excerpt
from halley.stores.chat_values import Turn as StoredTurn

UNKNOWN_CONTEXT = 32_000
"""Tokens taken for the context window of a model that does not say."""
SHARE = 0.75
"""Of the window, for the conversation; the rest is the answer's."""


def build_chat_prompt(desk: ChatDesk, chat: Chat, model: ModelRef, through: str) -> tuple[Prompt, int]:
    """The prompt that asks the turn `through`, and how many older turns did not fit."""
    turns: list[Turn] = []
    for stored in chat.current_turns:
        asked = stored.id == through
        turns.append(_turn(desk, stored, with_reply=not asked))
        if asked:
            break
    instructions = system_text(desk)
    if chat.summary:
        instructions += f"\n\nWhat was said before, in short:\n\n{chat.summary}"
    budget = int((desk.context_of(model) or UNKNOWN_CONTEXT) * SHARE)
    messages, left_out = build_conversation(instructions, turns, budget)
    return Prompt(messages), left_out


def system_text(desk: ChatDesk) -> str:
    """The standing instructions: the template, the project's guidance, the person's own."""
    values = {
        "guidance": desk.workspace.guidance if desk.workspace else "",
        "instructions": desk.line.settings.chat.instructions,
    }
    return render(desk.template_of("chat"), values)


def _turn(desk: ChatDesk, stored: StoredTurn, *, with_reply: bool) -> Turn:
    reply = stored.reply
    images = [
        ImagePart(image.mime, data) for image in stored.images if (data := desk.store.load_image(image))
    ]
    return Turn(
        str(stored.details.get("said") or stored.prompt),
        reply.text if with_reply and reply else "",
        tuple(to_attachment(excerpt) for excerpt in stored.excerpts),
        tuple(images),
    )


def to_excerpts(attachments: Sequence[Attachment]) -> list[Excerpt]:
    """Attachments as the store keeps them."""
    return [
        Excerpt(a.title, f"{a.path}:{a.first_line}" if a.path else "", a.tokens, a.text) for a in attachments
    ]


def to_attachment(excerpt: Excerpt) -> Attachment:
    path, _, line = excerpt.label.rpartition(":")
    first = int(line) if line.isdigit() else 1
    return Attachment(excerpt.source, excerpt.text, language_id_of(path), path, first, excerpt.tokens)
