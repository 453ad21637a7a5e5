"""Every setting, defined once. JSON Schemas, the editors' manifests and the reference page are generated from here.

A `Settings` is the merged, validated result for one window. `stores/config/store.py` owns the layers it is merged
from, and their files. All models are frozen and reject unknown keys. A field's description is shown to users in
their editor; `json_schema_extra["scope"]` says who may set it:

    machine     endpoints, keys, programs: the user's own `config.toml`, which no repository can write
    personal    also the editor's settings
    workspace   also `.halley.toml`; with `"prompt": True` only once the file is trusted, because prompts steer models
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from halley.core.models import Effort

ModelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+/\S+$")]
"""`provider/name`."""
WireKind = Literal["openai", "openai-responses", "anthropic"]
"""The protocols Halley speaks to models' hosts; `providers/wires/table.py` has a row for each."""
ProviderId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+$")]
ToolServerName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
MacroName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+$")]


def machine(description: str, **kwargs: Any) -> Any:
    """A field only the user's own configuration may set."""
    return Field(description=description, json_schema_extra={"scope": "machine"}, **kwargs)


def personal(description: str, **kwargs: Any) -> Any:
    """A field that the user's configuration and the editor's settings may set."""
    return Field(description=description, json_schema_extra={"scope": "personal"}, **kwargs)


def shared(description: str, *, prompt: bool = False, **kwargs: Any) -> Any:
    """A field that a workspace file may set too; a `prompt` only once that file is trusted."""
    extra: dict[str, Any] = {"scope": "workspace"} | ({"prompt": True} if prompt else {})
    return Field(description=description, json_schema_extra=extra, **kwargs)


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """A problem in the configuration, and its position. It never quotes a value, which might be a key."""

    path: Path | None
    """The file; None for the editor's settings."""
    line: int
    """From 0, as are the columns, which count code points."""
    start: int
    end: int
    message: str
    setting: str = ""
    """Dotted name, e.g. `completion.debounce_ms`; empty for the whole file."""
    severity: Literal["error", "warning", "information"] = "error"
    allowed: tuple[str, ...] = ()
    """The valid values or names, where they can be listed."""

    def __str__(self) -> str:
        where = f"{self.path}:{self.line + 1}:{self.start + 1}" if self.path else "editor settings"
        return f"{where}: {self.message}"


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class KeySource(Section):
    """Where a provider's key comes from: exactly one of the five."""

    env: str | None = Field(None, description="Name of an environment variable.")
    keyring: bool = Field(False, description="The system keyring (stored by `halley key set`).")
    command: tuple[str, ...] | None = Field(
        None, description="A program and its arguments that print the key."
    )
    file: str | None = Field(None, description="A file that holds nothing but the key.")
    client: bool = Field(False, description="The editor's own secret store.")

    @model_validator(mode="after")
    def _exactly_one(self) -> KeySource:
        named = [self.env is not None, self.keyring, bool(self.command), self.file is not None, self.client]
        if sum(named) != 1:
            raise ValueError("name exactly one of env, keyring, command, file, client")
        return self


