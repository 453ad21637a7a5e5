"""Shapes shared by several subjects: positions in a document, problems, usage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from halley.lsp.base.rpc_errors import InvalidParams
from halley.lsp.protocol.shape import Shape, read_params


class Position(Shape):
    line: int = Field(ge=0)
    character: int = Field(ge=0)


class Range(Shape):
    start: Position
    end: Position


class TextDocument(Shape):
    uri: str
    version: int | None = None


LAST_CHARACTER = 2**31 - 1
"""The largest `character` that LSP knows: every line ends before it, so it means the end of the line."""


class Lines(Shape):
    """`path` and `lines` in place of `textDocument` and `range`, for editors that can only put text into a command.

    `path` is absolute; `lines` are the first and the last one, counted from 1.
    """

    path: str
    lines: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] | None = None


def with_document(asked: dict[str, Any]) -> dict[str, Any]:
    """A command's argument with the document and the range that its `path` and `lines` stand for, if it has them.

    A single line is a cursor, at the line's end: inside the definition that begins there, however it is indented.
    Raises InvalidParams (-32602), naming the invalid field.
    """
    if "path" not in asked or "textDocument" in asked:
        return asked
    at = read_params(Lines, asked)
    try:
        made = {**asked, "textDocument": {"uri": Path(at.path).as_uri()}}
    except ValueError:  # a relative one, or half a surrogate pair
        raise InvalidParams("path", "it must be an absolute path") from None
    if at.lines:
        first, last = sorted(at.lines)
        end = {"line": last - 1, "character": LAST_CHARACTER}
        made["range"] = {"start": end if first == last else {"line": first - 1, "character": 0}, "end": end}
    return made


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
