"""Chats, their turns and their input."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from halley.lsp.protocol.common import Empty, Position, Range, TextDocument
from halley.lsp.protocol.editing import ApplyBlockParams
from halley.lsp.protocol.macros import Outcome
from halley.lsp.protocol.media import MediaTask
from halley.lsp.protocol.replies import Reply
from halley.lsp.protocol.shape import Request, Shape, Token


class ChatSendParams(Shape):
    chat_id: str | None = None
    prompt: str
    models: list[str] | None = None
    text_document: TextDocument | None = None
    range: Range | None = None
    attachments: list[dict[str, Any]] | None = None
    """Pictures, as `{mime, data}` with the bytes in base64."""
    blind: bool = False
    """Hides the names of several models until one reply is chosen."""
    tools: dict[str, bool] | None = None
    """Tools to switch on or off for the rest of this chat: `*` (all), a server, or `server/tool`."""
    partial_result_token: Token | None = None


class ChatSent(Shape):
    """`said` is the result of a command that makes no turn (`/clear`, `/compact`, `/model`)."""

    chat_id: str
    turn_id: str
    replies: list[Reply]
    said: str | None = None
    media: MediaTask | None = None
    """The task that `/speak` or `/video` started."""


class ChatIdParams(Shape):
    chat_id: str


class ChatListParams(Shape):
    query: str | None = None
    limit: int = Field(50, ge=1, le=1000)


class ChatRenameParams(Shape):
    chat_id: str
    title: str


class ChatSummary(Shape):
    chat_id: str
    title: str
    created: str
    updated: str
    turns: int
    match: str | None = None


class ChatList(Shape):
    chats: list[ChatSummary]


class ChatExcerpt(Shape):
    """An excerpt that a variable or the selection attached to a turn."""

    source: str
    label: str
    tokens: int
    uri: str | None = None
    line: int | None = None
    """From 1."""


class ChatTurn(Shape):
    turn_id: str
    position: int
    prompt: str
    blind: bool = False
    """The models' names are hidden until one reply is chosen."""
    created: str
    excerpts: list[ChatExcerpt]
    images: list[dict[str, Any]]
    replies: list[Reply]
    current: bool | None = None
    """False for a turn before the last `/clear` or `/compact`."""


class ChatMark(Shape):
    kind: Literal["clear", "compact"]
    after_position: int
    text: str


class Chat(Shape):
    chat_id: str
    title: str
    created: str
    updated: str
    forked_from: str | None = None
    turns: list[ChatTurn]
    marks: list[ChatMark]


class ChatTurnParams(Shape):
    """`turn_id` is the last turn to keep. Without it, all turns (fork) or none (rollback) are kept."""

    chat_id: str
    turn_id: str | None = None


class ChatReplyParams(Shape):
    reply_id: str
    chat_id: str | None = None


class ChatRetryParams(Shape):
    chat_id: str
    turn_id: str
    models: list[str] | None = None
    reply_id: str | None = None
    """Ask this reply's model again."""
    partial_result_token: Token | None = None


class ChatContinueParams(Shape):
    chat_id: str
    reply_id: str
    partial_result_token: Token | None = None


class ChatMarkParams(Shape):
    chat_id: str


class ChatNamed(Shape):
    chat_id: str


class ChatChosen(Shape):
    """`models` maps every reply of the turn to its model, even if the turn was blind."""

    chat_id: str
    models: dict[str, str]


class ChatContextParams(Shape):
    chat_id: str
    turn_id: str
    reply_id: str | None = None


class SentMessage(Shape):
    role: Literal["system", "user", "assistant", "tool"]
    text: str
    tokens: int
    images: int


class ChatContext(Shape):
    """The messages sent for a reply. `left_out` older turns did not fit; `summary` replaces some of them."""

    reply_id: str
    model: str
    tokens: int
    window: int | None = None
    left_out: int
    summary: bool
    messages: list[SentMessage]


class ChatImportParams(Shape):
    """`content` is the JSON export of `halley/chat/export`, as an object or as text."""

    content: Any


class ChatUndone(Shape):
    undone: int


class ChatExportParams(Shape):
    chat_id: str
    format: Literal["markdown", "json"] = "markdown"
    replies: list[str] | None = None
    citations: bool = True
    reasoning: bool = False


class ChatExported(Shape):
    """Text for Markdown; an object for JSON."""

    content: Any


class ChatInputParams(Shape):
    """`position` is a position in `text`, counted in UTF-16 units as JavaScript and most editors do."""

    text: str
    position: Position
    uri: str | None = None

    def offset(self) -> int:
        """The code point `position` points to."""
        lines = self.text.split("\n")
        row = min(self.position.line, len(lines) - 1)
        head = lines[row].encode("utf-16-le")[: self.position.character * 2].decode("utf-16-le", "ignore")
        return sum(len(line) + 1 for line in lines[:row]) + len(head)


class ChatInputItems(Shape):
    items: list[dict[str, Any]]


REQUESTS: dict[str, Request] = {
    "halley/chat/send": Request(ChatSendParams, ChatSent, "One turn of a chat.", streams=True),
    "halley/chat/list": Request(ChatListParams, ChatList, "The workspace's chats, newest first."),
    "halley/chat/get": Request(ChatIdParams, Chat, "One complete chat."),
    "halley/chat/retry": Request(ChatRetryParams, ChatSent, "Another reply to a turn.", streams=True),
    "halley/chat/continue": Request(
        ChatContinueParams, ChatSent, "Continues an interrupted reply.", streams=True
    ),
    "halley/chat/fork": Request(ChatTurnParams, ChatNamed, "A copy of a chat up to a turn."),
    "halley/chat/rollback": Request(ChatTurnParams, ChatUndone, "Undoes every turn after the given one."),
    "halley/chat/choose": Request(
        ChatReplyParams, ChatChosen, "Keeps one of several replies for the conversation."
    ),
    "halley/chat/clear": Request(ChatMarkParams, Empty, "Clears the context; history is kept."),
    "halley/chat/compact": Request(
        ChatMarkParams, ChatSent, "Summarises the chat so far; from then on the summary is sent instead."
    ),
    "halley/chat/context": Request(
        ChatContextParams, ChatContext, "The messages actually sent for a reply, with their tokens."
    ),
    "halley/chat/import": Request(ChatImportParams, ChatNamed, "Imports a chat exported as JSON."),
    "halley/chat/export": Request(ChatExportParams, ChatExported, "A chat as Markdown or JSON."),
    "halley/chat/input": Request(
        ChatInputParams, ChatInputItems, "Completion of /commands, #variables and @models while typing."
    ),
    "halley/chat/rename": Request(ChatRenameParams, Empty, "Renames a chat."),
    "halley/chat/delete": Request(ChatIdParams, Empty, "Deletes a chat."),
    "halley/chat/apply": Request(
        ApplyBlockParams, Outcome, "Applies a code block of a reply where it belongs."
    ),
}
