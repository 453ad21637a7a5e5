"""Every custom request and notification, as types: the one place they are written.

`REQUESTS` and `NOTIFICATIONS` are tables; TypeScript and Lua types and the reference page are generated from them.
Parameters arrive as plain dicts and are validated by `read_params`; results are plain dicts whose shape the result
types describe. JSON is camelCase, Python snake_case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from halley.lsp.base.rpc_errors import InvalidParams

Token = Annotated[str | int, Field(description="A progress token.")]
RoleName = Literal["chat", "edit", "complete", "fast", "embed", "image", "speech"]
ScopeName = Literal["session", "workspace", "user"]


class Shape(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        defer_build=True,
        protected_namespaces=(),
    )


class Position(Shape):
    line: int = Field(ge=0)
    character: int = Field(ge=0)


class Range(Shape):
    start: Position
    end: Position


class TextDocument(Shape):
    uri: str
    version: int | None = None


class Price(Shape):
    input: float | None = None
    output: float | None = None
    per_request: float | None = None
    currency: str = "USD"
    source: Literal["provider", "catalog"]


class Model(Shape):
    id: str
    provider: str
    name: str
    label: str
    group: str
    context: int | None = None
    max_output: int | None = None
    price: Price | None = None
    roles: list[str]
    capabilities: dict[str, Any]
    deprecated: bool | None = None


class KeyStatus(Shape):
    status: Literal["present", "missing", "otherOrigin", "notNeeded"]
    source: str | None = None


class Health(Shape):
    ok: bool
    at: str
    ms: float | None = None
    problem: Problem | None = None


class Provider(Shape):
    id: str
    label: str
    kind: str
    base_url: str
    key: KeyStatus
    health: Health | None = None


class Problem(Shape):
    code: str
    message: str
    help: str
    provider: str | None = None
    model: str | None = None
    status: int | None = None
    request_id: str | None = None
    retry_after_ms: int | None = None
    setting: str | None = None


class Cost(Shape):
    amount: float
    currency: str
    source: Literal["provider", "estimated", "unknown"]


class Usage(Shape):
    input_tokens: int
    output_tokens: int
    cached_tokens: int | None = None
    cost: Cost | None = None
    first_token_ms: float | None = None
    total_ms: float | None = None
    tokens_per_s: float | None = None


class Citation(Shape):
    url: str
    title: str = ""
    start: int | None = None
    end: int | None = None


class Source(Shape):
    """A source, with the number of its marks."""

    number: int
    url: str
    title: str


class Block(Shape):
    """A block of code in a reply: `first` and `last` are its lines there (from 0, with the marks)."""

    language: str
    file: str | None = None
    text: str
    first: int
    last: int
    closed: bool


class Event(Shape):
    """One event of a stream; which fields are there depends on `type`."""

    type: Literal[
        "start", "text", "reasoning", "notice", "citation", "image", "toolCall", "toolResult", "usage", "step"
    ]
    reply_id: str
    delta: str | None = None
    text: str | None = None
    model: str | None = None
    """Who replies (`start`), or whom a notice is about."""
    name: str | None = None
    """The step of a macro that began or ended (`step`); its texts have it as `replyId`."""
    state: str | None = None
    number: int | None = None
    of: int | None = None
    chat_id: str | None = None
    turn_id: str | None = None


class Reply(Shape):
    reply_id: str
    model: str
    text: str
    reasoning: str | None = None
    status: Literal["complete", "interrupted", "cancelled", "failed"]
    problem: Problem | None = None
    usage: Usage | None = None
    citations: list[Citation] = []
    images: list[dict[str, Any]] = []
    chosen: bool | None = None
    rendered: str = ""
    """The text as it may be shown: inert Markdown with numbered marks and the list of sources."""
    sources: list[Source] = []
    blocks: list[Block] = []
    notices: list[str] = []


class SelectedRole(Shape):
    route: list[str]
    scope: str
    source: str


class Selection(Shape):
    roles: dict[str, SelectedRole]


class Empty(Shape):
    """No parameters, or no result."""


class ModelsListParams(Shape):
    role: RoleName | None = None
    provider: str | None = None
    refresh: bool = False


class ModelsList(Shape):
    models: list[Model]
    stale: bool
    problems: list[Problem]


class UriParams(Shape):
    uri: str | None = None


class SelectParams(Shape):
    role: RoleName
    route: list[str]
    scope: ScopeName = "workspace"
    uri: str | None = None


class PresetRow(Shape):
    """A provider that is known by name and not configured yet."""

    id: str
    label: str
    kind: str
    base_url: str | None = None
    key_needed: bool
    about: str | None = None


class ProvidersList(Shape):
    providers: list[Provider]
    presets: list[PresetRow] = []


class VerifyParams(Shape):
    provider: str
    model: str | None = None


class VerifyStep(Shape):
    name: str
    ok: bool
    ms: float | None = None
    problem: Problem | None = None


class Verified(Shape):
    ok: bool
    steps: list[VerifyStep]
    model: str | None = None
    first_token_ms: float | None = None


class SecretSetParams(Shape):
    provider: str
    key: str
    store: Literal["keyring", "file", "session"] = "keyring"


class ProviderParams(Shape):
    provider: str


class SecretGetParams(Shape):
    provider: str
    origin: str


class SecretGot(Shape):
    key: str | None


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
    partial_result_token: Token | None = None


class ChatSent(Shape):
    """`said` is what a command did that asks no model (`/clear`, `/compact`, `/model`); there is no turn then."""

    chat_id: str
    turn_id: str
    replies: list[Reply]
    said: str | None = None


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
    role: Literal["system", "user", "assistant"]
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


class ProposalParams(Shape):
    id: str
    hunks: list[int] | None = None


class ProposalFile(Shape):
    uri: str
    proposed: str


class ProposalHunk(Shape):
    """A hunk. `range` and `old_text` are of the text it was made for; absent where a file is made or removed."""

    index: int
    uri: str
    kind: Literal["edit", "create", "rename", "delete"]
    range: Range | None = None
    old_text: str | None = None
    new_text: str | None = None


class Proposal(Shape):
    id: str
    title: str
    reason: str
    files: list[ProposalFile]
    hunks: list[ProposalHunk]


class ProposalsList(Shape):
    proposals: list[Proposal]


class Applied(Shape):
    applied: bool
    edits: int


class KeySource(Shape):
    """Where a key comes from: exactly one of the five."""

    env: str | None = None
    keyring: bool | None = None
    command: list[str] | None = None
    file: str | None = None
    client: bool | None = None


class ProviderSaveParams(Shape):
    """A provider of the user's configuration. What is absent stays as it is; a preset fills the rest."""

    id: str
    kind: Literal["openai", "openai-responses", "anthropic"] | None = None
    preset: str | None = None
    label: str | None = None
    base_url: str | None = None
    key: KeySource | None = None
    headers: dict[str, str] | None = None
    proxy: str | None = None
    ca_bundle: str | None = None
    enabled: bool | None = None


