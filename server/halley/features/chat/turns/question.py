"""A question to models: the turn that most turns are. Each model named gives its reply, side by side.

`send_question` is the row of the table; `give_replies` also serves a retry of a turn that is stored already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace

from halley.core.agent import Mode
from halley.core.errors import InvalidInput
from halley.core.events import Notice
from halley.core.models import ModelRef, Role
from halley.engine.chat_input import ChatInput
from halley.engine.prompting.conversation import Attachment
from halley.features.agent.modes import mode_of, read_mode
from halley.features.chat.answering import answer, none_left_open
from halley.features.chat.blind import is_blind, label, shuffled
from halley.features.chat.commands import Expanded, expand_command
from halley.features.chat.compaction import compact_if_needed
from halley.features.chat.desk import ChatDesk, Emit, Json
from halley.features.chat.messages import build_chat_prompt, to_excerpts
from halley.features.chat.pictures import check_sees
from halley.features.chat.shapes import excerpts_json
from halley.features.chat.turns.turn import Asked, ChatRequest, result_of, tell_start
from halley.features.chat.variables import load_attachments, notebook_attachment, selection_attachment
from halley.stores.chats.values import Chat, Turn


async def send_question(desk: ChatDesk, request: ChatRequest, typed: ChatInput, emit: Emit) -> Json:
    """What was typed, with what its command stands for, asked of every model named. Raises InvalidInput for an unknown
    command or variable before anything is stored."""
    return await ask_question(desk, request, await expand_command(desk, typed), emit)


async def ask_question(desk: ChatDesk, request: ChatRequest, expanded: Expanded, emit: Emit) -> Json:
    """A turn made of an expanded command, with one reply for each model."""
    typed = expanded.typed
    attachments = await _attachments(desk, request, typed)
    models = list(dict.fromkeys(str(ModelRef.parse(model)) for model in request.models or typed.models))
    if request.images:
        check_sees(
            desk,
            map(ModelRef.parse, models) if models else [(await desk.around.line.route_of(expanded.role))[0]],
        )
    if request.blind:
        if len(models) < 2:
            raise InvalidInput("Comparing blind needs at least two models.", "Name them, as @provider/model.")
        models = shuffled(models)
    refs = await _models_of(desk, models, expanded.role)
    before = await desk.store.get(request.chat_id) if request.chat_id else None
    kept = mode = choose_mode(desk, request.mode, before)
    if expanded.edits and mode == "ask":
        mode = "edit"
    if mode != "ask" and len(refs) > 1:
        raise InvalidInput(
            f"In the mode {mode} one model works at a time.", "Name one model, or ask in the mode ask."
        )
    if request.first is not None:
        await request.first()
        before = await desk.store.get(request.chat_id) if request.chat_id else None
        attachments = await _attachments(desk, request, typed)  # of files that are other ones now
    begun = desk.store.begin_turn(
        request.chat_id,
        desk.around.workspace_id,
        request.prompt,
        refs,
        excerpts=to_excerpts(attachments),
        images=request.images,
        details={"said": typed.text, "models": models, "blind": request.blind, "role": expanded.role},
        tools=request.tools,
        agent={"mode": kept} if before is None or request.mode else None,
    )
    turn = begun.turn
    chat = before or Chat(turn.chat_id, desk.around.workspace_id, "", turn.created, turn.created)
    chat = replace(
        chat,
        turns=(*chat.turns, turn),
        tools={**chat.tools, **request.tools},
        agent={**chat.agent, "mode": mode},
    )
    async with none_left_open(desk, begun.replies):
        try:  # the first token does not wait for the disk
            await give_replies(desk, chat, turn, asked_of(turn, refs, begun.replies, bool(models)), emit)
        finally:
            await asyncio.shield(begun.saved)
    return await result_of(desk, chat.id, turn.id, begun.replies)


def asked_of(turn: Turn, refs: Sequence[ModelRef], replies: Sequence[str], exactly: bool) -> list[Asked]:
    """`exactly`: those models and no fallback, since the user named them."""
    return [
        replace(
            asked_at(turn, len(turn.replies) + number, str(ref)),
            reply=reply,
            model=str(ref) if exactly else None,
        )
        for number, (ref, reply) in enumerate(zip(refs, replies, strict=True))
    ]


async def give_replies(desk: ChatDesk, chat: Chat, turn: Turn, asked: Sequence[Asked], emit: Emit) -> None:
    refs = [ModelRef.parse(one.opened_as) for one in asked]
    chat, told = await compact_if_needed(desk, chat, refs, turn.id, emit)
    excerpts = excerpts_json(turn, desk.around.root)
    work: list[Awaitable[None]] = []
    for one, ref in zip(asked, refs, strict=True):
        built = build_chat_prompt(desk, chat, ref, turn.id)
        one = in_chat(desk, one, chat)
        tell_start(emit, one, chat.id, turn.id, excerpts)
        left_out = (
            f"{built.left_out} earlier turns did not fit into the context of {one.shown} and were left out."
        )
        for text in (told, left_out if built.left_out else ""):
            if text:
                desk.store.append(one.reply, (Notice(text),))
                emit({"type": "notice", "replyId": one.reply, "text": text})
        work += [answer(desk, built.prompt, one, emit), desk.store.note_sent(one.reply, built.sent)]
    await _all(work)


def choose_mode(desk: ChatDesk, wanted: str, chat: Chat | None) -> Mode:
    """The mode of the turn; one that is named is kept for the workspace. Raises InvalidInput for an unknown one."""
    picks, root = desk.tools.picks if desk.tools else None, desk.around.root
    if not wanted:
        return mode_of(desk.around.settings, picks, root, chat)
    mode = read_mode(wanted)
    if picks and root:
        picks.pick_mode(root, mode)
    return mode


def in_chat(desk: ChatDesk, asked: Asked, chat: Chat) -> Asked:
    """A reply with what holds in its chat: switched tools, mode, plan."""
    mode = mode_of(desk.around.settings, desk.tools.picks if desk.tools else None, desk.around.root, chat)
    plan = tuple((str(step), str(state)) for step, state in chat.agent.get("plan") or ())
    return replace(asked, switched=chat.tools, mode=mode, plan=plan)


def asked_at(turn: Turn, position: int, model: str) -> Asked:
    blind, role = is_blind(turn), turn.details.get("role", "chat")
    return Asked(
        "", label(position) if blind else model, None, role, blind, model, chat=turn.chat_id, turn=turn.id
    )


async def _attachments(desk: ChatDesk, request: ChatRequest, typed: ChatInput) -> list[Attachment]:
    named = await load_attachments(desk, typed.variables, typed.text)
    return [*_selection(desk, typed), *request.attached, *named]


def _selection(desk: ChatDesk, typed: ChatInput) -> list[Attachment]:
    """The selected code goes along by itself, unless the user named it; in a notebook with the cells around it, unless
    the whole of it was named."""
    snapshot, named = desk.snapshot, {variable.name for variable in typed.variables}
    if snapshot is None or snapshot.selection.is_empty:
        return []
    around = None if "buffer" in named else notebook_attachment(snapshot)
    selected = [] if "selection" in named else [selection_attachment(snapshot)]
    return [around, *selected] if around else selected


async def _models_of(desk: ChatDesk, models: Sequence[str], role: Role) -> list[ModelRef]:
    """The models to ask: those named, else the first of the role's route."""
    return [ModelRef.parse(model) for model in models] or [(await desk.around.line.route_of(role))[0]]


async def _all(work: Sequence[Awaitable[None]]) -> None:
    """Side by side; when we are cancelled, all of them are, and each has kept what it had before we go."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
