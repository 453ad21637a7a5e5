"""Tools of our own: they only read, and only what a model may be shown by any other way.

The same rules as `#file` and the context of actions: nothing outside the workspace, no secrets, nothing ignored or
excluded, no links, a bound on size. They run without asking.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from halley.core.errors import HalleyError, InvalidInput
from halley.core.snapshot import Snapshot
from halley.engine.code.languages import language_id_of
from halley.engine.code.notebooks import SUFFIX as NOTEBOOK
from halley.engine.code.syntax import syntax_errors
from halley.engine.guards.secrecy import is_secret_path
from halley.engine.prompting.context import display_path
from halley.engine.prompting.prompts import render_diagnostics
from halley.features.context.files import open_text_of, read_shown_file, shown_text
from halley.features.context.shown import check_document
from halley.features.surroundings import Surroundings
from halley.features.tools.finding import find_by_index
from halley.mcp.values import Outcome, RemoteTool
from halley.stores.workspace.project_files import list_files

OpenTexts = Callable[[], Mapping[str, str]]
"""The texts of all open files by `file:` URI, unsaved changes included."""
MOST_LISTED, MOST_HITS, MOST_CHECKED = 400, 60, 200
MOST_LINES = 1500
MOST_NUMBER = 1 << 53
"""Lines of a file shown in one call."""


@dataclass(frozen=True, slots=True)
class ToolPlace:
    """Where the tools look. `snapshot` is the document at hand, where there is one."""

    root: Path
    around: Surroundings
    snapshot: Snapshot | None = None
    by_meaning: bool = True
    """Whether a search may ask a model for embeddings, which may cost money."""
    live: OpenTexts | None = None
    """What is open in the editor at this moment: a reply may edit and read again, and its snapshot is from before."""
    fetch: Callable[[Path], Awaitable[str | None]] | None = None
    """Asks the editor for one file's text, where it does not tell of its own accord."""
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    """What `live` said when the call began, since the files are read in a thread."""

    @classmethod
    def of(
        cls,
        around: Surroundings,
        snapshot: Snapshot | None = None,
        live: OpenTexts | None = None,
        fetch: Callable[[Path], Awaitable[str | None]] | None = None,
    ) -> ToolPlace | None:
        """None without a workspace."""
        return cls(around.root, around, snapshot, live=live, fetch=fetch) if around.root else None

    @property
    def exclude(self) -> tuple[str, ...]:
        return self.around.settings.context.exclude

    def open_text(self, uri: str) -> str | None:
        """The editor's text, where the file is open."""
        text = self.texts.get(uri)
        return open_text_of(self.snapshot, uri) if text is None else text

    async def files(self) -> list[str]:
        facts = await asyncio.to_thread(list_files, self.root, self.exclude, is_secret_path)
        return sorted(fact.path for fact in facts)


Run = Callable[[ToolPlace, Mapping[str, Any]], Awaitable[str]]


async def run_builtin(place: ToolPlace, name: str, arguments: Mapping[str, Any]) -> Outcome:
    """What the tool says; its refusals are said too. A wrong argument is an answer, not an error."""
    if place.live is not None:
        place = replace(place, texts=place.live())
    try:
        return Outcome(await BUILTIN_TOOLS[name][1](place, arguments))
    except HalleyError as error:
        return Outcome(f"{error.problem.message} {error.problem.help}".strip(), failed=True)
    except (
        OSError,
        ValueError,
    ) as error:  # what the file system refuses: NUL, half characters, endless names
        return Outcome(f"That cannot be used here: {_reason(error)}.", failed=True)


