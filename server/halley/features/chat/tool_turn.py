"""A reply of a chat with tools: which are on for it, who is asked, and which form its model gets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from halley.core.calls import Prompt
from halley.core.events import Event, Spent, ToolCalled
from halley.core.models import ModelRef
from halley.engine.prompting.agent_text import mode_rules
from halley.features.agent.modes import limits_of
from halley.features.agent.rules import skill_rules, skill_tool, skills_of
from halley.features.ask import Line
from halley.features.chat.desk import ChatDesk, ToolDesk
from halley.features.chat.turns.turn import Asked
from halley.features.tools.approving import is_agreed
from halley.features.tools.builtin import ToolPlace
from halley.features.tools.helping import ReplyHelp
from halley.features.tools.loop import Written, converse
from halley.features.tools.spending import Spending
from halley.features.tools.switches import BUILTIN, Switches
from halley.features.tools.toolbox import Agreed, OfferedTool, Prepared, open_toolbox

if TYPE_CHECKING:
    from halley.features.agent.work import AgentWork, Plan


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
    around = desk.around if line is desk.around.line else replace(desk.around, line=line)
    place = ToolPlace.of(around, desk.snapshot, desk.open_texts, desk.read_text)
    work = _work(desk, asked, line, take) if switches.uses(BUILTIN) and place else None
    ask = tools.ask_for(asked.chat, asked.turn, asked.reply) if tools.ask_for else None
    spending = Spending(lambda usage: take(Spent(usage)), asked.spent)
    limits = limits_of(line.settings, work.mode if work else "ask")
    help = ReplyHelp(line, options, ask, tools.fill, take, spending, limits)
    box = await open_toolbox(tools.servers, switches, place, help_for=help.of)
    reading, acting = box.tools, dict[str, OfferedTool]()
    if work is not None:
        from halley.features.agent.toolbox import acting_tools

        acting = {tool.wire: tool for tool in acting_tools(work, switches)}
        box = replace(box, tools={**box.tools, **acting})
    if desk.agent is not None and desk.agent.language is not None and switches.uses(BUILTIN):
        from halley.features.agent.language import language_tools

        more = {tool.wire: tool for tool in language_tools(desk.agent.language, place)}
        reading, box = {**reading, **more}, replace(box, tools={**box.tools, **more})
    skills = skills_of(desk.around.workspace) if switches.uses(BUILTIN) and box.tools else {}
    if skill := skill_tool(skills):
        box = replace(box, tools={**box.tools, skill.wire: skill})
    if news := tools.servers.news(asked.chat, filter(switches.uses, line.settings.tools.servers)):
        box = replace(box, notices=(*box.notices, *news))
    in_chat = tools.servers.approved_in(asked.chat)

    async def agree(
        tool: OfferedTool,
        arguments: Mapping[str, Any],
        id: str,
        on_ask: Callable[[], None],
        prepared: Prepared | None,
    ) -> Agreed:
        return await is_agreed(tools.picks, root, tool, arguments, id, ask, on_ask, prepared, in_chat)

    def needs(model: str) -> bool:
        can = desk.model_of(ModelRef.parse(model)).capabilities.get("tools")
        return can is False or model in tools.servers.cannot_call

    def is_awaited() -> bool:
        return desk.steering is not None and desk.steering.waiting(asked.chat) > 0

    written = Written(needs, tools.servers.cannot_call.add)
    noted: dict[str, asyncio.Future[None]] = {}

    def note(rules: str) -> None:  # written while the model is asked already
        if rules not in noted:
            noted[rules] = asyncio.ensure_future(desk.store.note_sent(asked.reply, {"rules": rules}))

    shown = take
    if work is not None and switches.tool(BUILTIN, "task").enabled:
        from halley.features.agent.planning import PLANNING
        from halley.features.agent.tasks import TaskGround, task_tool

        reads = {name: tool for name, tool in reading.items() if tool.read_only and not tool.asks}
        acts = {name: tool for name, tool in acting.items() if name not in PLANNING}
        at = 0

        def watch(event: Event) -> None:
            nonlocal at
            at = event.at if isinstance(event, ToolCalled) else at
            take(event)

        shown = watch
        task = task_tool(
            TaskGround(
                line, options, reads, acts, agree, written, spending, limits, take, desk.model_of, desk.store.keep,
                lambda: at,
            )
        )  # fmt: skip
        box = replace(box, tools={**box.tools, task.wire: task})
    await converse(
        line, prompt, box, agree, shown, options,
        written=written, spending=spending, is_awaited=is_awaited, said=asked.said, note=note, keep=desk.store.keep,
        limits=limits, waited_s=lambda: help.asked_s,
        rules="\n\n".join(
            filter(None, (mode_rules(work.mode, work.plan) if work else "", skill_rules(skills)))
        ),
    )  # fmt: skip
    await asyncio.gather(*noted.values())


def _work(desk: ChatDesk, asked: Asked, line: Line, take: Callable[[Event], None]) -> AgentWork | None:
    """What the reply's agent works with; None for one that only reads."""
    from halley.features.agent.checkpoints import Keeper
    from halley.features.agent.work import AgentWork

    root = desk.around.root
    if asked.mode == "ask" or desk.agent is None or root is None:
        return None

    async def keep_plan(plan: Plan) -> None:
        await desk.store.note_agent(asked.chat, {"plan": plan})

    store = desk.agent.checkpoints
    keeper = Keeper(store, asked.chat, asked.turn, "Turn of an agent") if store else None
    return AgentWork(
        root, asked.mode, desk.agent.bench(root), desk.agent.terminals, line.settings.agent,
        line.settings.context.exclude, desk.agent.closed(root), asked.chat, take, keep_plan, list(asked.plan), keeper,
        desk.agent.language,
    )  # fmt: skip
