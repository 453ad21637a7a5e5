"""Chats, their turns and their input."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from halley.core.agent import Mode
from halley.lsp.protocol.agent import RestoreResult
from halley.lsp.protocol.common import Empty, Position, Range, TextDocument
from halley.lsp.protocol.editing import ApplyBlockParams
from halley.lsp.protocol.macros import Outcome
from halley.lsp.protocol.media import MediaTask
from halley.lsp.protocol.replies import ChatExcerpt, PlanStep, Reply
from halley.lsp.protocol.shape import RequestShape, Shape, Token


class ChatMessage(Shape):
    """What a message is made of."""

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
    mode: Mode | None = None
    """The chat's mode from here on, kept for the workspace's next chats. Without it: as it is."""
    partial_result_token: Token | None = None


class ChatSendParams(ChatMessage):
    chat_id: str | None = None
    queue: bool = False
    """While the chat is busy the message waits (a `queued` event) until the running reply ends, at the latest after its
    current step, and the messages before it were sent. Cancelling the request takes the message back."""


class ChatSent(Shape):
    """`said` is the result of a command that makes no turn (`/clear`, `/compact`, `/model`)."""

    chat_id: str
    turn_id: str
    replies: list[Reply]
    said: str | None = None
    media: MediaTask | None = None
    """The task that `/speak` or `/video` started."""
    mode: Mode
    """The mode of the chat's next turn."""
    restore: RestoreResult | None = None
    """Of `halley/chat/resend`: what was done to files. With an empty `turn_id` nothing was sent: ask about the files in
    `changed`, or show why others `failed`."""


class ChatResendParams(ChatMessage):
    """The turn and all after it are undone. What is not given stays as it was in that turn. `prompt` may be empty."""

    chat_id: str
    turn_id: str
    files: bool = True
    """Whether files get the text they had before the turn."""
    changed: Literal["ask", "keep", "restore"] = "ask"
    """What becomes of files that the user changed since. `ask`: where there are any, nothing is done and the result
    names them. `keep`: they stay. `restore`: what the agent did is taken back, where the changes do not overlap."""


class ChatStopped(Shape):
    """How many replies and waiting messages were stopped."""

    stopped: int


class ChatIdParams(Shape):
    chat_id: str


class ChatListParams(Shape):
    query: str | None = None
    limit: int = Field(50, ge=1, le=1000)


class ChatRenameParams(Shape):
    chat_id: str
    title: str


class ChatModeParams(Shape):
    """Without `chat_id` the mode is that of the workspace's next chats. Without `mode` it stays as it is."""

    chat_id: str | None = None
    mode: Mode | None = None


class ChatMode(Shape):
    mode: Mode


class ChatSummary(Shape):
    chat_id: str
    title: str
    created: str
    updated: str
    turns: int
    match: str | None = None
    state: Literal["running", "asking"] | None = None
    """Whether it works in this window now, or waits there for an approval."""


class ChatList(Shape):
    chats: list[ChatSummary]


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
    mode: Mode
    """The mode of its next turn."""
    plan: list[PlanStep] = []
    """The approved plan, in the mode `plan`."""


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


REQUESTS: dict[str, RequestShape] = {
    "halley/chat/send": RequestShape(ChatSendParams, ChatSent, "One turn of a chat.", streams=True),
    "halley/chat/resend": RequestShape(
        ChatResendParams,
        ChatSent,
        "Sends a turn again in other words, with the files as they were before it.",
        streams=True,
    ),
    "halley/agent/stop": RequestShape(
        ChatIdParams,
        ChatStopped,
        "Stops what runs and what waits in a chat. What was done until then is kept.",
    ),
    "halley/chat/list": RequestShape(ChatListParams, ChatList, "The workspace's chats, newest first."),
    "halley/chat/get": RequestShape(ChatIdParams, Chat, "One complete chat."),
    "halley/chat/retry": RequestShape(ChatRetryParams, ChatSent, "Another reply to a turn.", streams=True),
    "halley/chat/continue": RequestShape(
        ChatContinueParams, ChatSent, "Continues an interrupted reply.", streams=True
    ),
    "halley/chat/fork": RequestShape(ChatTurnParams, ChatNamed, "A copy of a chat up to a turn."),
    "halley/chat/rollback": RequestShape(
        ChatTurnParams, ChatUndone, "Undoes every turn after the given one."
    ),
    "halley/chat/choose": RequestShape(
        ChatReplyParams, ChatChosen, "Keeps one of several replies for the conversation."
    ),
    "halley/chat/clear": RequestShape(ChatMarkParams, Empty, "Clears the context; history is kept."),
    "halley/chat/compact": RequestShape(
        ChatMarkParams, ChatSent, "Summarises the chat so far; from then on the summary is sent instead."
    ),
    "halley/chat/context": RequestShape(
        ChatContextParams, ChatContext, "The messages actually sent for a reply, with their tokens."
    ),
    "halley/chat/import": RequestShape(ChatImportParams, ChatNamed, "Imports a chat exported as JSON."),
    "halley/chat/export": RequestShape(ChatExportParams, ChatExported, "A chat as Markdown or JSON."),
    "halley/chat/input": RequestShape(
        ChatInputParams, ChatInputItems, "Completion of /commands, #variables and @models while typing."
    ),
    "halley/chat/rename": RequestShape(ChatRenameParams, Empty, "Renames a chat."),
    "halley/chat/mode": RequestShape(ChatModeParams, ChatMode, "The mode of a chat's next turn; changes it."),
    "halley/chat/delete": RequestShape(ChatIdParams, Empty, "Deletes a chat."),
    "halley/chat/apply": RequestShape(
        ApplyBlockParams, Outcome, "Applies a code block of a reply where it belongs."
    ),
}
