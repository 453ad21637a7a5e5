"""From the editor's terms to ours: ranges to offsets, diagnostics to findings, URIs to paths.

Plain dicts in, values of `core` out; nothing here needs pygls or lsprotocol. The way back is `to_lsp.py`. Positions
beyond the text mean its end, as the specification says; a range that ends before it begins is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from halley.core.errors import InvalidInput
from halley.core.snapshot import Diagnostic, Selection
from halley.lsp.text.lines import LineIndex, line_index
from halley.lsp.text.uris import path_of_uri

Json = dict[str, Any]
Severity = Literal["error", "warning", "information", "hint"]

__all__ = [
    "from_lsp_diagnostic",
    "from_lsp_diagnostics",
    "from_lsp_position",
    "from_lsp_range",
    "from_lsp_selection",
    "path_of_uri",
]

_SEVERITIES: dict[Any, Severity] = {1: "error", 2: "warning", 3: "information", 4: "hint"}


def from_lsp_position(text: str | LineIndex, position: Json, encoding: str) -> int:
    """The offset of a position. Raises InvalidInput when it is none."""
    index = line_index(text) if isinstance(text, str) else text
    try:
        return index.offset(position, encoding)
    except (KeyError, TypeError, AttributeError):
        raise _no_range("A position needs a line and a character.") from None


def from_lsp_range(text: str | LineIndex, range: Json, encoding: str) -> tuple[int, int]:
    """Start and end offsets. Raises InvalidInput for what is no range, or ends before it begins."""
    if not isinstance(range, dict):
        raise _no_range("A range needs a start and an end.")
    start = from_lsp_position(text, range.get("start") or {}, encoding)
    end = from_lsp_position(text, range.get("end") or {}, encoding)
    if end < start:
        raise _no_range("The range ends before it begins.")
    return start, end


def from_lsp_selection(text: str | LineIndex, range: Json, encoding: str) -> Selection:
    return Selection(*from_lsp_range(text, range, encoding))


def from_lsp_diagnostics(
    text: str | LineIndex, diagnostics: Iterable[Json], encoding: str
) -> tuple[Diagnostic, ...]:
    """In the editor's order, one for one. Raises InvalidInput for one without a range."""
    return tuple(from_lsp_diagnostic(text, diagnostic, encoding) for diagnostic in diagnostics)


def from_lsp_diagnostic(text: str | LineIndex, diagnostic: Json, encoding: str) -> Diagnostic:
    """One finding. A server may leave out the severity: then it is an error, as clients show it."""
    start, end = from_lsp_range(text, diagnostic.get("range") or {}, encoding)
    code = diagnostic.get("code")
    return Diagnostic(
        start,
        end,
        _message(diagnostic.get("message")),
        _SEVERITIES.get(diagnostic.get("severity"), "error"),
        str(diagnostic["source"]) if diagnostic.get("source") else None,
        str(code) if code is not None and code != "" else None,
    )


def _message(message: Any) -> str:
    """Text, also where it comes as MarkupContent (LSP 3.18)."""
    if isinstance(message, dict):
        message = message.get("value")
    return str(message or "")


def _no_range(message: str) -> InvalidInput:
    return InvalidInput(message, "Positions are {line, character}, ranges {start, end}, both from 0.")
