"""The line that the user types: its history is saved, and `/commands`, `#variables` and `@models` are completed.

Without a terminal the lines of stdin are the messages, so that a conversation can be a script.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

Json = dict[str, Any]
Complete = Callable[[str, int], Awaitable[list[Json]]]
"""(text, offset) → completion items as `halley/chat/input` has them."""

HELP_LINE = (
    "Enter sends, Alt+Enter starts a new line, Ctrl-C stops a reply, Ctrl-D ends. /help lists commands."
)


class Prompt(Protocol):
    async def read(self) -> str:
        """The next message. Raises EOFError at the end, KeyboardInterrupt for Ctrl-C."""
        ...


def open_prompt(history: Path, complete: Complete) -> Prompt:
    return Typed(history, complete) if sys.stdin.isatty() and sys.stdout.isatty() else Piped()


class Piped:
    async def read(self) -> str:
        line = await asyncio.to_thread(sys.stdin.readline)
        if not line:
            raise EOFError
        return line


class Typed:
    def __init__(self, history: Path, complete: Complete) -> None:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.history import FileHistory
        from prompt_toolkit.key_binding import KeyBindings

        from halley.stores.disk.making import make_private_folder, open_kept

        keys = KeyBindings()
        keys.add("enter")(lambda event: event.current_buffer.validate_and_handle())
        keys.add("escape", "enter")(lambda event: event.current_buffer.insert_text("\n"))
        make_private_folder(history.parent)
        os.close(open_kept(history))  # private before anything is written into it
        self._session: PromptSession[str] = PromptSession(
            "> ",
            history=FileHistory(str(history)),
            completer=_completer(complete),
            complete_while_typing=True,
            multiline=True,
            key_bindings=keys,
            prompt_continuation="  ",
        )

    async def read(self) -> str:
        return await self._session.prompt_async()


def _completer(complete: Complete) -> Any:
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document

    class Words(Completer):
        def get_completions(self, document: Document, complete_event: CompleteEvent) -> list[Completion]:
            return []

        async def get_completions_async(
            self, document: Document, complete_event: CompleteEvent
        ) -> AsyncGenerator[Completion, None]:
            for item in await complete(document.text, document.cursor_position):
                start = item["replace"]["start"] - document.cursor_position
                yield Completion(
                    item["insertText"], start_position=min(0, start), display_meta=item["detail"]
                )

    return Words()
