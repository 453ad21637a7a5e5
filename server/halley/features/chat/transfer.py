"""A chat as JSON that can be taken in again: everything but the files it was kept in.

The texts are as they were written, also what a model wrote: JSON is data, and the code that shows it makes it inert, as
Halley does. What is taken in is checked field by field and bounded; ids are new.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from halley.core.errors import InvalidInput, Problem
from halley.core.events import Citation
from halley.core.json_text import depth_of, mend_surrogates
from halley.core.models import Role, Times, Usage
from halley.features.chat.blind import is_blind, shown
from halley.features.chat.pictures import mime_of
from halley.stores.chats.store import ChatStore
from halley.stores.chats.values import Chat, Excerpt, Mark, Reply, StoredImage, ToolUse, Turn

Json = dict[str, Any]
FORMAT, VERSION = "halley-chat", 1
MOST_TEXT = 20_000_000
MOST_DEPTH = 32


def export_json(store: ChatStore, chat: Chat, replies: Iterable[str] = ()) -> Json:
    """The chat, or only the replies named by id with their turns. A blind turn keeps its secret."""
    wanted = set(replies)
    turns = [
        _chosen(turn, wanted)
        for turn in chat.turns
        if not wanted or any(r.id in wanted for r in turn.replies)
    ]
    return {
        "format": FORMAT,
        "version": VERSION,
        "title": chat.title,
        "created": chat.created,
        "turns": [_turn(store, turn) for turn in turns],
        "marks": [asdict(mark) for mark in chat.marks] if not wanted else [],
    }


async def import_json(store: ChatStore, value: Any, workspace: str | None) -> str:
    """The new chat's id. Raises InvalidInput for what is no such export, naming the field that is wrong."""
    if isinstance(value, str):
        value = _parsed(value)
    try:
        # First: whatever walks a hostile nesting by recursion runs out of stack.
        if depth_of(value, MOST_DEPTH) > MOST_DEPTH:
            raise RecursionError
        read = _Chat.model_validate(mend_surrogates(value))
    except (ValidationError, ValueError, RecursionError) as error:
        # Without the cause: pydantic repeats the input in it, and a chat may hold anything.
        raise _wrong(error) from None
    turns = tuple(_to_turn(store, turn, position) for position, turn in enumerate(read.turns))
    marks = tuple(Mark(m.after_position, m.kind, m.text, m.created) for m in read.marks)
    chat = Chat("", workspace, read.title, read.created, read.created, turns=turns, marks=marks)
    return await store.add_chat(chat, workspace)


def _chosen(turn: Turn, wanted: set[str]) -> Turn:
    turn = shown(turn) if is_blind(turn) else turn
    return replace(turn, replies=tuple(r for r in turn.replies if r.id in wanted)) if wanted else turn


def _turn(store: ChatStore, turn: Turn) -> Json:
    details = _kept(turn.details)
    if is_blind(turn):
        details.pop("models", None)
    return {
        "prompt": turn.prompt,
        "created": turn.created,
        "undone": turn.undone,
        "excerpts": [asdict(excerpt) for excerpt in turn.excerpts],
        "images": [_image(store, image) for image in turn.images],
        "details": details,
        "replies": [_reply(store, reply) for reply in turn.replies],
    }


def _reply(store: ChatStore, reply: Reply) -> Json:
    plain = ("model", "status", "text", "reasoning", "chosen", "created", "sent")
    return {name: getattr(reply, name) for name in plain} | {
        "citations": [asdict(citation) for citation in reply.citations],
        "images": [_image(store, image) for image in reply.images],
        "notices": list(reply.notices),
        "tool_uses": [asdict(use) for use in reply.tool_uses],
        "usage": asdict(reply.usage) if reply.usage else None,
        "times": asdict(reply.times) if reply.times else None,
        "problem": asdict(reply.problem) if reply.problem else None,
    }


def _image(store: ChatStore, image: StoredImage) -> Json:
    data = store.load_image(image)
    return (
        {"mime": image.mime, "data": base64.b64encode(data).decode()}
        if data
        else {"mime": image.mime, "url": image.url}
    )


# What is taken in


class _Shape(BaseModel):
    # A newer Halley may write fields that this one does not know; they are left out, and the chat is read.
    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)


LongText = Annotated[str, Field(max_length=MOST_TEXT)]
Count = Annotated[int, Field(ge=0, le=1 << 53)]
Moment = Annotated[float, Field(ge=0, le=1 << 33)]
"""Seconds since 1970."""
Amount = Annotated[float, Field(ge=0, le=1e12)]
"""Milliseconds, tokens a second, dollars."""


class _Excerpt(_Shape):
    source: str = Field(max_length=4000)
    label: str = Field("", max_length=4000)
    tokens: Count = 0
    text: str = Field("", max_length=MOST_TEXT)


class _Image(_Shape):
    mime: str = Field(max_length=100)
    data: str = Field("", max_length=MOST_TEXT)
    url: str = Field("", max_length=4000)


class _Citation(_Shape):
    url: str = Field(max_length=4000)
    title: str = Field("", max_length=4000)
    start: Count | None = None
    end: Count | None = None
    quote: str = Field("", max_length=100_000)


class _ToolUse(_Shape):
    id: str = Field(max_length=200)
    name: str = Field(max_length=200)
    arguments: str = Field(max_length=MOST_TEXT)
    server: str = Field("", max_length=200)
    title: str = Field("", max_length=1000)
    read_only: bool = False
    at: Count = 0
    state: str = Field("open", max_length=20)
    result: str = Field("", max_length=MOST_TEXT)
    shortened: bool = False
    ms: Amount | None = None
    diff: str = Field("", max_length=MOST_TEXT)
    command: str = Field("", max_length=MOST_TEXT)