def _reason(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or "no file system takes such a name"


async def _read(place: ToolPlace, arguments: Mapping[str, Any]) -> str:
    path = _text(arguments, "path")
    plain, text = await asyncio.to_thread(read_shown_file, place.root, path, place.exclude, place.open_text)
    if place.fetch is not None and not plain.endswith(NOTEBOOK):
        fetched = await place.fetch(place.root / plain)
        text = text if fetched is None else fetched
    lines = text.split("\n")
    first = max(1, _number(arguments, "first_line", 1))
    last = min(len(lines), _number(arguments, "last_line", len(lines)), first + MOST_LINES - 1)
    if first > len(lines):
        raise InvalidInput(f"{plain} has {len(lines)} lines.", "Ask for lines it has.")
    shown = "\n".join(f"{number}\t{lines[number - 1]}" for number in range(first, last + 1))
    rest = f"\n… (lines {last + 1} to {len(lines)} not shown)" if last < len(lines) else ""
    return f"{plain}, lines {first} to {last} of {len(lines)}:\n{shown}{rest}"


async def _list(place: ToolPlace, arguments: Mapping[str, Any]) -> str:
    folder = _text(arguments, "folder", "").strip("/")
    pattern = _text(arguments, "pattern", "")
    if folder == ".":
        folder = ""
    found = [
        path
        for path in await place.files()
        if (not folder or path.startswith(f"{folder}/"))
        and (not pattern or fnmatch(path, pattern) or fnmatch(path.rsplit("/", 1)[-1], pattern))
    ]
    if not found:
        return "No such files. Ignored, secret and generated files are not listed."
    more = f"\n… and {len(found) - MOST_LISTED} more" if len(found) > MOST_LISTED else ""
    return "\n".join(found[:MOST_LISTED]) + more


async def _search(place: ToolPlace, arguments: Mapping[str, Any]) -> str:
    query = _text(arguments, "query").strip()
    if not query:
        raise InvalidInput("There is nothing to look for.", "Give words as `query`.")
    around = place.around
    if around.index is not None:
        found = await find_by_index(around.index, around.line, query, by_meaning=place.by_meaning)
        if found:
            return found
    hits = await asyncio.to_thread(_grep, place, await place.files(), query)
    if not hits:
        return f"Nothing in the workspace matches {query!r}."
    return "\n".join(hits)


def _grep(place: ToolPlace, files: list[str], query: str) -> list[str]:
    """`path:line: text` of lines that say it, whatever the case; else of lines with all its words."""
    wanted = query.casefold()
    words = [word for word in re.findall(r"\w+", wanted) if len(word) > 1]
    exact: list[str] = []
    near: list[str] = []
    for path in files:
        text = shown_text(place.root, path, place.open_text)
        if text is None:
            continue
        whole = text.casefold()
        if wanted not in whole and not (words and all(word in whole for word in words)):
            continue
        for number, line in enumerate(text.split("\n"), 1):
            folded = line.casefold()
            if wanted in folded:
                exact.append(f"{path}:{number}: {line.strip()[:300]}")
            elif words and all(word in folded for word in words):
                near.append(f"{path}:{number}: {line.strip()[:300]}")
        if len(exact) >= MOST_HITS:
            break
    return (exact + near)[:MOST_HITS]


async def _diagnose(place: ToolPlace, arguments: Mapping[str, Any]) -> str:
    path = _text(arguments, "path", "")
    parts: list[str] = []
    snapshot = place.snapshot
    if snapshot and snapshot.diagnostics and (not path or _is_at(snapshot, path)):
        check_document(snapshot)
        parts.append(
            "The editor reports:\n" + render_diagnostics(snapshot.diagnostics, snapshot.document.text)
        )
    if path:
        plain, text = await asyncio.to_thread(
            read_shown_file, place.root, path, place.exclude, place.open_text
        )
        found = await asyncio.to_thread(_errors, plain, text)
    else:
        found = await asyncio.to_thread(_check, place, (await place.files())[:5000])
    parts += found
    return "\n".join(parts) or "No problems: every checked file parses."


def _is_at(snapshot: Snapshot, path: str) -> bool:
    return snapshot.document.uri.endswith(f"/{path}") or display_path(snapshot) == path


def _check(place: ToolPlace, files: list[str]) -> list[str]:
    found: list[str] = []
    for path in files:
        text = shown_text(place.root, path, place.open_text)
        if text is not None:
            found += _errors(path, text)
        if len(found) >= MOST_CHECKED:
            break
    return found[:MOST_CHECKED]


def _errors(path: str, text: str) -> list[str]:
    return [f"{path}:{line}: {what}" for line, what in syntax_errors(text, language_id_of(path))]


def _text(arguments: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = arguments.get(name, default)
    if not isinstance(value, str):
        raise InvalidInput(f"`{name}` must be text.", "Give it as a string.")
    return value


def _number(arguments: Mapping[str, Any], name: str, default: int) -> int:
    value = arguments.get(name, default)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(f"`{name}` must be a number.", "Give it as a number.")
    return int(max(-MOST_NUMBER, min(value, MOST_NUMBER)))


def _tool(
    name: str, title: str, description: str, required: tuple[str, ...] = (), **properties: tuple[str, str]
) -> RemoteTool:
    schema = {
        "type": "object",
        "properties": {key: {"type": kind, "description": text} for key, (kind, text) in properties.items()},
        "required": list(required),
    }
    return RemoteTool(name, title, description, schema, read_only=True)


BUILTIN_TOOLS: Mapping[str, tuple[RemoteTool, Run]] = {
    tool.name: (tool, run)
    for tool, run in (
        (
            _tool(
                "read_file",
                "Read a file",
                "A text file of the workspace, with line numbers. Paths are relative to its root.",
                ("path",),
                path=("string", "Path relative to the workspace."),
                first_line=("integer", "The first line wanted, from 1."),
                last_line=("integer", "The last line wanted."),
            ),
            _read,
        ),
        (
            _tool(
                "list_files",
                "List files",
                "The workspace's text files, ignored ones left out.",
                folder=("string", "Only below this folder."),
                pattern=("string", "Only matching paths or names, e.g. *.py."),
            ),
            _list,
        ),
        (
            _tool(
                "search_workspace",
                "Search the workspace",
                "Places in the workspace's files that match a text or its words, best first, as path:line.",
                ("query",),
                query=("string", "The text or words to look for."),
            ),
            _search,
        ),
        (
            _tool(
                "diagnostics",
                "Diagnostics",
                "The editor's diagnostics for the open document, and files that do not parse.",
                path=("string", "Only this file."),
            ),
            _diagnose,
        ),
    )
}
"""Name → (its description, what runs)."""
