"""`/image`, `/speak`, `/video` and `/dictate` in a chat.

`/image` is a turn whose reply is the picture; nothing is written to the workspace before confirmation
(`halley/media/save`). `/speak` reads a reply aloud, and `/video` starts a video that runs in the background; neither
makes a turn. `/dictate` sends what a recording says, word for word: nothing in it is a command or a variable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from halley.core.calls import ImagePart
from halley.core.errors import InvalidInput
from halley.core.events import Event, Finish, Image, TextDelta
from halley.core.media import MediaKind
from halley.core.models import ModelRef
from halley.engine.chat_input import ChatInput
from halley.engine.markdown.spoken import speakable
from halley.features.chat.answering import none_left_open, settle_with
from halley.features.chat.commands import Expanded
from halley.features.chat.desk import ChatDesk, Emit, Json
from halley.features.chat.turns.question import ask_question
from halley.features.chat.turns.turn import Asked, ChatRequest, result_of, result_without_turn, tell_start
from halley.features.media.names import title_of
from halley.features.media.orders import Order
from halley.features.media.shapes import task_json
from halley.features.media.works import Works
from halley.stores.media import Task
from halley.stores.sqlite.blobs import load_blob


async def send_picture(desk: ChatDesk, request: ChatRequest, typed: ChatInput, emit: Emit) -> Json:
    """`/image`: a turn whose one reply is the picture."""
    if not typed.text.strip():
        raise InvalidInput("The prompt is empty.", "Describe the picture: /image a fox in the snow.")
    order, ref = await begin_picture(desk, typed)
    chat_id = request.chat_id or await desk.store.create(desk.around.workspace_id)
    turn_id = await desk.store.add_turn(
        chat_id, request.prompt, images=request.images, details={"said": request.prompt, "media": order.kind}
    )
    asked = Asked(desk.store.new_reply_id(), str(ref), opened_as=str(ref))
    async with none_left_open(desk, [asked.reply]):
        await desk.store.open_reply(turn_id, ref, asked.reply)
        tell_start(emit, asked, chat_id, turn_id)
        await answer_by_picture(desk, order, request.images, asked, emit)
    return await result_of(desk, chat_id, turn_id, [asked.reply])


async def send_speech(desk: ChatDesk, request: ChatRequest, typed: ChatInput, emit: Emit) -> Json:
    """`/speak`: what was typed, else the last reply, read aloud. Makes no turn."""
    return _made(request, emit, *await speak(desk, request.chat_id, typed))


async def send_video(desk: ChatDesk, request: ChatRequest, typed: ChatInput, emit: Emit) -> Json:
    """`/video`: begins a video and does not wait for it. Makes no turn."""
    return _made(request, emit, *await film(desk, typed))


async def send_dictated(desk: ChatDesk, request: ChatRequest, typed: ChatInput, emit: Emit) -> Json:
    """As if the recording's words had been typed; the transcript is reported."""
    return await send_heard(desk, request, await dictated(desk, typed), emit, typed.models)


async def send_heard(
    desk: ChatDesk, request: ChatRequest, heard: str, emit: Emit, models: tuple[str, ...] = ()
) -> Json:
    """A question that was spoken: nothing in it is a command, a variable or the name of a model."""
    emit({"type": "notice", "replyId": "", "text": f"Understood: {heard}"})
    said = Expanded(ChatInput(heard, models=models))
    return await ask_question(desk, replace(request, prompt=heard), said, emit)


def _made(request: ChatRequest, emit: Emit, said: str, task: Json) -> Json:
    emit({"type": "notice", "replyId": "", "text": said})
    return result_without_turn(request, said) | {"media": task}


async def begin_picture(desk: ChatDesk, typed: ChatInput) -> tuple[Order, ModelRef]:
    """The order, and the model for it. Raises NotConfigured where no model makes pictures."""
    _works(desk)
    model = typed.models[0] if typed.models else None
    ref = ModelRef.parse(model) if model else (await desk.around.line.route_of("image"))[0]
    return Order("image", typed.text.strip(), model=model), ref


