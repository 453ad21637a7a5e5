"""What a server of tools is, offers and answers: values without the SDK's types in them."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, Protocol

State = Literal["off", "starting", "ready", "failed"]


class ToolFailed(Exception):
    """A call that gave no result. The message is for the user and the model; it never holds a key."""


class SignInKeep(Protocol):
    """Keeps what one server's sign-in gave, for its origin alone."""

    async def load(self) -> str | None: ...

    async def save(self, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class SignInSpec:
    """How users sign in at a host. Without `client_id` Halley registers itself; a secret is for `issuer` alone."""

    keep: SignInKeep
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    issuer: str = ""
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """How a server is reached: a program (`command`) or an address (`url`). Keys are in `env` and `headers` already."""

    name: str
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    cwd: str | None = None
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Keys among those values, taken out of whatever the server says back."""
    start_timeout_s: float = 30.0
    call_timeout_s: float = 60.0
    may_ask: bool = False
    """It may ask the user to fill in forms while a tool runs."""
    may_sample: bool = False
    """It may ask for answers of a model, each approved."""
    sign_in: SignInSpec | None = field(default=None, repr=False, compare=False)
    """For a host without a key of its own."""
    inherited: Mapping[str, str] | None = field(default=None, repr=False, compare=False)
    """The environment whose harmless part a program gets; None for that of this process."""

    @property
    def transport(self) -> Literal["stdio", "http"]:
        return "stdio" if self.command else "http"

    @property
    def fingerprint(self) -> str:
        """Stands for what is run or reached. Keys may change without being another server; everything else may not."""
        plain = [self.command, sorted(self.env.items()), self.cwd, self.url, sorted(self.headers.items())]
        text = json.dumps(plain)
        for secret in self.secrets:
            text = text.replace(json.dumps(secret)[1:-1], "")
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class RemoteTool:
    """`read_only` is what the server says of it."""

    name: str
    title: str
    description: str
    schema: Mapping[str, Any]
    read_only: bool = False

    @cached_property  # asked for with every reply
    def fingerprint(self) -> str:
        """A digest of everything that the model and the user see of it."""
        told = [self.name, self.title, self.description, self.schema, self.read_only]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PromptArgument:
    name: str
    description: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class RemotePrompt:
    name: str
    title: str
    description: str
    arguments: tuple[PromptArgument, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteResource:
    uri: str
    name: str
    title: str
    description: str
    mime: str | None = None


@dataclass(frozen=True, slots=True)
class ServerOffer:
    """What a server offers now. `refused` says in words what of it is not taken."""

    tools: tuple[RemoteTool, ...] = ()
    prompts: tuple[RemotePrompt, ...] = ()
    resources: tuple[RemoteResource, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call gave. `failed`: the tool itself says that it did not work."""

    text: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class FormField:
    """One thing a server asks the user for. `least` and `most` bound a number, or the length of a text."""

    name: str
    title: str
    description: str
    required: bool
    kind: Literal["text", "number", "integer", "boolean", "choice"]
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None

    def read(self, text: str) -> str | int | float | bool:
        """What the user wrote or chose, as the server wants it. Raises ValueError, saying what would do."""
        if self.kind == "choice":
            if text not in self.choices:
                raise ValueError(f"one of {', '.join(self.choices)}")
            return text
        if self.kind == "boolean":
            return text == "Yes"
        value: str | int | float = text if self.kind == "text" else _number(text, self.kind == "integer")
        size = len(value) if isinstance(value, str) else value
        if (self.least is not None and size < self.least) or (self.most is not None and size > self.most):
            what = "characters" if self.kind == "text" else "as its value"
            raise ValueError(
                f"{'' if self.least is None else f'{self.least:g}'} to "
                f"{'' if self.most is None else f'{self.most:g}'} {what}"
            )
        return value


def _number(text: str, whole: bool) -> int | float:
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        raise ValueError("a whole number" if whole else "a number") from None
    if not math.isfinite(value):
        raise ValueError("a number")
    return value


@dataclass(frozen=True, slots=True)
class Form:
    message: str
    fields: tuple[FormField, ...]


@dataclass(frozen=True, slots=True)
class AskedReply:
    """What a server wants a model asked. `messages` are (role, text)."""

    system: str
    messages: tuple[tuple[str, str], ...]
    max_tokens: int
    temperature: float | None = None


class CallHelp(Protocol):
    """The maker of a call, for what its server asks meanwhile."""

    async def fill(self, form: Form) -> Mapping[str, Any] | Literal["decline", "cancel"]:
        """The user's answers by field; `decline` for a no, `cancel` where there was no answer."""
        ...

    async def sample(self, asked: AskedReply) -> tuple[str, str, str]:
        """(model, text, why it stopped). Raises ToolFailed where the user or a limit refuses."""
        ...


def what_changed(before: ServerOffer, after: ServerOffer) -> str:
    """A sentence about tools that are new, gone or different; empty when none is."""
    old, new = ({tool.name: tool.fingerprint for tool in offer.tools} for offer in (before, after))
    parts = [
        f"{', '.join(sorted(names)[:5])}{' and more' if len(names) > 5 else ''} {verb}"
        for names, verb in (
            ({name for name in new if old.get(name, new[name]) != new[name]}, "changed"),
            (new.keys() - old.keys(), "came"),
            (old.keys() - new.keys(), "went"),
        )
        if names
    ]
    return f"Its tools have changed: {'; '.join(parts)}." if parts else ""
