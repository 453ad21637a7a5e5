"""A reply of a chat with tools: which are on for it, who is asked, and which form its model gets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from halley.core.calls import Prompt
from halley.core.events import Event
from halley.core.models import ModelRef
from halley.features.ask import Line
from halley.features.chat.desk import ChatDesk, ToolDesk
from halley.features.chat.turns.turn import Asked
from halley.features.tools.approving import is_agreed
from halley.features.tools.builtin import ToolPlace
from halley.features.tools.loop import Written, converse
from halley.features.tools.switches import Switches
from halley.features.tools.toolbox import OfferedTool, open_toolbox


async def answer_with_tools(
    desk: ChatDesk,
    tools: ToolDesk,
    asked: Asked,
    line: Line,
    prompt: Prompt,
    options: Mapping[str, Any],
    take: Callable[[Event], None],
) -> None:
    """Streams the reply into `take`; as any reply where no tool is on."""
    root = desk.around.root
    switches = Switches.of(line.settings, tools.picks, root, asked.switched)
    place = ToolPlace.of(replace(desk.around, line=line), desk.snapshot)
    box = await open_toolbox(tools.servers, switches, place)
    news = tools.servers.news(asked.chat, filter(switches.uses, line.settings.tools.servers))
    box = replace(box, notices=(*box.notices, *news))
    ask = tools.ask_for(asked.chat, asked.turn, asked.reply) if tools.ask_for else None

    async def agree(
        tool: OfferedTool, arguments: Mapping[str, Any], id: str, on_ask: Callable[[], None]
    ) -> bool:
        return await is_agreed(tools.picks, root, tool, arguments, id, ask, on_ask)

    def needs(model: str) -> bool:
        can = desk.model_of(ModelRef.parse(model)).capabilities.get("tools")
        return can is False or model in tools.servers.cannot_call

    written = Written(needs, tools.servers.cannot_call.add)
    noted: dict[str, asyncio.Future[None]] = {}

    def note(rules: str) -> None:  # written while the model is asked already
        if rules not in noted:
            noted[rules] = asyncio.ensure_future(desk.store.note_sent(asked.reply, {"rules": rules}))

    await converse(
        line, prompt, box, agree, take, options,
        written=written, said=asked.said, note=note, keep=desk.store.keep,
    )  # fmt: skip
    await asyncio.gather(*noted.values())
