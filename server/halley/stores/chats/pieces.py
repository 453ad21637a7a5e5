"""Between a reply's events and its rows: which events are kept, and as what.

Pure but for pictures, whose bytes go to `stores/sqlite/blobs.py`'s folder and only their name into the database.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from halley.core.events import (
    Citation,
    Event,
    Image,
    Notice,
    ReasoningDelta,
    Recalled,
    TextDelta,
    ToolCallDelta,
    ToolCalled,
    ToolEnded,
)
from halley.core.models import HostNotes, ModelRef
from halley.stores.chats.values import Excerpt, Reply, StoredImage, ToolUse
from halley.stores.sqlite.blobs import save_blob

Piece = tuple[str, str]
"""(kind, text): kind is `text`, `reasoning`, `recall` (how much of the text was thinking), `tool` (a tool call's delta
as JSON) or `part` (a part as JSON)."""
Part = tuple[str, Mapping[str, Any], str | None]
"""(kind, facts, blob): what stands beside a turn or a reply."""


def pieces_of(events: Iterable[Event], blobs: Path) -> list[Piece]:
    """What is stored of a reply's events; neighbouring text is joined. Pictures are written to disk here."""
    joined: list[Piece] = []
    for kind, run in groupby(events, key=type):
        if kind is TextDelta or kind is ReasoningDelta:
            text = "".join([event.text for event in run])  # type: ignore[union-attr]
            joined.append(("text" if kind is TextDelta else "reasoning", text))
        else:
            joined += [piece for event in run if (piece := _piece(event, blobs)) is not None]
    return joined


def _piece(event: Event, blobs: Path) -> Piece | None:
    match event:
        case TextDelta(text):
            return "text", text
        case ReasoningDelta(text):
            return "reasoning", text
        case Recalled(length):
            return "recall", str(length)
        case ToolCallDelta():
            return "tool", json.dumps(asdict(event))
        case ToolCalled():
            return _part("toolCall", asdict(event))
        case ToolEnded():
            return _part("toolEnd", asdict(event))
        case HostNotes(data, model):
            return _part("notes", {"data": data, "model": str(model)})
        case Citation():
            return _part("citation", asdict(event))
        case Notice(text):
            return _part("notice", {"text": text})
        case Image():
            blob = save_blob(blobs, event.data) if event.data else ""
            return _part("image", {"mime": event.mime, "url": event.url, "blob": blob})
        case _:
            return None


def _part(kind: str, facts: dict[str, Any]) -> Piece:
    return "part", json.dumps({"kind": kind, "facts": facts}, ensure_ascii=False)


def said_in(pieces: Iterable[Piece], text: str = "", reasoning: str = "") -> tuple[str, str]:
    """(text, reasoning) after these pieces."""
    for kind, piece in pieces:
        if kind == "text":
            text += piece
        elif kind == "reasoning":
            reasoning += piece
        elif kind == "recall":
            at = max(0, len(text) - int(piece))
            text, reasoning = text[:at], reasoning + text[at:]
    return text, reasoning


def turn_parts(
    excerpts: Iterable[Excerpt], images: Iterable[StoredImage], details: Mapping[str, Any]
) -> list[Part]:
    parts: list[Part] = [("excerpt", asdict(piece), None) for piece in excerpts]
    parts += [("image", asdict(image), image.blob) for image in images]
    return [*parts, ("details", details, None)] if details else parts


def reply_parts(reply: Reply) -> list[Part]:
    parts: list[Part] = [("citation", asdict(citation), None) for citation in reply.citations]
    parts += [("image", asdict(image), image.blob) for image in reply.images]
    parts += [("notice", {"text": text}, None) for text in reply.notices]
    parts += [("sent", reply.sent, None)] if reply.sent else []
    if reply.notes:
        parts.append(("notes", {"data": reply.notes.data, "model": str(reply.notes.model)}, None))
    return [*parts, *(("tool", asdict(use), None) for use in reply.tool_uses)]


def join_tool_uses(deltas: Iterable[dict[str, Any]]) -> list[ToolUse]:
    """Whole calls out of their deltas."""
    calls: dict[int, dict[str, Any]] = {}
    for delta in deltas:
        call = calls.setdefault(delta["index"], {"id": "", "name": "", "arguments": []})
        call["id"] = call["id"] or delta["id"]
        call["name"] = call["name"] or delta["name"]
        call["arguments"].append(delta["arguments"])
    return [
        ToolUse(call["id"], call["name"], "".join(call["arguments"])) for _, call in sorted(calls.items())
    ]


def notes_of(parts: Mapping[str, list[dict[str, Any]]]) -> HostNotes | None:
    """What the host attached to the last round of a reply."""
    found = parts.get("notes")
    return HostNotes(found[-1]["data"], ModelRef.parse(found[-1]["model"])) if found else None


def tool_uses(parts: Mapping[str, list[dict[str, Any]]]) -> tuple[ToolUse, ...]:
    """The calls of a reply out of its parts: whole ones (`tool`), and those written as they began and as they ended."""
    uses: dict[str, ToolUse] = {}
    for number, facts in enumerate(parts.get("tool", ())):
        uses[f"{number} {facts['id']}"] = ToolUse(**facts)
    for facts in parts.get("toolCall", ()):
        uses[facts["id"]] = ToolUse(
            facts["id"], facts["tool"], facts["arguments"], facts["server"], facts["title"], facts["read_only"],
            facts["at"], "unanswered" if facts["state"] == "asking" else "open",
            diff=facts.get("diff", ""), command=facts.get("command", ""),
        )  # fmt: skip
    for facts in parts.get("toolEnd", ()):
        if use := uses.get(facts["id"]):
            uses[use.id] = replace(
                use, state=facts["state"], result=facts["text"], shortened=facts["shortened"], ms=facts["ms"]
            )
    return tuple(uses.values())
