"""Commands that are about the chat itself: `/clear`, `/model`, `/mode`, `/restore`, `/share`. No turn is made of them.

Each says in one sentence what it did; what was typed after `/clear` is asked as the first turn of the new start.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from halley.core.agent import MODES
from halley.core.errors import InvalidInput
from halley.core.models import ModelRef
from halley.engine.chat_input import ChatInput
from halley.features.agent.modes import WHAT, mode_of, read_mode
from halley.features.chat.commands import Expanded
from halley.features.chat.compaction import compact
from halley.features.chat.desk import ChatDesk, Emit, Json
from halley.features.chat.turns.question import ask_question
from halley.features.chat.turns.turn import ChatRequest, result_without_turn


async def send_command(desk: ChatDesk, request: ChatRequest, typed: ChatInput, emit: Emit) -> Json:
    """Does what the command says and reports it in `said`; the rest of a `/clear` is asked as a question."""
    said = await ABOUT[typed.command](desk, request.chat_id, typed)
    emit({"type": "notice", "replyId": "", "text": said})
    if typed.command == "clear" and typed.text.strip():
        rest = replace(typed, command="")
        return await ask_question(desk, request, Expanded(rest), emit) | {"said": said}
    return result_without_turn(request, said)


async def clear(desk: ChatDesk, chat_id: str | None, _typed: ChatInput) -> str:
    await desk.store.mark(_needed(chat_id, "clear"), "clear")
    return "The context is cleared: earlier turns stay in the history but are no longer sent."


async def sum_up(desk: ChatDesk, chat_id: str | None, _typed: ChatInput) -> str:
    count = await compact(desk, _needed(chat_id, "compact"))
    return f"{count} turn{'s' if count > 1 else ''} summarised; from now on the summary is sent instead."


async def model(desk: ChatDesk, _chat_id: str | None, typed: ChatInput) -> str:
    if desk.choose_model is None:
        raise InvalidInput("The model cannot be chosen here.", "Use `halley use chat PROVIDER/MODEL`.")
    names = typed.models or tuple(name for name in typed.text.replace(",", " ").split())
    return await desk.choose_model(tuple(str(ModelRef.parse(name)) for name in names))


async def tools(desk: ChatDesk, chat_id: str | None, typed: ChatInput) -> str:
    """`/tools`, `/tools off`, `/tools on`, `/tools SERVER off`, `/tools SERVER/TOOL on`, `/tools SERVER signin`."""
    from halley.features.chat.tool_offers import say_tools, sign_in_to, sign_out_of, switch_tools

    words = typed.text.split()
    if not words:
        return await say_tools(desk, chat_id)
    if len(words) == 2 and words[1] in ("signin", "signout"):
        return await (sign_in_to if words[1] == "signin" else sign_out_of)(desk, words[0])
    if words[-1] not in ("on", "off") or len(words) > 2:
        raise InvalidInput(
            "The /tools command is incomplete.", "Write /tools off, /tools on, or /tools SERVER off."
        )
    what = words[0] if len(words) == 2 else ""
    return await switch_tools(desk, _needed(chat_id, "tools"), what, words[-1] == "on")


async def mode(desk: ChatDesk, chat_id: str | None, typed: ChatInput) -> str:
    """`/mode` says the chat's mode, `/mode edit` changes it: for a chat without turns, that of the workspace's next."""
    settings, picks, root = desk.around.settings, desk.tools.picks if desk.tools else None, desk.around.root
    wanted = typed.text.strip()
    if not wanted:
        now = mode_of(settings, picks, root, await desk.store.get(chat_id) if chat_id else None)
        return f"The mode is {now}. {WHAT[now]} Modes are {', '.join(MODES)}."
    chosen = read_mode(wanted)
    if picks and root:
        picks.pick_mode(root, chosen)
    if chat_id:
        await desk.store.note_agent(chat_id, {"mode": chosen})
    return f"The mode is {chosen}. {WHAT[chosen]}"


async def restore(desk: ChatDesk, chat_id: str | None, typed: ChatInput) -> str:
    """`/restore` takes back the agent's last turn, `/restore undo` that; `force` also what was changed since."""
    from halley.features.agent.checkpoints import restore as take_back

    chat, words = _needed(chat_id, "restore"), set(typed.text.split())
    if words - {"undo", "force"}:
        raise InvalidInput(
            "The /restore command takes `undo` and `force`.", "Write /restore, or /restore undo."
        )
    root, agent = desk.around.root, desk.agent
    if root is None or agent is None or agent.checkpoints is None:
        raise InvalidInput("Nothing can be restored here.", "Open the folder of the chat.")
    if (await desk.store.get(chat)).workspace != desk.around.workspace_id:
        raise InvalidInput("This chat belongs to another workspace.", "Open that one.")
    found = [one for one in await agent.checkpoints.of_chat(chat) if bool(one.turn) is ("undo" not in words)]
    if not found:
        raise InvalidInput(
            "There is nothing to restore in this chat.", "An agent's turns that change files are kept."
        )
    done = await take_back(
        agent.checkpoints,
        agent.bench(root),
        root,
        found[-1].id,
        force="force" in words,
        own=agent.closed(root),
    )
    said = [f"Restored: {', '.join(done.files) or 'nothing'}."]
    if done.changed:
        said.append(
            f"Changed since and left alone: {', '.join(done.changed)}. `/restore force` restores them too."
        )
    return " ".join((*said, *(f"Failed: {one}." for one in done.failed)))


async def share(desk: ChatDesk, chat_id: str | None, typed: ChatInput) -> str:
    """`/share` stores the chat as it is for the team, `/share stop` deletes that copy."""
    words = typed.text.split()
    if words not in ([], ["stop"]):
        raise InvalidInput("The /share command takes only `stop`.", "Write /share, or /share stop.")
    if desk.share is None:
        raise InvalidInput("A chat cannot be shared from here.", "Use `halley team chats share`.")
    return await desk.share(_needed(chat_id, "share"), bool(words))


ABOUT: Mapping[str, Callable[[ChatDesk, str | None, ChatInput], Awaitable[str]]] = {
    "clear": clear,
    "compact": sum_up,
    "model": model,
    "tools": tools,
    "mode": mode,
    "restore": restore,
    "share": share,
}


def _needed(chat_id: str | None, command: str) -> str:
    if chat_id is None:
        raise InvalidInput(f"/{command} needs a chat with at least one turn.", "Say something first.")
    return chat_id
