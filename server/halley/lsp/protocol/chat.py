"""Chats, their turns and what is typed into them."""

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
    """Several models, their names hidden until one reply is chosen."""
    tools: dict[str, bool] | None = None
    """Tools to switch for this chat from here on: `*` (all), a server, or `server/tool`."""
    partial_result_token: Token | None = None


class ChatSent(Shape):
    """`said` is what a command did that asks no model (`/clear`, `/compact`, `/model`); there is no turn then."""

    chat_id: str
    turn_id: str
    replies: list[Reply]
    said: str | None = None
    media: MediaTask | None = None
    """What `/speak` or `/video` began."""


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
    """What a variable or the selection brought into a turn."""

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
    """`turn_id` is the last turn that is kept; without it, all (fork) or none (rollback)."""

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
    """`models` names every reply of the turn, also of one that was blind."""

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
    """What was sent for a reply; `left_out` older turns did not fit, `summary` stands for some."""

    reply_id: str
    model: str
    tokens: int
    window: int | None = None
    left_out: int
    summary: bool
    messages: list[SentMessage]


class ChatImportParams(Shape):
    """`content` is what `halley/chat/export` gave as JSON: the object, or its text."""

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
    """Text for Markdown, an object for JSON."""

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
    "halley/chat/get": Request(ChatIdParams, Chat, "One chat, whole."),
    "halley/chat/retry": Request(ChatRetryParams, ChatSent, "Another reply to a turn.", streams=True),
    "halley/chat/continue": Request(
        ChatContinueParams, ChatSent, "Goes on with a reply that broke off.", streams=True
    ),
    "halley/chat/fork": Request(ChatTurnParams, ChatNamed, "A copy of a chat up to a turn."),
    "halley/chat/rollback": Request(ChatTurnParams, ChatUndone, "Takes back every turn after one."),
    "halley/chat/choose": Request(
        ChatReplyParams, ChatChosen, "Keeps one of several replies for the conversation."
    ),
    "halley/chat/clear": Request(ChatMarkParams, Empty, "A new start, keeping the history."),
    "halley/chat/compact": Request(
        ChatMarkParams, ChatSent, "Sums up what was said so far; the summary is sent from then on."
    ),
    "halley/chat/context": Request(
        ChatContextParams, ChatContext, "What was actually sent for a reply, with its tokens."
    ),
    "halley/chat/import": Request(ChatImportParams, ChatNamed, "Takes in a chat that was exported as JSON."),
    "halley/chat/export": Request(ChatExportParams, ChatExported, "A chat as Markdown or JSON."),
    "halley/chat/input": Request(
        ChatInputParams, ChatInputItems, "Completion of /commands, #variables and @models while typing."
    ),
    "halley/chat/rename": Request(ChatRenameParams, Empty, "Gives a chat a title."),
    "halley/chat/delete": Request(ChatIdParams, Empty, "Deletes a chat."),
    "halley/chat/apply": Request(
        ApplyBlockParams, Outcome, "Puts a block of code from a reply where it belongs."
    ),
}
