"""What other language servers of the editor know, as tools that read: definitions, references, hover, symbols.

A server cannot ask another, so the client is asked (`LanguageTools` in `core/ports.py`). Where it brings none, models
search instead (`features/tools/builtin.py`). `new_diagnostics` is what an edit broke, for the model to read.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from halley.core.agent import Finding, LanguageAction, LanguageQuestion, LanguageSpot
from halley.core.errors import InvalidInput
from halley.core.ports import LanguageTools
from halley.features.agent.work import text_of
from halley.features.context.files import read_shown_file
from halley.features.tools.builtin import ToolPlace
from halley.features.tools.toolbox import OfferedTool, own_tool
from halley.mcp.values import Outcome, RemoteTool

MOST_SPOTS, MOST_FINDINGS = 100, 20

_AT = {
    "path": {"type": "string", "description": "Path relative to the workspace."},
    "line": {"type": "integer", "description": "A line, from 1, in which the symbol stands."},
    "symbol": {"type": "string", "description": "The symbol as it is written there."},
}
_WHAT: Mapping[str, tuple[LanguageQuestion, str, str]] = {
    "find_definitions": ("definitions", "Find definitions", "Where a symbol is defined, by the language server."),
    "find_references": ("references", "Find references", "All uses of a symbol, by the language server."),
    "list_code_actions": (
        "actions", "List code actions", "What language servers offer to do at a place, such as fixes.",
    ),
    "describe_symbol": ("hover", "Describe a symbol", "A symbol's type and documentation, by the language server."),
}  # fmt: skip


def language_tools(language: LanguageTools | None, place: ToolPlace | None) -> list[OfferedTool]:
    """None where the client brings none."""
    if language is None or place is None:
        return []
    offered = [_tool(name, *row[1:], _AT, _at_symbol(language, place, row[0])) for name, row in _WHAT.items()]
    query = {"query": {"type": "string", "description": "A name, or part of one."}}
    symbols = _tool(
        "find_symbols", "Find symbols", "Symbols of the workspace by name, by the language server.", query,
        _by_name(language, place),
    )  # fmt: skip
    return [*offered, symbols]


async def new_diagnostics(
    language: LanguageTools | None, path: Path, before: Sequence[Finding]
) -> list[Finding]:
    """Errors and warnings of a file that were not there `before`, once its language servers have looked at it."""
    if language is None:
        return []
    known = Counter((one.severity, one.message) for one in before)
    found: list[Finding] = []
    for one in await language.diagnostics(path, settle=True):
        if known[one.severity, one.message] > 0:
            known[one.severity, one.message] -= 1
        elif one.severity in ("error", "warning"):
            found.append(one)
    return found[:MOST_FINDINGS]


def _at_symbol(language: LanguageTools, place: ToolPlace, what: LanguageQuestion) -> _Run:
    async def run(arguments: Mapping[str, Any]) -> str:
        name, symbol, line = text_of(arguments, "path"), text_of(arguments, "symbol"), arguments.get("line")
        plain, text = await asyncio.to_thread(
            read_shown_file, place.root, name, place.exclude, place.open_text
        )
        offset = offset_of(text, line, symbol)
        answer = await language.ask(what, place.root / plain, text, offset)
        if what == "hover":
            return answer.text or f"The language server says nothing of {symbol}."
        if what == "actions":
            return _actions_told(answer.actions) or f"The language servers offer nothing at {symbol}."
        return _told(place.root, answer.spots) or f"The language server finds no {what} of {symbol}."

    return run


def _by_name(language: LanguageTools, place: ToolPlace) -> _Run:
    async def run(arguments: Mapping[str, Any]) -> str:
        query = text_of(arguments, "query").strip()
        answer = await language.symbols(query)
        return _told(place.root, answer.spots) or f"The language server knows no symbol {query!r}."

    return run


def offset_of(text: str, line: object, symbol: str) -> int:
    """The offset of the symbol, in the whole text: of the whole word, where there is one."""
    lines = text.split("\n")
    if isinstance(line, bool) or not isinstance(line, int) or not 1 <= line <= len(lines):
        raise InvalidInput(f"The file has the lines 1 to {len(lines)}.", "Read it again.")
    found = re.search(rf"(?<!\w){re.escape(symbol)}(?!\w)", lines[line - 1])
    at = found.start() if found else lines[line - 1].find(symbol)
    if not symbol or at < 0:
        raise InvalidInput(f"Line {line} has no {symbol!r}.", "Read it again.")
    return sum(len(one) + 1 for one in lines[: line - 1]) + at


def _actions_told(actions: Sequence[LanguageAction]) -> str:
    rows = [
        f"{one.title}{f' ({one.kind})' if one.kind else ''}{': runs a command, not available here' if one.runs else ''}"
        for one in actions[:MOST_SPOTS]
    ]
    return "\n".join(dict.fromkeys(rows))


def _told(root: Path, spots: Sequence[LanguageSpot]) -> str:
    rows: list[str] = []
    for spot in spots[:MOST_SPOTS]:
        inside = spot.path.is_relative_to(root)
        where = spot.path.relative_to(root).as_posix() if inside else f"{spot.path} (outside the workspace)"
        rows.append(f"{where}:{spot.line}{f': {spot.name}' if spot.name else ''}")
    more = f"\n… and {len(spots) - MOST_SPOTS} more" if len(spots) > MOST_SPOTS else ""
    return "\n".join(dict.fromkeys(rows)) + more


_Run = Callable[[Mapping[str, Any]], Awaitable[str]]


def _tool(name: str, title: str, description: str, properties: Mapping[str, Any], work: _Run) -> OfferedTool:
    schema = {"type": "object", "properties": dict(properties), "required": list(properties)}
    tool = RemoteTool(name, title, description, schema)

    async def run(arguments: Mapping[str, Any], _limit_s: float) -> Outcome:
        try:
            return Outcome(await work(arguments))
        except InvalidInput as error:
            return Outcome(f"{error.problem.message} {error.problem.help}".strip(), failed=True)

    return own_tool(tool, run)