async def answer_by_picture(
    desk: ChatDesk, order: Order, images: tuple[ImagePart, ...], asked: Asked, emit: Emit
) -> None:
    """Paints into a reply; with a picture attached, changes that one."""
    works = _works(desk)
    data = images[0].data if images else None
    if data is not None:
        order = Order("imageEdit", order.text, model=order.model)

    async def work(take: Callable[[Event], None]) -> None:
        id = (await works.start(order, desk.around.line, desk.around.workspace_id, data=data)).id

        def hear(task: Task) -> None:
            if task.id == id:
                emit({"type": "media", "replyId": asked.reply, "task": task_json(works, task)})

        works.listeners.add(hear)
        try:
            await desk.store.note(asked.reply, sent={"media": [id]})
            task = await works.finished(id)
        except asyncio.CancelledError:
            await asyncio.shield(works.cancel(id, desk.around.line))
            raise
        finally:
            works.listeners.discard(hear)
        for result in task.results:
            if bytes_ := await asyncio.to_thread(load_blob, works.store.folder, result.blob):
                take(Image(result.mime, bytes_))
        take(TextDelta(f"A picture of: {title_of(task.asked)}"))
        take(Finish("stop", task.usage, ModelRef.parse(task.model) if task.model else None))

    await settle_with(desk, asked, emit, work)


async def speak(desk: ChatDesk, chat_id: str | None, typed: ChatInput) -> tuple[str, Json]:
    """Reads what was typed aloud, else the last reply. What it said it did, and the task."""
    works, text = _works(desk), typed.text.strip()
    if not text:
        chat = await desk.store.get(chat_id) if chat_id else None
        replies = [turn.reply for turn in chat.current_turns if turn.reply] if chat else []
        if not replies:
            raise InvalidInput(
                "There is no reply to read aloud.", "Ask something first, or write a text after /speak."
            )
        text = replies[-1].text
    order = Order("speech", speakable(text), model=typed.models[0] if typed.models else None)
    shown = task_json(works, await works.make(order, desk.around.line, desk.around.workspace_id))
    return f"Read aloud: {shown['results'][0]['path']}", shown


async def film(desk: ChatDesk, typed: ChatInput) -> tuple[str, Json]:
    """Begins a video, which is not waited for."""
    works = _works(desk)
    order = Order("video", typed.text.strip(), model=typed.models[0] if typed.models else None)
    task = await works.start(order, desk.around.line, desk.around.workspace_id)
    return f"A video is being made ({task.id}). You are notified when it is ready.", task_json(works, task)


async def dictated(desk: ChatDesk, typed: ChatInput) -> str:
    """What the recording at the path that was typed says; with `translate` before the path, in English.

    Raises InvalidInput for what is no recording, or says nothing.
    """
    named = typed.text.strip()
    kind: MediaKind = "transcription"
    first, _, rest = named.partition(" ")
    if first == "translate" and rest.strip():
        kind, named = "translation", rest.strip()
    named = named.strip("\"'")
    if not named:
        raise InvalidInput("Which recording?", "Name its file: /dictate notes/question.wav")
    path = Path(named).expanduser()
    if not path.is_absolute():
        if desk.around.workspace is None:
            raise InvalidInput("A relative path needs a workspace.", "Give the recording's full path.")
        path = desk.around.workspace.root / path
    return await _heard(desk, Order(kind, source=str(path)), None, path.name)


async def transcribed(desk: ChatDesk, data: bytes) -> str:
    """What a recording says. Raises as `dictated` does, and NotConfigured where no model transcribes."""
    return await _heard(desk, Order("transcription"), data, "the recording")


async def _heard(desk: ChatDesk, order: Order, data: bytes | None, name: str) -> str:
    task = await _works(desk).make(order, desk.around.line, desk.around.workspace_id, data=data)
    if not (task.text or "").strip():
        raise InvalidInput(f"No speech was recognised in {name}.", "Record it again, or type it.")
    return str(task.text).strip()


def _works(desk: ChatDesk) -> Works:
    if desk.around.media is None:
        raise InvalidInput(
            "Pictures and sound cannot be saved here.", "Use `halley image` or `halley speak`."
        )
    return desk.around.media()
