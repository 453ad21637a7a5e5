"""Commands that are about the chat itself: `/clear`, `/compact`, `/model`. No turn is made of them.

Each says in one sentence what it did; what was typed after `/clear` is asked as the first turn of the new start.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from halley.core.errors import InvalidInput
from halley.core.models import ModelRef
from halley.engine.chat_input import ChatInput
from halley.features.chat.commands import Expanded
from halley.features.chat.compaction import compact
from halley.features.chat.desk import ChatDesk, Emit, Json
from halley.features.chat.turns.question import ask_question
from halley.features.chat.turns.turn import ChatRequest, result_without_turn


async def send_command(desk: ChatDesk, request: ChatRequest, typed: ChatInput, emit: Emit) -> Json:
    """Does what the command says and reports it in `said`; the rest of a `/clear` is asked as a question."""
    said = await ABOUT[typed.command](desk, request.chat_id, typed)
    emit({"type": "notice", "replyId": "", "text": said})
    if typed.command == "clear" and typed.text.strip():
        rest = replace(typed, command="")
        return await ask_question(desk, request, Expanded(rest), emit) | {"said": said}
    return result_without_turn(request, said)


async def clear(desk: ChatDesk, chat_id: str | None, _typed: ChatInput) -> str:
    await desk.store.mark(_needed(chat_id, "clear"), "clear")
    return "The context is cleared: earlier turns stay in the history but are no longer sent."


async def sum_up(desk: ChatDesk, chat_id: str | None, _typed: ChatInput) -> str:
    count = await compact(desk, _needed(chat_id, "compact"))
    return f"{count} turn{'s' if count > 1 else ''} summarised; from now on the summary is sent instead."


async def model(desk: ChatDesk, _chat_id: str | None, typed: ChatInput) -> str:
    if desk.choose_model is None:
        raise InvalidInput("The model cannot be chosen here.", "Use `halley use chat PROVIDER/MODEL`.")
    names = typed.models or tuple(name for name in typed.text.replace(",", " ").split())
    return await desk.choose_model(tuple(str(ModelRef.parse(name)) for name in names))


async def tools(desk: ChatDesk, chat_id: str | None, typed: ChatInput) -> str:
    """`/tools`, `/tools off`, `/tools on`, `/tools SERVER off`, `/tools SERVER/TOOL on`."""
    from halley.features.chat.tool_offers import say_tools, switch_tools

    words = typed.text.split()
    if not words:
        return await say_tools(desk, chat_id)
    if words[-1] not in ("on", "off") or len(words) > 2:
        raise InvalidInput(
            "The /tools command is incomplete.", "Write /tools off, /tools on, or /tools SERVER off."
        )
    what = words[0] if len(words) == 2 else ""
    return await switch_tools(desk, _needed(chat_id, "tools"), what, words[-1] == "on")


ABOUT: Mapping[str, Callable[[ChatDesk, str | None, ChatInput], Awaitable[str]]] = {
    "clear": clear,
    "compact": sum_up,
    "model": model,
    "tools": tools,
}


def _needed(chat_id: str | None, command: str) -> str:
    if chat_id is None:
        raise InvalidInput(f"/{command} needs a chat with at least one turn.", "Say something first.")
    return chat_id