class ProviderIdParams(Shape):
    id: str


class CommitParams(Shape):
    """`cwd` is a folder or its URI; by default the workspace's."""

    cwd: str | None = None
    uri: str | None = None
    staged: bool = True


class CommitMessage(Shape):
    message: str


class ContextPreviewParams(Shape):
    text_document: TextDocument
    range: Range | None = None


class ContextExcerpt(Shape):
    path: str
    first_line: int
    last_line: int
    reason: str
    tokens: int
    text: str


class ContextDropped(Shape):
    path: str
    reason: str
    tokens: int


class ContextPreview(Shape):
    tokens: int
    budget: int
    excerpts: list[ContextExcerpt]
    dropped: list[ContextDropped]
    notices: list[str]
    """What a person should know of the excerpts: characters in them that nobody sees."""


class RetryEnded(Shape):
    ended: bool


class MacroRunParams(Shape):
    """`inputs` by name; `instruction` is what the person said beside. `resume` takes up a run by its id (or `last`)."""

    name: str
    text_document: TextDocument | None = None
    range: Range | None = None
    inputs: dict[str, Any] | None = None
    resume: str | None = None
    uri: str | None = None
    """Names the workspace where there is no document."""
    partial_result_token: Token | None = None


class MacroNameParams(Shape):
    name: str


