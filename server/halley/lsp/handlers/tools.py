"""halley/tools/*: the tools there are, which are on, and the yes to a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from halley.core.errors import InvalidInput
from halley.features.chat.desk import ToolDesk
from halley.features.tools.approving import Ask, Decision, Question
from halley.features.tools.listing import check_known, matching, tools_json
from halley.features.tools.switches import Switches, key_of
from halley.lsp.handlers.status import send_status
from halley.lsp.protocol.shape import read_params
from halley.lsp.protocol.tools import (
    ToolsForgetParams,
    ToolsListParams,
    ToolsRestartParams,
    ToolsSetParams,
)
from halley.lsp.window.session import Session

if TYPE_CHECKING:
    from halley.lsp.base.server import Server

Json = dict[str, Any]
MOST_SHOWN = 4000
"""Characters of arguments in a message box; a call with longer ones cannot be agreed to there, unread."""
ONCE, ALWAYS, DENY = "Allow once", "Always in this workspace", "Deny"
_ANSWERS: Mapping[str, Decision] = {ONCE: "once", ALWAYS: "always"}


def tool_desk(session: Session) -> ToolDesk:
    """What a chat of this window needs for its tools."""
    watch_tools(session)
    return ToolDesk(session.room.tools, session.room.tool_picks, lambda *ids: _asking(session, *ids))


def watch_tools(session: Session) -> None:
    """Tell the client when a server's state or tools change; from the first look on."""
    if session.watches_tools:
        return
    session.watches_tools = True
    listeners = session.room.tools.on_change

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
    """For clients without a plugin. Arguments that do not fit are not agreed to, since nobody has read them."""
    text = question.arguments_text
    if len(text) > MOST_SHOWN:
        session.notify(
            "window/showMessage",
            {
                "type": 2,
                "message": f"Halley: a call of {question.server}/{question.tool} was denied: its arguments "
                f"({len(text)} characters) are too long to be shown here.",
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


async def tools_list(session: Session, params: Json) -> Json:
    """As it is now; servers that are on and not running yet are started behind, and `halley/changed` tells."""
    asked = read_params(ToolsListParams, params)
    uri = asked.uri or ""
    watch_tools(session)
    switches = await switches_of(session, uri, asked.chat_id)
    wanted = [name for name in switches.settings.tools.servers if switches.uses(name)]
    await session.room.tools.ready(switches.settings, wanted, 0)
    return tools_json(session.room.tools, session.room.tool_picks, switches, session.folders.root_of(uri))


async def tools_set(session: Session, params: Json) -> Json:
    asked = read_params(ToolsSetParams, params)
    uri, room = asked.uri or "", session.room
    check_known(session.settings_of(uri), room.tools, asked.server, asked.tool)
    key = key_of(asked.server, asked.tool)
    root = session.folders.root_of(uri)
    if asked.scope == "chat":
        if not asked.chat_id:
            raise InvalidInput("Which chat?", "Name it as `chatId`, or give `tools` with its first message.")
        await room.chats.switch_tools(asked.chat_id, {key: asked.enabled})
    elif asked.scope == "workspace" and root is None:
        raise InvalidInput("There is no workspace here.", "Open a folder, or set it for the user.")
    else:
        room.tool_picks.switch(root if asked.scope == "workspace" else None, key, asked.enabled)
    session.notify("halley/changed", {"what": "tools"})
    send_status(session)
    return await tools_list(session, {"uri": asked.uri, "chatId": asked.chat_id})


async def tools_forget(session: Session, params: Json) -> Json:
    asked = read_params(ToolsForgetParams, params)
    root, picks = session.folders.root_of(asked.uri or ""), session.room.tool_picks
    if root is None:
        return {"forgotten": 0}
    ids = matching(picks.approvals(root), asked.id, asked.server, asked.tool)
    forgotten = picks.forget(root, ids)
    session.notify("halley/changed", {"what": "tools"})
    return {"forgotten": forgotten}


async def tools_restart(session: Session, params: Json) -> Json:
    asked = read_params(ToolsRestartParams, params)
    uri = asked.uri or ""
    settings = session.settings_of(uri)
    check_known(settings, session.room.tools, asked.server, None)
    connection = await session.room.tools.restart(settings, asked.server)
    if connection is not None:
        await connection.wait(settings.tools.servers[asked.server].start_timeout_s)
    return await tools_list(session, {"uri": asked.uri, "chatId": asked.chat_id})


def register(server: Server) -> None:
    for name, run in (
        ("list", tools_list),
        ("set", tools_set),
        ("forget", tools_forget),
        ("restart", tools_restart),
    ):
        _register_one(server, name, run)


def _register_one(server: Server, name: str, run: Any) -> None:
    @server.feature(f"halley/tools/{name}")
    async def _request(params: Json) -> Json:
        return await run(server.session, params)

    @server.command(f"halley.tools.{name}")
    async def _command(arguments: list[Any]) -> Json:
        return await run(server.session, arguments[0] if arguments else {})
