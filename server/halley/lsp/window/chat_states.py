"""Tells the client what each chat of its window does, so that one in the background can say that it waits."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from halley.core.errors import HalleyError
from halley.features.chat.steering import Steering
from halley.stores.chats.store import ChatStore

Json = dict[str, Any]
_IDLE = ("idle", 0)


@dataclass(slots=True)
class ChatStates:
    """`notify` sends to the client, `run` runs in the background."""

    steering: Steering
    chats: ChatStore
    notify: Callable[[str, Json], object]
    run: Callable[[Coroutine[Any, Any, None], str], object]
    shown: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])

    def changed(self, chat: str) -> None:
        """A chat may have another state. Told once for each."""
        state = self.steering.state(chat), self.steering.waiting(chat)
        if state == self.shown.get(chat, _IDLE):
            return
        self.shown[chat] = state
        if state == _IDLE:
            del self.shown[chat]
        told: Json = {"chatId": chat, "state": state[0], "waiting": state[1]}
        if state[0] == "asking":
            self.run(self._ask(told), "a chat that asks")
        else:
            self.notify("halley/chat/state", told)

    async def _ask(self, told: Json) -> None:
        """With the title, which has to be read; the user may have answered by then."""
        title = await title_of(self.chats, told["chatId"])
        if self.shown.get(told["chatId"]) == (told["state"], told["waiting"]):
            self.notify("halley/chat/state", told | {"title": title})


async def title_of(chats: ChatStore, chat: str) -> str:
    """Empty for a chat that has no title yet, or is gone."""
    try:
        return (await chats.get(chat)).title
    except HalleyError:
        return ""
