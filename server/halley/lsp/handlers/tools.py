"""halley/tools/*: the tools there are, which are on, and approval of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halley.core.errors import InvalidInput
from halley.features.tools.listing import check_known, matching, tools_json
from halley.features.tools.signing_in import sign_out
from halley.features.tools.switches import key_of
from halley.lsp.protocol.agent import AgentApproveParams
from halley.lsp.protocol.shape import command_argument, read_params
from halley.lsp.protocol.tools import (
    ToolsForgetParams,
    ToolsListParams,
    ToolsRestartParams,
    ToolsSetParams,
    ToolsSignParams,
)
from halley.lsp.window.agent.tool_questions import sign_in_to, switches_of, watch_tools
from halley.lsp.window.session import Session
from halley.lsp.window.status import send_status

if TYPE_CHECKING:
    from halley.lsp.base.server import HalleyServer

Json = dict[str, Any]


async def tools_list(session: Session, params: Json) -> Json:
    """As it is now; servers that are on and not running yet are started in the background; `halley/changed` follows."""
    asked = read_params(ToolsListParams, params)
    uri = asked.uri or ""
    watch_tools(session)
    switches = await switches_of(session, uri, asked.chat_id)
    wanted = [name for name in switches.settings.tools.servers if switches.uses(name)]
    await session.shared.tools.ready(switches.settings, wanted, 0)
    return tools_json(session.shared.tools, session.room.tool_picks, switches, session.folders.root_of(uri))


async def tools_set(session: Session, params: Json) -> Json:
    asked = read_params(ToolsSetParams, params)
    uri, room = asked.uri or "", session.room
    check_known(session.settings_of(uri), session.shared.tools, asked.server, asked.tool)
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
    check_known(settings, session.shared.tools, asked.server, None)
    connection = await session.shared.tools.restart(settings, asked.server)
    if connection is not None:
        await connection.wait(settings.tools.servers[asked.server].start_timeout_s)
    return await tools_list(session, {"uri": asked.uri, "chatId": asked.chat_id})


async def tools_sign_in(session: Session, params: Json) -> Json:
    asked = read_params(ToolsSignParams, params)
    settings = session.settings_of(asked.uri or "")
    said = await sign_in_to(session, settings, asked.server)
    return {"text": said}


async def tools_sign_out(session: Session, params: Json) -> Json:
    asked = read_params(ToolsSignParams, params)
    said = await sign_out(session.shared.tools, session.settings_of(asked.uri or ""), asked.server)
    return {"text": said}


async def approve(session: Session, params: Json) -> Json:
    asked = read_params(AgentApproveParams, params)
    if asked.edited is not None:
        raise InvalidInput(
            "A call cannot be edited.", "Answer `no`, and say in a message what is to be changed."
        )
    session.pending.answer(asked.call_id, asked.answer)
    return {}


def register(server: HalleyServer) -> None:
    @server.feature("halley/agent/approve")
    async def _approve(params: Json) -> Json:
        return await approve(server.session, params)

    for name, run in (
        ("list", tools_list),
        ("set", tools_set),
        ("forget", tools_forget),
        ("restart", tools_restart),
        ("signIn", tools_sign_in),
        ("signOut", tools_sign_out),
    ):
        _register_one(server, name, run)


def _register_one(server: HalleyServer, name: str, run: Any) -> None:
    @server.feature(f"halley/tools/{name}")
    async def _request(params: Json) -> Json:
        return await run(server.session, params)

    @server.command(f"halley.tools.{name}")
    async def _command(arguments: list[Any]) -> Json:
        return await run(server.session, command_argument(arguments))
