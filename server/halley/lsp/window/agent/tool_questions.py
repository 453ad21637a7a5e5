"""The tools of a window's chats: which are on, and asking the user before a call.

A plugin of ours asks by `halley/tools/approve`, every other client by `window/showMessageRequest`. Only clear approval
counts: no answer, an unknown one and an error all deny the call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from halley.core.errors import HalleyError
from halley.core.settings import Settings
from halley.engine.edits.hunks import Hunk
from halley.engine.markdown.inert import visible
from halley.engine.prompting.prompts import fence
from halley.features.chat.desk import ToolDesk
from halley.features.tools.approving import Ask, Decision, Question, with_hunks
from halley.features.tools.helping import SAMPLING
from halley.features.tools.signing_in import sign_in
from halley.features.tools.switches import BUILTIN, Switches
from halley.features.tools.toolbox import OnlyHunks
from halley.lsp.window.agent.forms import fill_form
from halley.lsp.window.chat_states import title_of
from halley.lsp.window.showing import choose_button, show_answer, show_error, show_message
from halley.lsp.window.status import send_status

if TYPE_CHECKING:
    from halley.lsp.window.session import Session

Json = dict[str, Any]
MOST_SHOWN = 4000
"""Characters of arguments in a message box; a call with longer ones cannot be agreed to there, unread."""
ONCE, CHAT, ALWAYS, DENY = "Allow once", "For this chat", "Always in this workspace", "Deny"
_ANSWERS: Mapping[str, Decision] = {ONCE: "once", CHAT: "chat", ALWAYS: "always"}


def tool_desk(session: Session) -> ToolDesk:
    """What a chat of this window needs for its tools."""
    watch_tools(session)
    return ToolDesk(
        session.shared.tools,
        session.room.tool_picks,
        lambda *ids: _asking(session, *ids),
        lambda server, form: fill_form(session, server, form),
        lambda question: agree(session, question),
        lambda address: open_page(session, address),
    )


async def agree(session: Session, question: str, yes: str = "Yes", no: str = "No") -> bool:
    """Asks the user in a message box; no answer is a no."""
    return await choose_button(session, f"Halley: {question}", [yes, no]) == yes


async def open_page(session: Session, address: str) -> None:
    """In the user's browser, where the editor can open one; else as a message."""
    opened: Any = None
    if session.client.show_document:
        opened = await session.request("window/showDocument", {"uri": address, "external": True})
    if not (isinstance(opened, dict) and opened.get("success") is True):
        await show_message(session, f"Open this page in your browser to sign in: {address}")


def watch_tools(session: Session) -> None:
    """Tell the client when a server's state or tools change; from the first look on."""
    if session.watches_tools:
        return
    session.watches_tools = True
    listeners = session.shared.tools.on_change

    def changed() -> None:
        session.notify("halley/changed", {"what": "tools"})
        send_status(session)
        if session.client.questions:
            for name in session.shared.tools.wanting_sign_in():
                session.server.run_in_background(_offer_sign_in(session, name), "offering a sign-in")

    listeners.append(changed)
    session.server.closing.callback(lambda: listeners.remove(changed))


async def sign_in_to(session: Session, settings: Settings, name: str) -> str:
    """Signs in to a server from this window, and says what came of it. Raises HalleyError."""
    return await sign_in(
        session.shared.tools,
        settings,
        name,
        lambda question: agree(session, question),
        lambda address: open_page(session, address),
    )


async def _offer_sign_in(session: Session, name: str) -> None:
    question = f"the tool server {name} wants you to sign in."
    if not await agree(session, question, "Sign in", "Not now"):
        return
    try:
        await show_message(session, await sign_in_to(session, session.settings_of(""), name))
    except HalleyError as error:
        await show_error(session, error.problem)


def _asking(session: Session, chat: str, turn: str, reply: str) -> Ask:
    async def ask(question: Question) -> Decision | OnlyHunks:
        with session.steering.asking(chat), session.pending.asking(question) as answered:
            asked = asyncio.create_task(put(question))
            try:
                await asyncio.wait((asked, answered), return_when=asyncio.FIRST_COMPLETED)
                return answered.result() if answered.done() else asked.result()
            finally:
                asked.cancel()

    async def put(question: Question) -> Decision | OnlyHunks:
        if session.client.tools:
            return await _ask_plugin(session, question, {"chatId": chat, "turnId": turn, "replyId": reply})
        return await _ask_box(session, question, await _which(session, chat))

    return ask


async def _ask_plugin(session: Session, question: Question, ids: Json) -> Decision | OnlyHunks:
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
    told = {
        "changed": question.changed, "diff": question.diff, "command": question.command, "why": question.why
    }  # fmt: skip
    asked |= {name: text for name, text in told.items() if text}
    if question.chat:
        asked["chat"] = True
    if question.hunks:
        asked["hunks"] = [_hunk_json(hunk) for hunk in question.hunks]
    answer = await session.request("halley/tools/approve", asked)
    decision = answer.get("decision") if isinstance(answer, dict) else None
    offered: dict[Decision, bool] = {"once": True, "chat": question.chat, "always": question.always}
    for one, may in offered.items():
        if may and one == decision:
            return with_hunks(one, answer.get("hunks"), question)
    return "deny"


def _hunk_json(hunk: Hunk) -> Json:
    """For the user to read; which edits it stands for is not the client's business."""
    return {"line": hunk.line, "oldText": visible(hunk.old_text), "newText": visible(hunk.new_text)}


async def _which(session: Session, chat: str) -> str:
    """The chat's title, where others run too and the user could mistake which one asks."""
    return await title_of(session.room.chats, chat) if len(session.steering.chats) > 1 else ""


async def _ask_box(session: Session, question: Question, chat: str) -> Decision:
    """For clients without a plugin. Arguments that do not fit are denied, because the user cannot read them; a diff is
    shown as a document then."""
    text = question.text
    if len(text) > MOST_SHOWN and question.diff:
        await show_answer(session, f"{question.title}: waits for your approval", fence(question.diff, "diff"))
        text = f"Its diff is open beside this message: {len(question.diff.splitlines())} lines."
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
    notes = "".join(f"\n{note}" for note in (question.changed, question.why) if note)
    where = f" ({visible(chat)})" if chat else ""
    message = f"Halley{where}: {_asked(question)}{notes}\n\n{text}"
    titles = [ONCE, *([CHAT] if question.chat else []), *([ALWAYS] if question.always else []), DENY]
    return _ANSWERS.get(await choose_button(session, message, titles), "deny")


def _asked(question: Question) -> str:
    if question.tool == SAMPLING:
        return f"may {question.server} ask the chat's model this?"
    if question.tool == "write_plan" and question.server == BUILTIN:
        return "may the model work through this plan?"
    if question.command:
        return "may the model run this command?"
    if question.diff:
        return f"may the model make this change ({question.title})?"
    return f"may the model call {question.server}/{question.tool} with these arguments?"


async def switches_of(session: Session, uri: str, chat_id: str | None) -> Switches:
    root, picks = session.folders.root_of(uri), session.room.tool_picks
    chat = (await session.room.chats.get(chat_id)).tools if chat_id else {}
    return Switches.of(session.settings_of(uri), picks, root, chat)