class MacroSaveParams(Shape):
    """`macro` is a table as in `[macros.<name>]` of config.toml."""

    name: str
    macro: dict[str, Any]


class Macro(Shape):
    name: str
    description: str
    inputs: dict[str, Any]
    steps: int
    output: str
    prompt: str | None = None
    source: str | None = None
    """The level that defines it: `config.toml`, `.halley.toml` or `client`."""
    definition: dict[str, Any] = {}
    """The table as it would stand in `config.toml`, to edit and to share."""


class MacrosList(Shape):
    macros: list[Macro]


class MacroExportParams(Shape):
    """Without names, all of them."""

    names: list[str] | None = None
    uri: str | None = None


class MacroFile(Shape):
    """Macros as one TOML file."""

    content: str


class MacroImportParams(Shape):
    content: str
    replace: bool = False
    """Also those that are there under the same name."""


class MacrosImported(Shape):
    names: list[str]


class MacroStepState(Shape):
    name: str
    kind: Literal["text", "image", "commit"]
    state: Literal["waiting", "running", "complete", "skipped", "failed"]
    text: str
    model: str
    images: list[dict[str, Any]]
    problem: Problem | None = None


class MacroRun(Shape):
    """What became of each step. A run that is not complete can be taken up by its id."""

    id: str
    macro: str
    state: Literal["complete", "failed", "stopped"]
    steps: list[MacroStepState]


class Outcome(Shape):
    """What became of an action: exactly one of `applied`, `proposal`, `answer`."""

    applied: bool | None = None
    edits: int | None = None
    proposal: str | None = None
    answer: dict[str, str] | None = None
    run: MacroRun | None = None
    """Beside the outcome of `halley/macros/run`."""


class UsageParams(Shape):
    since: str | None = None
    until: str | None = None
    by: list[Literal["day", "month", "model", "provider", "workspace", "feature", "status"]] = ["model"]


class UsageReport(Shape):
    rows: list[dict[str, Any]]
    totals: dict[str, Any]
    completions: list[dict[str, Any]] = []
    """Ghost text by model and language: shown, accepted, accepted in part."""
    quota: list[dict[str, Any]] | None = None


class EditParams(Shape):
    """An instructed edit of a range; the reply streams as events while it is written.

    `preview` asks for a proposal whatever the settings say.
    """

    text_document: TextDocument
    range: Range
    instruction: str = Field(min_length=1)
    model: str | None = None
    preview: bool = False
    partial_result_token: Token | None = None


class ApplyBlockParams(Shape):
    """A block of code from a reply; `file` is the name the model gave it."""

    text: str
    language: str = ""
    file: str | None = None
    text_document: TextDocument
    range: Range | None = None


class SaidMessage(Shape):
    role: Literal["user", "assistant", "system"]
    content: str


class RespondParams(Shape):
    """A conversation of somebody else's: nothing is added to it and nothing kept."""

    model: str
    messages: list[SaidMessage] = Field(min_length=1)
    max_tokens: int | None = Field(None, ge=1)
    partial_result_token: Token | None = None


class Responded(Shape):
    text: str


class CountParams(Shape):
    text: str
    model: str | None = None


class Counted(Shape):
    tokens: int


class RunParams(Shape):
    """The argument of the `halley.run` command."""

    action: str
    text_document: TextDocument
    range: Range
    diagnostics: list[dict[str, Any]] | None = None
    instruction: str = ""
    model: str | None = None


class RetryParams(Shape):
    operation: str


class StatusParams(Shape):
    kind: Literal["normal", "busy", "warning", "error", "inactive"]
    message: str
    roles: dict[str, SelectedRole]
    spend: dict[str, Any] | None = None
    action: dict[str, Any] | None = None


class OperationParams(Shape):
    operation: str
    state: Literal["waiting", "retrying", "failedOver", "done"]
    attempt: int
    of: int
    wait_ms: int
    reason: str
    from_: str | None = Field(None, alias="from")
    to: str | None = None


