"""TURNS: which kind of turn a slash command makes. A new kind is a file beside this one and a row here.

A row takes what was typed and gives the protocol's `ChatResult`: `{chatId, turnId, replies}`, and `said` for a command
that makes no turn. What is not in the table is a question to models.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from halley.core.settings import MacroSettings
from halley.engine.chat_input import ChatInput
from halley.features.chat.desk import ChatDesk, Emit, Json
from halley.features.chat.turns.command import ABOUT, send_command
from halley.features.chat.turns.macro import send_macro
from halley.features.chat.turns.media import send_dictated, send_picture, send_speech, send_video
from halley.features.chat.turns.question import send_question
from halley.features.chat.turns.review import send_review
from halley.features.chat.turns.search import send_search
from halley.features.chat.turns.turn import ChatRequest

Send = Callable[[ChatDesk, ChatRequest, ChatInput, Emit], Awaitable[Json]]

TURNS: Mapping[str, Send] = {
    **dict.fromkeys(ABOUT, send_command),
    "image": send_picture,
    "speak": send_speech,
    "video": send_video,
    "dictate": send_dictated,
    "search": send_search,
    "review": send_review,
}


def turn_for(command: str, macros: Mapping[str, MacroSettings]) -> Send:
    """The kind of turn that a command makes; empty for a plain question."""
    macro = macros.get(command)
    if macro is None or command in ABOUT:  # a chat must stay manageable, whatever macros are called
        return TURNS.get(command, send_question)
    # A macro of one prompt is a question in other words; only a pipeline, or a picture, has to be run.
    return send_macro if macro.steps or macro.role == "image" else send_question
