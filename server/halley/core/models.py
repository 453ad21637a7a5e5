"""Models, roles, usage and cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

from halley.core.errors import NotConfigured

Role = Literal["chat", "edit", "complete", "fast", "next", "embed", "image", "speech", "transcribe", "video"]
ROLES: tuple[Role, ...] = get_args(Role)


Effort = Literal["minimal", "low", "medium", "high"]
"""How much a model should think before it answers."""
EFFORTS: tuple[Effort, ...] = get_args(Effort)


@dataclass(frozen=True, slots=True, order=True)
class ModelRef:
    """`provider/name`; the name may itself hold slashes (`openrouter/meta/llama-4`) and colons (`ollama/qwen3:8b`).

    `:low`, `:high` and the like at the end are no part of the name but an effort, unless the host lists such a name
    (`routing/registry.py`).
    """

    provider: str
    name: str
    effort: Effort | None = None

    @classmethod
    def parse(cls, text: str) -> ModelRef:
        """Raises NotConfigured when there is no `provider/` before the name."""
        provider, slash, name = text.strip().partition("/")
        if not (provider and slash and name):
            raise NotConfigured(
                f"'{text}' is not a model.",
                "Write it as provider/name, for example comet/gpt-5-mini.",
                model=text,
            )
        bare, colon, last = name.rpartition(":")
        known: dict[str, Effort] = {effort: effort for effort in EFFORTS}
        effort = known.get(last) if colon and bare else None
        return cls(provider, bare if effort else name, effort)

    @property
    def plain(self) -> ModelRef:
        """The model itself, whatever the effort."""
        return ModelRef(self.provider, self.name) if self.effort else self

    @property
    def as_name(self) -> str:
        """The name as it was written, where it may be that of a model."""
        return f"{self.name}:{self.effort}" if self.effort else self.name

    def __str__(self) -> str:
        return f"{self.provider}/{self.as_name}"


Route = tuple[ModelRef, ...]
"""The ordered models of a role: the first is asked, the rest are fallbacks."""


@dataclass(frozen=True, slots=True)
class Price:
    """List price. `input` and `output` are per million tokens, `per_request` per call."""

    input: float | None = None
    output: float | None = None
    cached_input: float | None = None
    per_request: float | None = None
    """For pictures: each."""
    per_second: float | None = None
    """Of sound or video."""
    currency: str = "USD"
    source: Literal["provider", "catalog"] = "catalog"
    by_half_hour: tuple[tuple[float, float, float | None], ...] = ()
    """`input`, `output` and `cached_input` for each half hour of the day in UTC, where they differ."""
    cache_write: float | None = None
    """Per million tokens of input that are written to the cache."""

    def __post_init__(self) -> None:
        if isinstance(self.by_half_hour, list):  # from JSON, which has no tuples
            object.__setattr__(self, "by_half_hour", tuple(map(tuple, self.by_half_hour)))


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of the catalogue."""

    ref: ModelRef
    label: str = ""
    group: str = ""
    """The family it is listed under, e.g. `Anthropic`."""
    context: int | None = None
    """Context window in tokens."""
    max_output: int | None = None
    price: Price | None = None
    roles: frozenset[Role] = frozenset({"chat", "edit", "fast"})
    capabilities: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Facts as data: `fim` (a FIM form's name), `tools`, `vision`, `reasoning` (bools), `drop` (parameters
    the model rejects), …"""
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class HostNotes:
    """What a host attached to its own turn and wants back with it, such as signed thinking: opaque JSON."""

    data: Mapping[str, Any]
    model: ModelRef | None = None
    """Which model of the route wrote it; no other one gets it. Filled in by routing."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call, and the cost where the provider itself names it (USD)."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    """Of the input: read from the host's cache."""
    reasoning_tokens: int = 0
    images: int = 0
    """Pictures made."""
    seconds: float = 0.0
    """Of sound or video, made or listened to, where that is known."""
    cost_usd: float | None = None
    estimated: bool = False
    """True when the host sent no usage and the tokens were counted here."""
    cost_source: Literal["provider", "estimated", "unknown"] = "unknown"
    """The source of `cost_usd`: the host, or a price list. An unknown cost is None, never 0."""
    written_tokens: int = 0
    """Of the input: written to the host's cache, which some hosts charge more for."""
    saved_usd: float | None = None
    """What the cache saved by list prices; below 0 where only writing was paid for. None where it was not used."""


@dataclass(frozen=True, slots=True)
class Times:
    """How long one call took, in milliseconds from the moment it was sent; None where it never came so far."""

    first_byte_ms: float | None = None
    first_token_ms: float | None = None
    total_ms: float | None = None
    tokens_per_s: float | None = None
    """Output tokens over the time from the first token to the end."""
