"""Every setting, defined once. JSON Schema, the editors' manifests and the reference pages come from here.

A `Settings` is the merged, validated result for one window; the layers it is merged from, and the files they
come from, are `stores/config/store.py`'s. All models are frozen and refuse unknown keys. A field's description is
what a person reads in their editor; `json_schema_extra["scope"]` says who may set it:

    machine     endpoints, keys, programs: the user's own `config.toml`, which no repository can write
    personal    also the editor's settings
    workspace   also `.halley.toml`; with `"prompt": True` only once the file is trusted, since prompts steer models
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

ModelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+/\S+$")]
"""`provider/name`."""
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
    """Something wrong in the configuration, and where. It never quotes a value, which might be a key."""

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
    """The values or names that would be right, where they can be listed."""

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
    """One endpoint. A preset of the same name fills what is left out."""

    preset: str | None = machine(
        "The preset to start from; by default the one with the provider's own name.", default=None
    )
    kind: Literal["openai", "openai-responses", "anthropic"] | None = machine(
        "The protocol it speaks.", default=None
    )
    label: str | None = machine("The name people see.", default=None)
    base_url: str | None = machine(
        "Address of the API. `/v1` is added unless the path has a version; a trailing `#` means exactly this.",
        default=None,
    )
    key: KeySource | tuple[KeySource, ...] | None = machine(
        "Where the key comes from; several are used in rotation.", default=None
    )
    headers: dict[str, str] = machine("Headers sent with every request.", default_factory=dict)
    proxy: str | None = machine(
        "Proxy address; by default the environment's. Empty: none, whatever the environment says.",
        default=None,
    )
    ca_bundle: str | None = machine("Certificates to trust beside the system's.", default=None)
    client_cert: str | None = machine("Client certificate (PEM with its key).", default=None)
    concurrency: int = machine("Requests at once.", default=64, ge=1, le=10_000)
    connect_timeout_s: float = machine("Seconds to connect.", default=10.0, gt=0)
    first_byte_timeout_s: float = machine("Seconds until the first byte of an answer.", default=60.0, gt=0)
    stall_timeout_s: float = machine(
        "Seconds of silence in mid-stream before it counts as broken.", default=60.0, gt=0
    )
    result_origins: tuple[str, ...] = machine(
        "Other origins that pictures and videos may be fetched from, where they lie in a private network.",
        default=(),
    )
    enabled: bool = machine("Off hides the provider and its models.", default=True)

    @field_validator("base_url", "proxy")
    @classmethod
    def _is_address(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and (value or info.field_name != "proxy"):
            _check_address(value, _SCHEMES[info.field_name or "base_url"])
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


_SCHEMES = {"base_url": ("https", "http"), "proxy": ("http", "https", "socks5", "socks5h", "socks4")}
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def _check_address(text: str, schemes: tuple[str, ...]) -> None:
    """Raises ValueError unless it is an address with a host that has one reading only."""
    if not text.isprintable() or any(c.isspace() or c == "\\" for c in text):
        raise ValueError("an address holds no spaces, backslashes or invisible characters")
    parts = urlsplit(text)
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f"an address begins with {schemes[0]}:// or {schemes[1]}:// and names a host")
    if "@" in parts.netloc and schemes[0] == "https":
        raise ValueError("an address holds no user name or password: use `key` or `headers`")
    _ = parts.port  # raises ValueError when it is no port


class RoleSettings(Section):
    """The ordered models of each role; the first is asked, the rest are fallbacks."""

    chat: tuple[ModelName, ...] = shared("Chat and explanations.", default=())
    edit: tuple[ModelName, ...] = shared("Actions that edit; empty means as chat.", default=())
    complete: tuple[ModelName, ...] = shared("Inline completion; empty means as fast.", default=())
    fast: tuple[ModelName, ...] = shared(
        "Titles, summaries and other small work; empty means as chat.", default=()
    )
    embed: tuple[ModelName, ...] = shared("Embeddings for workspace search.", default=())
    image: tuple[ModelName, ...] = shared("Pictures.", default=())
    speech: tuple[ModelName, ...] = shared("Text read aloud.", default=())
    transcribe: tuple[ModelName, ...] = shared("Sound written down.", default=())
    video: tuple[ModelName, ...] = shared("Videos.", default=())

    @field_validator("*", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class CompletionSettings(Section):
    enabled: bool = shared("Inline completion while typing.", default=True)
    debounce_ms: int = shared("Pause in typing before a model is asked.", default=150, ge=0, le=5000)
    max_tokens: int = shared("Longest completion, in tokens.", default=128, ge=1, le=4096)
    disabled_languages: tuple[str, ...] = shared("Language ids without automatic completion.", default=())
    list: bool = shared(
        "Offer completions in the ordinary list too, for editors without ghost text.", default=False
    )
    timeout_ms: int = shared("How long an automatic completion may take.", default=5000, ge=100, le=60_000)


class EditSettings(Section):
    apply: Literal["direct", "preview"] = personal(
        "Apply at once, or as a proposal to accept.", default="direct"
    )


class FormatSettings(Section):
    enabled: bool = shared("Answer the editor's own format command.", default=False)
    rules: str = shared("How code should look, in words.", prompt=True, default="")


class ContextSettings(Section):
    exclude: tuple[str, ...] = shared("Files never sent to a model (gitignore patterns).", default=())
    max_tokens: int = personal("Tokens of context in a prompt.", default=12_000, ge=500, le=1_000_000)


class SearchSettings(Section):
    """The index of the workspace."""

    enabled: bool = personal("Keep an index of the workspace, for search and for context.", default=True)
    max_files: int = personal(
        "Files in the index of a workspace; the rest is left out, and the index says so.",
        default=20_000,
        ge=1,
        le=50_000,
    )
    context: bool = personal(
        "Actions draw on the index for context, within `context.max_tokens`.", default=True
    )


class ChatSettings(Section):
    """Conversations."""

    instructions: str = personal("Standing instructions for chats.", default="")


class BudgetSettings(Section):
    daily_usd: float | None = shared("Spend per day in US dollars.", default=None, ge=0)
    monthly_usd: float | None = shared("Spend per month in US dollars.", default=None, ge=0)
    when_spent: Literal["warn", "ask", "stop"] = shared("What happens when it is spent.", default="ask")


class MacroInput(Section):
    description: str = Field("", description="What to ask the person for.")
    type: Literal["string", "number", "boolean", "choice"] = Field("string", description="Kind of value.")
    choices: tuple[str, ...] = Field((), description="The values of a choice.")
    default: str | float | bool | None = Field(None, description="Used when nothing is entered.")

    @model_validator(mode="after")
    def _has_choices(self) -> MacroInput:
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("`choices` go with the type choice, and it needs them")
        return self


class MacroStep(Section):
    prompt: str | None = Field(None, description="The prompt, with {{variables}}.")
    kind: Literal["text", "image", "speech", "transcription", "video", "commit"] = Field(
        "text", description="What the step makes. `speech` reads its prompt aloud."
    )
    role: Literal["chat", "edit", "fast", "image", "speech", "transcribe", "video"] | None = Field(
        None, description="Whose models answer."
    )
    model: ModelName | None = Field(None, description="One model, instead of a role's.")
    as_: MacroName | None = Field(None, alias="as", description="Name of the result for later steps.")
    when: str | None = Field(None, description="Skip the step unless this is not empty after substitution.")
    source: str | None = Field(
        None,
        description="A recording to write down, a picture to change or to begin a video with: a path in the workspace.",
    )
    for_each: str | None = Field(None, description="Run once for each file of this glob; {{file}} holds it.")

    @model_validator(mode="after")
    def _says_something(self) -> MacroStep:
        if not self.prompt and self.kind not in ("commit", "transcription"):
            raise ValueError("a step has a prompt, unless it is a commit message or a transcription")
        if self.kind == "transcription" and not self.source:
            raise ValueError("a transcription has a `source`: the recording to write down")
        return self


class MacroSettings(Section):
    description: str = Field("", description="One line for menus.")
    prompt: str | None = Field(None, description="The prompt, with {{variables}}.")
    role: Literal["chat", "edit", "fast", "image"] = Field("chat", description="Whose models answer.")
    model: ModelName | None = Field(None, description="One model, instead of a role's.")
    inputs: dict[MacroName, MacroInput] = Field(
        default_factory=dict, description="Values asked for before a run."
    )
    steps: tuple[MacroStep, ...] = Field((), description="The steps of a pipeline.")
    output: Literal["answer", "replace", "insert"] = Field("answer", description="Where the result goes.")

    @model_validator(mode="after")
    def _prompt_or_steps(self) -> MacroSettings:
        if bool(self.prompt) == bool(self.steps):
            raise ValueError("a macro has either a prompt or steps")
        return self


class ToolServerSettings(Section):
    """A server of tools (https://modelcontextprotocol.io): a program that is started, or an address."""

    command: str | None = machine("The program to start; it talks on stdin and stdout.", default=None)
    args: tuple[str, ...] = machine("Its arguments.", default=())
    env: dict[str, str] = machine(
        "Its environment, beside PATH, HOME and the like; it gets nothing else of yours.",
        default_factory=dict,
    )
    cwd: str | None = machine("The folder it runs in; by default your home folder.", default=None)
    url: str | None = machine("The address of a server that is reached over HTTP.", default=None)
    headers: dict[str, str] = machine("Headers sent with every request to `url`.", default_factory=dict)
    keys: dict[str, KeySource] = machine(
        "Where secrets come from: by variable for a `command`, by header for a `url` "
        '(`Authorization` is sent as "Bearer …"). Each is env, file or command.',
        default_factory=dict,
    )
    trusted: bool = machine(
        "Believe what it says of its tools: those it calls read-only then run without asking.", default=False
    )
    enabled: bool = machine("Off until it is switched on somewhere.", default=True)
    start_timeout_s: float = machine("Seconds it may take to start.", default=30.0, gt=0, le=600)
    call_timeout_s: float = machine("Seconds one call may take.", default=60.0, gt=0, le=3600)

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
    """Tools that models may ask for in a chat."""

    enabled: bool = personal("Offer tools at all.", default=True)
    builtin: bool = personal(
        "The built-in tools: read and list files, search, diagnostics. They show what models may see anyway.",
        default=True,
    )
    max_calls: int = personal(
        "Calls in one reply; after that the model answers with what it has.", default=25, ge=1, le=500
    )
    max_seconds: int = personal(
        "Seconds one reply may go on from its first call, without the time you take to answer.",
        default=300,
        ge=1,
        le=86_400,
    )
    max_usd: float | None = personal(
        "US dollars the model may cost in one reply with calls, as far as prices are known.",
        default=1.0,
        ge=0,
    )
    max_result_tokens: int = personal("Longest result shown to a model.", default=6_000, ge=100, le=200_000)
    servers: dict[ToolServerName, ToolServerSettings] = machine(
        "Servers of tools, by name. Only from your own config.toml.", default_factory=dict
    )

    @field_validator("servers")
    @classmethod
    def _leaves_our_name(cls, value: dict[str, ToolServerSettings]) -> dict[str, ToolServerSettings]:
        if "halley" in value:
            raise ValueError("`halley` is the name of the built-in tools: choose another")
        return value


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = personal(
        "What is logged. Never prompts, replies or keys.", default="info"
    )


class Settings(Section):
    """All of it, merged for one window."""

    providers: dict[ProviderId, ProviderSettings] = machine("Endpoints and their keys.", default_factory=dict)
    roles: RoleSettings = shared("Which models do what.", default_factory=RoleSettings)
    completion: CompletionSettings = shared("Completion while typing.", default_factory=CompletionSettings)
    edits: EditSettings = personal("How edits arrive.", default_factory=EditSettings)
    format: FormatSettings = shared("Formatting by a model.", default_factory=FormatSettings)
    context: ContextSettings = shared("What models get to see.", default_factory=ContextSettings)
    search: SearchSettings = personal("The index of the workspace.", default_factory=SearchSettings)
    chat: ChatSettings = personal("Conversations.", default_factory=ChatSettings)
    budget: BudgetSettings = shared("Spending limits.", default_factory=BudgetSettings)
    macros: dict[MacroName, MacroSettings] = shared(
        "Saved prompts and pipelines.", prompt=True, default_factory=dict
    )
    tools: ToolSettings = personal("Tools in chats.", default_factory=ToolSettings)
    log: LogSettings = personal("The log.", default_factory=LogSettings)
