"""Shapes shared by several subjects: positions in a document, problems, usage."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from halley.lsp.protocol.shape import Shape


class Position(Shape):
    line: int = Field(ge=0)
    character: int = Field(ge=0)


class Range(Shape):
    start: Position
    end: Position


class TextDocument(Shape):
    uri: str
    version: int | None = None


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
    cache_write_tokens: int | None = None
    cost: Cost | None = None
    first_token_ms: float | None = None
    total_ms: float | None = None
    tokens_per_s: float | None = None


class Empty(Shape):
    """No parameters, or no result."""


class UriParams(Shape):
    uri: str | None = None
