"""A chat's title, by the model of the `fast` role."""

from __future__ import annotations

from halley.core.calls import Priority, Prompt
from halley.core.errors import HalleyError
from halley.engine.markdown.inert import visible
from halley.engine.prompting.templates import render_messages
from halley.features.ask import ask
from halley.features.chat.desk import ChatDesk


async def give_title(desk: ChatDesk, chat_id: str) -> str:
    """Names the chat after its first prompt; the title, or nothing if none is available."""
    title, first = await desk.store.beginning(chat_id)
    if title or first is None:
        return title
    try:
        values = {"prompt": first[:2000]}
        prompt = Prompt(render_messages(desk.around.template_of("title"), values), max_tokens=200)
        reply = await ask(
            desk.around.line, prompt, feature="title", role="fast", priority=Priority.BATCH, retry=False
        )
    except HalleyError:
        return ""
    lines = [line for line in visible(reply.text).strip().split("\n") if line.strip()]
    title = lines[0].strip(" \"'`#*.")[:80] if lines else ""
    if title:
        await desk.store.give_title(chat_id, title)
    return title