class ProviderSettings(Section):
    """One endpoint. A preset of the same name supplies the fields you leave out."""

    preset: str | None = machine(
        "The preset to start from. Defaults to the one with the provider's name.", default=None
    )
    kind: WireKind | None = machine("The protocol it speaks.", default=None)
    label: str | None = machine("The display name.", default=None)
    base_url: str | None = machine(
        "Base URL or endpoint of the API. `/v1` is added unless the path has a version; a trailing `#` prevents it.",
        default=None,
    )
    key: KeySource | tuple[KeySource, ...] | None = machine(
        "Where the key comes from; several are used in rotation.", default=None
    )
    headers: dict[str, str] = machine("Headers sent with every request.", default_factory=dict)
    proxy: str | None = machine(
        "Proxy URL: http, https, socks5, socks5h. Defaults to the environment's. An empty value means no proxy.",
        default=None,
    )
    ca_bundle: str | None = machine("Certificates to trust in addition to the system's.", default=None)
    client_cert: str | None = machine("Client certificate (PEM with its key).", default=None)
    concurrency: int = machine("Maximum concurrent requests.", default=64, ge=1, le=10_000)
    connect_timeout_s: float = machine("Timeout for connecting, in seconds.", default=10.0, gt=0)
    first_byte_timeout_s: float = machine(
        "Timeout for the first byte of a response, in seconds.", default=60.0, gt=0
    )
    stall_timeout_s: float = machine(
        "Seconds of silence after which a stream counts as broken.", default=60.0, gt=0
    )
    result_origins: tuple[str, ...] = machine(
        "Other origins in a private network from which pictures and videos may be fetched.",
        default=(),
    )
    enabled: bool = machine("`false` hides the provider and its models.", default=True)

    @field_validator("base_url", "proxy")
    @classmethod
    def _is_address(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and (value or info.field_name != "proxy"):
            _check_address(_with_scheme(value), _SCHEMES[info.field_name or "base_url"])
        return value

    @field_validator("result_origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            _check_address(origin, _SCHEMES["base_url"])
        return value

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if not _HEADER_NAME.fullmatch(name) or not text.isprintable():
                raise ValueError("a header has a name of letters, digits and dashes, and a value on one line")
        return value


_SCHEMES = {
    "base_url": ("https", "http"),
    "proxy": ("http", "https", "socks5", "socks5h", "socks4", "socks4a"),
}
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def _with_scheme(text: str) -> str:
    """`[::1]:8080` and `api.example.com` as the addresses they are used as: see `providers/urls.py` and
    `providers/http/proxies.py`.
    """
    host = text.partition("/")[0]
    is_host = "." in host or re.search(r":\d+$", host) or host in ("localhost", "[::1]")
    return f"http://{text}" if "://" not in text and is_host else text


def _check_address(text: str, schemes: tuple[str, ...]) -> None:
    """Raises ValueError unless it is an address with a host that has one reading only."""
    if not text.isprintable() or any(c.isspace() or c == "\\" for c in text):
        raise ValueError("an address contains no spaces, backslashes or invisible characters")
    parts = urlsplit(text)
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f"an address begins with {schemes[0]}:// or {schemes[1]}:// and names a host")
    if "@" in parts.netloc and schemes[0] == "https":
        raise ValueError("an address contains no user name or password: use `key` or `headers`")
    _ = parts.port  # raises ValueError when it is no port


class RoleSettings(Section):
    """The models of each role, in order: the first is asked, the rest are fallbacks."""

    chat: tuple[ModelName, ...] = shared("Models for chat and explanations.", default=())
    edit: tuple[ModelName, ...] = shared("Models for editing actions. Defaults to `chat`.", default=())
    complete: tuple[ModelName, ...] = shared(
        "Models for inline completion. Defaults to `fast`, else to the default of `chat`'s provider.",
        default=(),
    )
    fast: tuple[ModelName, ...] = shared(
        "Models for titles, summaries and other small tasks. Defaults to the default of `chat`'s provider.",
        default=(),
    )
    next: tuple[ModelName, ...] = personal(
        "Models that predict your next edit. None by default: nothing is asked until you choose one.",
        default=(),
    )
    embed: tuple[ModelName, ...] = shared("Embedding models for workspace search.", default=())
    image: tuple[ModelName, ...] = shared("Models for creating and editing pictures.", default=())
    speech: tuple[ModelName, ...] = shared("Models for text to speech.", default=())
    transcribe: tuple[ModelName, ...] = shared("Models for transcribing recordings.", default=())
    video: tuple[ModelName, ...] = shared("Models for videos.", default=())

    @field_validator("*", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class ReasoningSettings(Section):
    """How much models think before they answer, by role. A pick such as `openai/gpt-5:high` goes before it."""

    chat: Effort | None = shared("Reasoning effort in chats and explanations.", default=None)
    edit: Effort | None = shared("Reasoning effort of editing actions.", default=None)
    complete: Effort | None = shared("Reasoning effort of inline completion.", default=None)
    fast: Effort | None = shared("Reasoning effort of titles, summaries and other small tasks.", default=None)


class CompletionSettings(Section):
    enabled: bool = shared("Suggest completions while you type.", default=True)
    debounce_ms: int = shared(
        "Pause in typing before a model is asked, in milliseconds.", default=150, ge=0, le=5000
    )
    max_tokens: int = shared("Maximum length of a completion, in tokens.", default=128, ge=1, le=4096)
    disabled_languages: tuple[str, ...] = shared("Language IDs without automatic completion.", default=())
    list: bool = shared(
        "Offer completions in the ordinary list too, for editors without ghost text.", default=False
    )
    timeout_ms: int = shared(
        "Timeout for an automatic completion, in milliseconds.", default=5000, ge=100, le=60_000
    )


class NextEditSettings(Section):
    """The next edit: what you would change now, after what you just changed. Needs a model in `roles.next`."""

    when: Literal["idle", "save", "invoked"] = personal(
        "When a model is asked: in a pause after a change, when a file is saved, or only when you ask.",
        default="idle",
    )
    debounce_ms: int = personal(
        "Pause after a change before a model is asked, in milliseconds.", default=400, ge=0, le=10_000
    )
    disabled_languages: tuple[str, ...] = personal("Language IDs without next edits.", default=())
    timeout_ms: int = personal(
        "Timeout for a next edit that you did not ask for, in milliseconds.",
        default=10_000,
        ge=100,
        le=60_000,
    )
    daily_usd: float | None = personal(
        "Daily spending limit for next edits, in US dollars, in addition to `budget`.", default=None, ge=0
    )
    acp: bool = machine(
        "Offer next edits through `halley acp` too. The protocol's methods for them are a draft and may change.",
        default=False,
    )


class EditSettings(Section):
    apply: Literal["direct", "preview"] = personal(
        "`direct` applies changes immediately; `preview` shows a proposal to accept.", default="direct"
    )


class FormatSettings(Section):
    enabled: bool = shared("Offer formatting by a model to the editor's own format command.", default=False)
    rules: str = shared("Formatting rules in your own words.", prompt=True, default="")


class ContextSettings(Section):
    exclude: tuple[str, ...] = shared(
        "Files that are never sent to a model (gitignore patterns).", default=()
    )
    max_tokens: int = personal(
        "Maximum context in a prompt, in tokens.", default=12_000, ge=500, le=1_000_000
    )


class SearchSettings(Section):
    """The index of the workspace."""

    enabled: bool = personal("Keep an index of the workspace, for search and for context.", default=True)
    max_files: int = personal(
        "Maximum number of files in a workspace's index. The rest are skipped, and the index status says so.",
        default=20_000,
        ge=1,
        le=50_000,
    )
    context: bool = personal(
        "Actions take context from the index, within `context.max_tokens`.", default=True
    )


class ChatSettings(Section):
    """Conversations."""

    instructions: str = personal("Standing instructions for chats.", default="")


class BudgetSettings(Section):
    daily_usd: float | None = shared("Daily spending limit in US dollars.", default=None, ge=0)
    monthly_usd: float | None = shared("Monthly spending limit in US dollars.", default=None, ge=0)
    when_spent: Literal["warn", "ask", "stop"] = shared(
        "What happens when a limit is reached.", default="ask"
    )
    stop_repetition: bool = personal(
        "Stops a reply that repeats the same passage over and over, to its last token if nothing stopped it.",
        default=True,
    )


class TeamSettings(Section):
    url: str | None = machine(
        "The team's database: postgresql://NAME@HOST/DATABASE, without a password. `halley team join` sets it.",
        default=None,
    )
    key: KeySource | None = machine(
        "Where the database's password comes from. Defaults to the one `halley team join` stored.",
        default=None,
    )
    offline: Literal["allow", "warn", "stop"] = machine(
        "What happens to calls that a team's budget counts for while the database cannot be reached.",
        default="warn",
    )
    allowed_tools: tuple[str, ...] | None = machine(
        "Tools that may be offered at most, as patterns such as `github/get_*`; `!` before one forbids. A team's "
        "policy takes the place of what you set here.",
        default=None,
    )
    offline_grace_usd: float = machine(
        "With `offline` = stop: US dollars that may still be spent before calls stop.", default=1.0, ge=0
    )
    share_index: bool = machine(
        "Take the vectors of search by meaning from the team before paying for them, and share your own. Vectors go by "
        "a hash; no text leaves by this.",
        default=False,
    )
    share_chats: bool = machine(
        "Allow `/share` and `halley team chats share`, which store a chat that you name for the team, text and all.",
        default=False,
    )


class MacroInput(Section):
    description: str = Field("", description="The prompt shown when asking for the value.")
    type: Literal["string", "number", "boolean", "choice"] = Field("string", description="Kind of value.")
    choices: tuple[str, ...] = Field((), description="The values of a choice.")
    default: str | float | bool | None = Field(None, description="Used if you enter nothing.")

    @model_validator(mode="after")
    def _has_choices(self) -> MacroInput:
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("`choices` go with the type choice, and it needs them")
        return self


class MacroStep(Section):
    prompt: str | None = Field(None, description="The prompt, with {{variables}}.")
    kind: Literal["text", "image", "speech", "transcription", "video", "commit"] = Field(
        "text", description="The kind of result. `speech` reads its prompt aloud."
    )
    role: Literal["chat", "edit", "fast", "image", "speech", "transcribe", "video"] | None = Field(
        None, description="The role whose models answer."
    )
    model: ModelName | None = Field(None, description="A specific model, instead of a role's.")
    as_: MacroName | None = Field(None, alias="as", description="The result's name, for use in later steps.")
    when: str | None = Field(None, description="Skip the step if this is empty after substitution.")
    source: str | None = Field(
        None,
        description="A workspace path: the recording to transcribe, the picture to edit, or a video's first frame.",
    )
    for_each: str | None = Field(
        None, description="Run once for each file that matches this glob; {{file}} is its path."
    )

    @model_validator(mode="after")
    def _says_something(self) -> MacroStep:
        if not self.prompt and self.kind not in ("commit", "transcription"):
            raise ValueError("a step needs a prompt, unless it is a commit message or a transcription")
        if self.kind == "transcription" and not self.source:
            raise ValueError("a transcription needs a `source`: the recording to transcribe")
        return self


class MacroSettings(Section):
    description: str = Field("", description="One line, shown in menus.")
    prompt: str | None = Field(None, description="The prompt, with {{variables}}.")
    role: Literal["chat", "edit", "fast", "image"] = Field(
        "chat", description="The role whose models answer."
    )
    model: ModelName | None = Field(None, description="A specific model, instead of a role's.")
    inputs: dict[MacroName, MacroInput] = Field(
        default_factory=dict, description="Values to ask for before a run."
    )
    steps: tuple[MacroStep, ...] = Field((), description="The steps of a pipeline.")
    output: Literal["answer", "replace", "insert"] = Field("answer", description="Where the result goes.")

    @model_validator(mode="after")
    def _prompt_or_steps(self) -> MacroSettings:
        if bool(self.prompt) == bool(self.steps):
            raise ValueError("a macro has either a prompt or steps")
        return self


class SignInSettings(Section):
    """Signing in at a tool server by OAuth. Without any of it Halley registers itself where the server lets it."""

    client_id: str | None = machine("A client ID that you registered at the server.", default=None)
    client_secret: KeySource | None = machine(
        "Where the client's secret comes from: env, file or command. It needs `issuer`.", default=None
    )
    issuer: str | None = machine("The authorization server, if no other may be used.", default=None)
    scopes: tuple[str, ...] = machine("The rights to ask for, instead of those the server names.", default=())

    @field_validator("issuer")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is not None:
            _check_address(value, ("https", "http"))
        return value

    @model_validator(mode="after")
    def _has_a_place_for_its_secret(self) -> SignInSettings:
        if self.client_secret is not None and not (self.client_id and self.issuer):
            raise ValueError("a client_secret needs a client_id, and the issuer it may be sent to")
        if self.client_secret is not None and (self.client_secret.keyring or self.client_secret.client):
            raise ValueError("a client_secret comes from env, file or command")
        return self


class ToolServerSettings(Section):
    """An MCP server (https://modelcontextprotocol.io): a program to start, or a URL."""

    command: str | None = machine("The program to start. It speaks MCP on stdin and stdout.", default=None)
    args: tuple[str, ...] = machine("Its arguments.", default=())
    env: dict[str, str] = machine(
        "Environment variables, in addition to PATH, HOME and the like. It gets no other variables of yours.",
        default_factory=dict,
    )
    cwd: str | None = machine("Its working directory. Defaults to your home folder.", default=None)
    url: str | None = machine("The URL of a server that speaks streamable HTTP.", default=None)
    headers: dict[str, str] = machine("Headers sent with every request to `url`.", default_factory=dict)
    keys: dict[str, KeySource] = machine(
        "Where secrets come from: by variable for a `command`, by header for a `url` "
        '(`Authorization` is sent as "Bearer …"). Each source is env, file or command.',
        default_factory=dict,
    )
    sign_in: SignInSettings = machine(
        "How you sign in at a `url` that asks for it (OAuth).", default_factory=SignInSettings
    )
    trusted: bool = machine(
        "Trust the server's read-only annotations: tools it marks read-only run without asking.",
        default=False,
    )
    elicitation: bool = machine(
        "Let the server ask you to fill in a form while one of its tools runs.", default=False
    )
    sampling: bool = machine(
        "Let the server ask the chat's model while one of its tools runs. You approve each prompt, and it costs what "
        "the model costs.",
        default=False,
    )
    enabled: bool = machine("On by default; `false` keeps it off until you switch it on.", default=True)
    start_timeout_s: float = machine("Timeout for starting, in seconds.", default=30.0, gt=0, le=600)
    call_timeout_s: float = machine("Timeout for one call, in seconds.", default=60.0, gt=0, le=3600)

    @field_validator("url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is not None:
            _check_address(value, ("https", "http"))
        return value

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> ToolServerSettings:
        if (self.command is None) == (self.url is None):
            raise ValueError("a server has either a command or a url")
        if any(source.keyring or source.client for source in self.keys.values()):
            raise ValueError("the keys of a server come from env, file or command")
        return self


class ToolSettings(Section):
    """Tools that models may call in a chat."""

    enabled: bool = personal("Offer tools to models.", default=True)
    builtin: bool = personal(
        "Offer the built-in tools: read and list files, search, diagnostics. They show only what models may see.",
        default=True,
    )
    max_calls: int = personal(
        "Maximum calls in one reply; then the model answers with what it has.", default=25, ge=1, le=500
    )
    max_seconds: int = personal(
        "Maximum duration of a reply from its first call, in seconds. Time you take to approve does not count.",
        default=300,
        ge=1,
        le=86_400,
    )
    max_usd: float | None = personal(
        "Maximum cost of one reply with calls, in US dollars, as far as prices are known.",
        default=1.0,
        ge=0,
    )
    max_result_tokens: int = personal(
        "Maximum length of a tool result, in tokens.", default=6_000, ge=100, le=200_000
    )
    servers: dict[ToolServerName, ToolServerSettings] = machine(
        "MCP servers by name. Only your own config.toml can set them.", default_factory=dict
    )

    @field_validator("servers")
    @classmethod
    def _leaves_our_name(cls, value: dict[str, ToolServerSettings]) -> dict[str, ToolServerSettings]:
        if "halley" in value:
            raise ValueError("`halley` is the name of the built-in tools: choose another")
        return value


class DaemonSettings(Section):
    """The daemon that editors share (`halley serve --shared`)."""

    idle_minutes: float = machine(
        "How long the shared daemon stays after its last editor has left.", default=10.0, ge=0, le=10_080
    )


class CommandRules(Section):
    """Which commands of an agent run without asking, and which never run.

    A rule is a program and its first arguments, as in `git status`. `*` in a word stands for any characters, a last
    word `*` for any further arguments. `deny` wins over `ask`, `ask` over `allow`.
    """

    allow: tuple[str, ...] = machine(
        "Commands that run without asking: exactly these arguments, unless the rule ends in ` *`.", default=()
    )
    ask: tuple[str, ...] = machine("Commands that always ask, whatever was approved before.", default=())
    deny: tuple[str, ...] = machine(
        "Commands that are never run, with any further arguments and however they are wrapped.", default=()
    )


class AgentSettings(Section):
    """An agent: chats whose model may edit files and run commands. No file of a repository can set any of it."""

    mode: Literal["ask", "edit", "agent", "plan"] = machine(
        "The mode of new chats, until one is chosen in the workspace: `ask` reads only, `edit` changes files, `agent` "
        "runs commands too, `plan` agrees on a plan first.",
        default="ask",
    )
    approve_edits: bool = machine(
        "Ask before each edit of a file. `false` lets edits of ordinary files happen; protected files always ask.",
        default=True,
    )
    commands: CommandRules = machine(
        "Which commands run without asking, and which never.", default_factory=CommandRules
    )
    sandbox: Literal["auto", "required", "off"] = machine(
        "Run commands without network, writing only in the workspace: `auto` where the system can (bubblewrap on "
        "Linux), `required` refuses to run them elsewhere.",
        default="auto",
    )
    network: bool = machine("Give sandboxed commands the network.", default=False)
    max_calls: int = machine("Maximum tool calls in one reply of an agent.", default=200, ge=1, le=2000)
    max_seconds: int = machine(
        "Maximum duration of an agent's reply, in seconds. Time you take to approve does not count.",
        default=3600,
        ge=1,
        le=86_400,
    )
    max_usd: float | None = machine(
        "Maximum cost of one reply of an agent, in US dollars, as far as prices are known.", default=5.0, ge=0
    )
    command_timeout_s: int = machine(
        "Maximum duration of one command, in seconds.", default=600, ge=1, le=86_400
    )


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = personal(
        "What is logged. Prompts, replies and keys never are.", default="info"
    )


class Settings(Section):
    """All settings, merged for one window."""

    providers: dict[ProviderId, ProviderSettings] = machine("Endpoints and keys.", default_factory=dict)
    roles: RoleSettings = shared("The models of each role.", default_factory=RoleSettings)
    reasoning: ReasoningSettings = shared(
        "How much models think, where they take an effort.", default_factory=ReasoningSettings
    )
    completion: CompletionSettings = shared("Inline completion.", default_factory=CompletionSettings)
    next_edit: NextEditSettings = personal("Next edits.", default_factory=NextEditSettings)
    edits: EditSettings = personal("How edits are applied.", default_factory=EditSettings)
    format: FormatSettings = shared("Formatting by a model.", default_factory=FormatSettings)
    context: ContextSettings = shared("What models see.", default_factory=ContextSettings)
    search: SearchSettings = personal("The index of the workspace.", default_factory=SearchSettings)
    chat: ChatSettings = personal("Conversations.", default_factory=ChatSettings)
    budget: BudgetSettings = shared("Spending limits.", default_factory=BudgetSettings)
    macros: dict[MacroName, MacroSettings] = shared(
        "Saved prompts and pipelines.", prompt=True, default_factory=dict
    )
    tools: ToolSettings = personal("Tools in chats.", default_factory=ToolSettings)
    daemon: DaemonSettings = machine("The shared daemon.", default_factory=DaemonSettings)
    agent: AgentSettings = machine(
        "Chats whose model may edit files and run commands.", default_factory=AgentSettings
    )
    log: LogSettings = personal("The log.", default_factory=LogSettings)
    team: TeamSettings = machine("A team's shared database.", default_factory=TeamSettings)
