"""The tools of a window's chats: which are on, and asking the user before a call.

A plugin of ours asks by `halley/tools/approve`, every other client by `window/showMessageRequest`. Only clear approval
counts: no answer, an unknown one and an error all deny the call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from halley.features.chat.desk import ToolDesk
from halley.features.tools.approving import Ask, Decision, Question
from halley.features.tools.switches import Switches
from halley.lsp.window.status import send_status

if TYPE_CHECKING:
    from halley.lsp.window.session import Session

Json = dict[str, Any]
MOST_SHOWN = 4000
"""Characters of arguments in a message box; a call with longer ones cannot be agreed to there, unread."""
ONCE, ALWAYS, DENY = "Allow once", "Always in this workspace", "Deny"
_ANSWERS: Mapping[str, Decision] = {ONCE: "once", ALWAYS: "always"}


def tool_desk(session: Session) -> ToolDesk:
    """What a chat of this window needs for its tools."""
    watch_tools(session)
    return ToolDesk(session.shared.tools, session.room.tool_picks, lambda *ids: _asking(session, *ids))


def watch_tools(session: Session) -> None:
    """Tell the client when a server's state or tools change; from the first look on."""
    if session.watches_tools:
        return
    session.watches_tools = True
    listeners = session.shared.tools.on_change

    def changed() -> None:
        session.notify("halley/changed", {"what": "tools"})
        send_status(session)

    listeners.append(changed)
    session.server.closing.callback(lambda: listeners.remove(changed))


def _asking(session: Session, chat: str, turn: str, reply: str) -> Ask:
    async def ask(question: Question) -> Decision:
        if session.client.tools:
            return await _ask_plugin(session, question, {"chatId": chat, "turnId": turn, "replyId": reply})
        return await _ask_box(session, question)

    return ask


async def _ask_plugin(session: Session, question: Question, ids: Json) -> Decision:
    asked = ids | {
        "callId": question.call_id,
        "server": question.server,
        "tool": question.tool,
        "title": question.title,
        "arguments": dict(question.arguments),
        "argumentsText": question.arguments_text,
        "readOnly": question.read_only,
        "always": question.always,
    }
    if question.changed:
        asked["changed"] = question.changed
    answer = await session.request("halley/tools/approve", asked)
    decision = answer.get("decision") if isinstance(answer, dict) else None
    return decision if decision in ("once", "always") else "deny"


async def _ask_box(session: Session, question: Question) -> Decision:
    """For clients without a plugin. Arguments that do not fit are denied, because the user cannot read them."""
    text = question.arguments_text
    if len(text) > MOST_SHOWN:
        session.notify(
            "window/showMessage",
            {
                "type": 2,
                "message": f"Halley: a call of {question.server}/{question.tool} was denied: its arguments "
                f"({len(text)} characters) are too long to show here.",
            },
        )
        return "deny"
    changed = f"\n{question.changed}" if question.changed else ""
    message = f"Halley: may the model call {question.server}/{question.tool} with these arguments?{changed}\n\n{text}"
    titles = [ONCE, ALWAYS, DENY] if question.always else [ONCE, DENY]
    answer = await session.request(
        "window/showMessageRequest",
        {"type": 2, "message": message, "actions": [{"title": title} for title in titles]},
    )
    return _ANSWERS.get(answer.get("title", ""), "deny") if isinstance(answer, dict) else "deny"


async def switches_of(session: Session, uri: str, chat_id: str | None) -> Switches:
    root, picks = session.folders.root_of(uri), session.room.tool_picks
    chat = (await session.room.chats.get(chat_id)).tools if chat_id else {}
    return Switches.of(session.settings_of(uri), picks, root, chat)