class ChangedParams(Shape):
    what: Literal["models", "selection", "providers", "macros", "chats", "proposals"]


@dataclass(frozen=True, slots=True)
class Request:
    """`streams`: takes `partialResultToken`. `to_client`: the server asks, the client answers."""

    params: type[Shape]
    result: type[Shape]
    doc: str
    streams: bool = False
    to_client: bool = False


REQUESTS: dict[str, Request] = {
    "halley/models/list": Request(
        ModelsListParams, ModelsList, "The catalogue, from cache at once, refreshed behind."
    ),
    "halley/models/selection": Request(UriParams, Selection, "Which route each role has here, and why."),
    "halley/models/select": Request(SelectParams, Selection, "Chooses a route for a role."),
    "halley/providers/list": Request(
        Empty, ProvidersList, "The configured providers and the state of their keys."
    ),
    "halley/providers/verify": Request(
        VerifyParams, Verified, "Key, catalogue and first token, step by step."
    ),
    "halley/secrets/set": Request(SecretSetParams, Empty, "Stores a key, bound to the provider's origin."),
    "halley/secrets/remove": Request(ProviderParams, Empty, "Forgets a stored key."),
    "halley/secrets/get": Request(
        SecretGetParams, SecretGot, "The key the client keeps for exactly this origin.", to_client=True
    ),
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
    "halley/models/respond": Request(
        RespondParams, Responded, "A model's reply to somebody else's conversation.", streams=True
    ),
    "halley/models/count": Request(CountParams, Counted, "About how many tokens a text is worth."),
    "halley/edit": Request(EditParams, Outcome, "Edits a range as the instruction says.", streams=True),
    "halley/proposals/list": Request(Empty, ProposalsList, "Changes that wait for a yes."),
    "halley/proposals/accept": Request(ProposalParams, Applied, "Applies a proposal, or some hunks of it."),
    "halley/proposals/discard": Request(ProposalParams, Empty, "Drops a proposal, or some hunks of it."),
    "halley/usage": Request(UsageParams, UsageReport, "Tokens, cost and errors from the ledger."),
    "halley/doctor": Request(Empty, Empty, "Versions, paths, problems: redacted."),
    "halley/providers/save": Request(
        ProviderSaveParams, Empty, "Writes a provider into the user's configuration."
    ),
    "halley/providers/remove": Request(
        ProviderIdParams, Empty, "Takes a provider out of the user's configuration."
    ),
    "halley/macros/list": Request(UriParams, MacrosList, "The macros in force for a document."),
    "halley/macros/run": Request(MacroRunParams, Outcome, "Runs a macro or a pipeline.", streams=True),
    "halley/macros/export": Request(MacroExportParams, MacroFile, "Macros as one file."),
    "halley/macros/import": Request(
        MacroImportParams, MacrosImported, "Macros of such a file, into the user's configuration."
    ),
    "halley/macros/save": Request(MacroSaveParams, Empty, "Writes a macro into the user's configuration."),
    "halley/macros/remove": Request(MacroNameParams, Empty, "Takes a macro out of the user's configuration."),
    "halley/commit": Request(CommitParams, CommitMessage, "A commit message for what is staged."),
    "halley/context/preview": Request(
        ContextPreviewParams, ContextPreview, "What a model would get to see for a range, and why."
    ),
    "halley/retry/now": Request(RetryParams, RetryEnded, "Ends a back-off wait."),
}

NOTIFICATIONS: dict[str, tuple[type[Shape], str]] = {
    "halley/status": (StatusParams, "What the status bar shows."),
    "halley/operation": (OperationParams, "A wait, a retry or a failover under way."),
    "halley/changed": (ChangedParams, "Something a client may have cached has changed."),
}

S = TypeVar("S", bound=Shape)


def read_params(shape: type[S], params: Any) -> S:
    """Validated parameters. Raises InvalidParams (-32602) naming the field that is wrong."""
    try:
        return shape.model_validate({} if params is None else params)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "parameters"
        raise InvalidParams(place, first["msg"]) from None
