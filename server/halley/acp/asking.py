"""Questions to the user: the client asks them by `session/request_permission`. No answer, or an unknown one, denies.

Calls of tools are approved so. The protocol has no other question, so a spent budget is asked about in the same way.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from halley.acp.calls import call_of, text_content
from halley.acp.errors import RpcError
from halley.acp.rpc import Peer
from halley.features.tools.approving import Ask, Decision, Question

Json = dict[str, Any]
_DECISIONS: dict[str, Decision] = {"once": "once", "chat": "chat", "always": "always"}


def asking(peer: Peer, session: str, root: Path) -> Ask:
    """Who is asked about the calls of a session."""

    async def ask(question: Question) -> Decision:
        return _DECISIONS.get(await _chosen(peer, _params(session, root, question)), "deny")

    return ask


def confirming(peer: Peer, session: str) -> Callable[[str], Awaitable[bool]]:
    """Who answers yes-or-no questions of a session: what no tool asks, such as passing a budget."""

    async def confirm(question: str) -> bool:
        call: Json = {
            "toolCallId": f"question-{secrets.token_hex(4)}",
            "title": question,
            "kind": "other",
            "status": "pending",
            "content": [text_content(question)],
        }
        rows = [("yes", "Continue", "allow_once"), ("no", "Stop", "reject_once")]
        params = {"sessionId": session, "toolCall": call, "options": _rows(rows)}
        return await _chosen(peer, params) == "yes"

    return confirm


async def _chosen(peer: Peer, params: Json) -> str:
    """The ID of the option that was chosen; empty without an answer."""
    try:
        answer = await peer.request("session/request_permission", params)
    except (RpcError, ConnectionError):
        return ""
    outcome = answer.get("outcome") if isinstance(answer, dict) else None
    if not isinstance(outcome, dict) or outcome.get("outcome") != "selected":
        return ""
    return str(outcome.get("optionId"))


def _params(session: str, root: Path, question: Question) -> Json:
    event: Json = {
        "callId": question.call_id,
        "server": question.server,
        "tool": question.tool,
        "title": question.title,
        "arguments": question.arguments_text,
        "state": "asking",
        "diff": question.diff,
        "command": question.command,
    }
    call = call_of(event, root) | {"rawInput": dict(question.arguments)}
    notes = [text_content(note) for note in (question.why, question.changed) if note]
    if notes:
        call["content"] = [*notes, *call.get("content", [])]
    return {"sessionId": session, "toolCall": call, "options": options(question)}


def options(question: Question) -> list[Json]:
    """What the user can choose. A call that must be looked at each time cannot be allowed for longer."""
    found = [("once", "Allow once", "allow_once")]
    if question.chat:
        found.append(("chat", "Allow in this chat", "allow_always"))
    if question.always:
        found.append(("always", "Always allow in this workspace", "allow_always"))
    found.append(("deny", "Deny", "reject_once"))
    return _rows(found)


def _rows(options: Iterable[tuple[str, str, str]]) -> list[Json]:
    """`PermissionOption`s, of (ID, name, kind)."""
    return [{"optionId": id, "name": name, "kind": kind} for id, name, kind in options]