class _Usage(_Shape):
    input_tokens: Count = 0
    output_tokens: Count = 0
    cached_tokens: Count = 0
    reasoning_tokens: Count = 0
    cost_usd: Amount | None = None
    estimated: bool = False
    cost_source: Literal["provider", "estimated", "unknown"] = "unknown"
    written_tokens: Count = 0
    saved_usd: float | None = Field(None, ge=-1e6, le=1e6)


class _Times(_Shape):
    first_byte_ms: Amount | None = None
    first_token_ms: Amount | None = None
    total_ms: Amount | None = None
    tokens_per_s: Amount | None = None


class _Problem(_Shape):
    code: str = Field(max_length=100)
    message: str = Field(max_length=10_000)
    help: str = Field("", max_length=10_000)


class _Sent(_Shape):
    """What `build_chat_prompt` and the rules for tools note."""

    system: LongText | None = None
    rules: LongText | None = None
    turns: (
        Annotated[list[Annotated[tuple[Count, int], Field(strict=False)]], Field(max_length=100_000)] | None
    ) = None
    leftOut: Count | None = None
    summary: bool | None = None
    tokens: Count | None = None
    window: Count | None = None
    media: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=100)] | None = None


class _Details(_Shape):
    said: LongText | None = None
    models: Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=200)] | None = None
    role: Role | None = None


class _Reply(_Shape):
    model: str = Field(max_length=500)
    status: Literal["open", "complete", "interrupted", "cancelled", "failed"]
    text: str = Field("", max_length=MOST_TEXT)
    reasoning: str = Field("", max_length=MOST_TEXT)
    chosen: bool = False
    created: Moment = 0.0
    sent: _Sent = _Sent()
    citations: list[_Citation] = Field([], max_length=2000)
    images: list[_Image] = Field([], max_length=100)
    notices: list[str] = Field([], max_length=1000)
    tool_uses: list[_ToolUse] = Field([], max_length=1000)
    usage: _Usage | None = None
    times: _Times | None = None
    problem: _Problem | None = None


class _Turn(_Shape):
    prompt: str = Field(max_length=MOST_TEXT)
    created: Moment = 0.0
    undone: bool = False
    excerpts: list[_Excerpt] = Field([], max_length=10_000)
    images: list[_Image] = Field([], max_length=100)
    details: _Details = _Details()
    replies: list[_Reply] = Field([], max_length=200)


class _Mark(_Shape):
    after_position: int = Field(ge=-1, le=1 << 53)
    kind: Literal["clear", "compact"]
    text: str = Field("", max_length=MOST_TEXT)
    created: Moment = 0.0


class _Chat(_Shape):
    format: Literal["halley-chat"]
    version: Literal[1]
    title: str = Field("", max_length=1000)
    created: Moment = 0.0
    turns: list[_Turn] = Field(max_length=100_000)
    marks: list[_Mark] = Field([], max_length=10_000)


def _parsed(text: str) -> Any:
    import json

    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInput(
            "This is not JSON.", "Import a chat that was exported with the format `json`."
        ) from None


def _sent(read: _Sent) -> Json:
    noted = read.model_dump(exclude_none=True)
    if "window" in read.model_fields_set:
        noted["window"] = read.window  # None means that the window was not known, which is saved too
    return noted | {"turns": [list(pair) for pair in noted["turns"]]} if "turns" in noted else noted


def _wrong(error: ValueError | RecursionError) -> InvalidInput:
    help = "Import a chat that was exported with the format `json`."
    if not isinstance(error, ValidationError):
        return InvalidInput("The export is nested too deeply.", help)
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(map(str, first["loc"])) or "the whole"
    return InvalidInput(f"This is not a chat that Halley exported: {place}: {first['msg']}.", help)


def _to_turn(store: ChatStore, read: _Turn, position: int) -> Turn:
    return Turn(
        "",
        "",
        position,
        read.prompt,
        read.created,
        read.undone,
        tuple(Excerpt(**e.model_dump()) for e in read.excerpts),
        tuple(_to_image(store, image) for image in read.images),
        read.details.model_dump(exclude_none=True),
        tuple(_to_reply(store, reply) for reply in read.replies),
    )


def _kept(details: Mapping[str, Any]) -> Json:
    """Not a macro's run, which is on the machine it ran on; nor that names were hidden, which could not be undone."""
    return {k: v for k, v in details.items() if k in ("said", "models", "role")}


def _to_reply(store: ChatStore, read: _Reply) -> Reply:
    return Reply(
        "",
        "",
        read.model,
        read.status,
        read.text,
        read.reasoning,
        tuple(Citation(**c.model_dump()) for c in read.citations),
        tuple(_to_image(store, image) for image in read.images),
        tuple(read.notices),
        tuple(ToolUse(**use.model_dump()) for use in read.tool_uses),
        Usage(**read.usage.model_dump()) if read.usage else None,
        Times(**read.times.model_dump()) if read.times else None,
        Problem(**read.problem.model_dump()) if read.problem else None,
        read.chosen,
        sent=_sent(read.sent),
        created=read.created,
    )


def _to_image(store: ChatStore, read: _Image) -> StoredImage:
    """Bytes that are no picture are not kept."""
    try:
        data = base64.b64decode(read.data, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    mime = mime_of(data)
    return store.save_image(mime, data) if mime else StoredImage(read.mime, url=read.url)
