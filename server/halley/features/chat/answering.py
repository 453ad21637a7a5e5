"""One model's reply to a turn, streamed to the client and into the store as it comes.

Whatever happens, the reply is settled: complete, interrupted (text had come), or failed (none had). What had arrived is
kept, also when the request is cancelled.
"""

from __future__ import annotations

import asyncio
import base64
from contextlib import aclosing
from typing import Any

from halley.core.calls import Priority, Prompt
from halley.core.errors import HalleyError, problem_of
from halley.core.events import (
    Citation,
    Event,
    Finish,
    Image,
    Notice,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
)
from halley.features.ask import stream_reply
from halley.features.chat.desk import ChatDesk, Emit, Json


async def answer(
    desk: ChatDesk, prompt: Prompt, reply: str, model: str | None, emit: Emit, feature: str = "chat"
) -> None:
    """Stream the reply `reply` (its id in the store). Raises only CancelledError; errors are in the settled reply."""
    finish: Finish | None = None
    has_text = False
    options: dict[str, Any] = {"feature": feature, "role": "chat", "model": model, "priority": Priority.CHAT}
    try:
        async with aclosing(stream_reply(desk.line, prompt, **options)) as events:
            async for event in events:
                if isinstance(event, Finish):
                    finish = event
                    continue
                has_text = has_text or isinstance(event, TextDelta)
                desk.store.append(reply, (event,))
                emit(event_json(reply, event))
    except HalleyError as error:
        status = "interrupted" if has_text else "failed"
        await desk.store.settle(reply, status, problem=error.problem)
    except (asyncio.CancelledError, GeneratorExit):
        await desk.store.settle(reply, "interrupted")
        raise
    except Exception as error:
        await desk.store.settle(reply, "interrupted" if has_text else "failed", problem=problem_of(error))
        raise
    else:
        usage, times = (finish.usage, finish.times) if finish else (None, None)
        await desk.store.settle(reply, "complete", usage=usage, times=times)


def event_json(reply: str, event: Event) -> Json:
    """An event as the protocol has it."""
    match event:
        case TextDelta(text):
            return {"type": "text", "replyId": reply, "delta": text}
        case ReasoningDelta(text):
            return {"type": "reasoning", "replyId": reply, "delta": text}
        case Notice(text, model):
            return {"type": "notice", "replyId": reply, "text": text, "model": str(model) if model else None}
        case Citation():
            return {"type": "citation", "replyId": reply, "url": event.url, "title": event.title}
        case Image(mime, data, url):
            shown = {"data": base64.b64encode(data).decode()} if data else {"url": url}
            return {"type": "image", "replyId": reply, "mime": mime} | shown
        case ToolCallDelta():
            return {
                "type": "toolCall",
                "replyId": reply,
                "index": event.index,
                "name": event.name,
                "delta": event.arguments,
            }
        case Finish():
            return {"type": "usage", "replyId": reply}
