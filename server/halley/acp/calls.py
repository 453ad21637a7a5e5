"""Tool calls as a client shows them: kind, title, locations, diffs. Pure: the events of a reply in, JSON out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

Json = dict[str, Any]

KINDS: Mapping[str, str] = {
    "edit_file": "edit",
    "rename_symbol": "edit",
    "create_file": "edit",
    "move_file": "move",
    "delete_file": "delete",
    "run_command": "execute",
    "read_output": "read",
    "stop_command": "execute",
    "write_plan": "think",
    "mark_step": "think",
    "read_file": "read",
    "diagnostics": "read",
    "list_files": "search",
    "search_workspace": "search",
}
"""Tool of ours → `ToolKind`. Those of other servers are `other`."""
STATUSES: Mapping[str, str] = {
    "done": "completed",
    "asking": "pending",
    "running": "in_progress",
    "open": "failed",
}
"""State of a call → `ToolCallStatus`; any other state is a failure."""
MOST_TITLE = 200


def call_of(event: Json, root: Path) -> Json:
    """The fields that `tool_call`, `tool_call_update` and a question for approval share, of a `toolCall` event."""
    arguments = _arguments(event.get("arguments", ""))
    built_in = event.get("server") == "halley"
    found: Json = {
        "toolCallId": event["callId"],
        "title": _title(event, arguments),
        "kind": KINDS.get(event.get("tool", ""), "other") if built_in else "other",
        "status": STATUSES.get(event.get("state", ""), "failed"),
        "rawInput": arguments,
    }
    if built_in and (locations := locations_of(arguments, root, event.get("diff", ""))):
        found["locations"] = locations
    if content := content_of(event, arguments, root):
        found["content"] = content
    return found


def _arguments(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _title(event: Json, arguments: Any) -> str:
    title = str(event.get("title") or event.get("tool") or "Tool")
    if command := event.get("command"):
        return str(command).split("\n", 1)[0][:MOST_TITLE] if event.get("tool") == "run_command" else title
    name = arguments.get("path") or arguments.get("query") if isinstance(arguments, dict) else None
    return f"{title}: {name}"[:MOST_TITLE] if isinstance(name, str) else title


def locations_of(arguments: Any, root: Path, diff: str = "") -> list[Json]:
    """The files that a call names, with the first line it touches or reads (from 1)."""
    if not isinstance(arguments, dict):
        return []
    found: list[Json] = []
    for name in ("path", "to"):
        if isinstance(path := arguments.get(name), str) and path:
            found.append({"path": str(root / path)})
    if found:
        first = arguments.get("first_line")
        hunks = hunks_of(diff)
        line = hunks[0][0] if hunks else first if isinstance(first, int) and first > 0 else None
        if line is not None:
            found[0]["line"] = line
    return found


def content_of(event: Json, arguments: Any, root: Path) -> list[Json]:
    """The diff as the client draws diffs, a change of every hunk; a command or plan as text."""
    path = arguments.get("path") if isinstance(arguments, dict) else None
    if (diff := event.get("diff")) and isinstance(path, str):
        hunks = hunks_of(diff)
        if not hunks:
            return [text_content(fenced(diff, "diff"))]
        whole = event.get("tool") == "create_file" and not any(old for _, old, _ in hunks)
        return [
            {"type": "diff", "path": str(root / path), "oldText": None if whole else old, "newText": new}
            for _, old, new in hunks
        ]
    if command := event.get("command"):
        return [text_content(fenced(command, "sh") if event.get("tool") == "run_command" else command)]
    return []


def hunks_of(diff: str) -> list[tuple[int, str, str]]:
    """(first line of the text before, from 1; the lines before; the lines after) of each hunk of a unified diff."""
    found: list[tuple[int, str, str]] = []
    for hunk in f"\n{diff}".split("\n@@ -")[1:]:
        head, _, body = hunk.partition("\n")
        first = head.split(" ", 1)[0].split(",")[0]
        rows = [row for row in body.split("\n") if row[:1] in (" ", "-", "+")]
        old = "".join(f"{row[1:]}\n" for row in rows if row[0] != "+")
        new = "".join(f"{row[1:]}\n" for row in rows if row[0] != "-")
        found.append((max(1, int(first)), old, new))
    return found


def text_content(text: str) -> Json:
    return {"type": "content", "content": {"type": "text", "text": text}}


def fenced(text: str, language: str = "") -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
