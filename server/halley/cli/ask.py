"""`halley ask`: one chat turn, streamed to the terminal. How its events are printed is `conversation/events.py`'s."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import click

from halley.cli.conversation.events import JsonLines, TerminalText
from halley.cli.conversation.question import Question, build_question
from halley.cli.output import tell
from halley.cli.running import Desk, with_desk
from halley.core.calls import Priority, Prompt, user
from halley.core.errors import HalleyError, Interrupted, Problem, error_of
from halley.core.events import Citation, Event, Finish, Image, ReasoningDelta, TextDelta


@click.command()
@click.argument("prompt", nargs=-1)
@click.option("-m", "--model", metavar="PROVIDER/NAME", help="Ask this model instead of the chosen one.")
@click.option(
    "-f", "--file", "files", multiple=True, metavar="FILE[:L1-L2]", help="Show the model a file or picture."
)
@click.option("-c", "--continue", "last", is_flag=True, help="Ask in the newest chat of this workspace.")
@click.option("--tools/--no-tools", default=False, help="Let it use the enabled tools.")
@click.option(
    "--agent", is_flag=True, help="Let it edit files and run commands here; each needs your approval."
)
@click.option(
    "--save/--no-save", default=True, help="Save question and reply with the chats of your editors."
)
@click.option("--plain", is_flag=True, help="Print the reply as it is written, without drawing its Markdown.")
@click.option("--json", "as_json", is_flag=True, help="Print the reply's events as JSON lines.")
@with_desk
async def ask(
    desk: Desk,
    prompt: tuple[str, ...],
    model: str | None,
    files: tuple[str, ...],
    last: bool,
    tools: bool,
    agent: bool,
    save: bool,
    plain: bool,
    as_json: bool,
) -> int:
    """Ask a model something. What is piped in is shown to it too."""
    question = await build_question(" ".join(prompt), files)
    if last or agent:
        if as_json or tools or not save:
            which = "--continue" if last else "--agent"
            raise click.UsageError(
                f"{which} asks in a chat, which is saved, has tools of its own and no --json."
            )
        return await _in_chat(desk, question, model, plain, newest_one=last, mode="agent" if agent else "")
    messages = _instructions(desk)
    show = JsonLines() if as_json else TerminalText(plain)
    asked = Prompt((*messages, user(question.text, *question.pictures)))
    said = _Said(show)
    options: dict[str, Any] = {"feature": "ask", "model": model, "priority": Priority.CHAT}
    try:
        await (_with_tools if tools else _plainly)(desk, asked, options, said.event)
    except HalleyError as error:
        said.problem = error.problem
        if save and isinstance(error, Interrupted):
            error = error_of(replace(error.problem, help=RESUME))
        show.error(error)
        return 1
    finally:
        if save:
            await said.save(desk, question)
    return 0


RESUME = "The partial reply is saved. To resume it: `halley chat -c`, then `/continue`."


async def _in_chat(
    desk: Desk, question: Question, model: str | None, plain: bool, *, newest_one: bool, mode: str
) -> int:
    from halley.cli.conversation.chat import Conversation, desk_of, newest

    chat = desk_of(desk)
    id = await newest(chat) if newest_one else None
    talk = Conversation(chat, plain, id, (model,) if model else (), mode)
    await talk.send(question.text, question.pictures)
    return 0


class _Said:
    """What the model said, on its way to the screen, so that it can be continued: `ask --continue`, or in an editor."""

    def __init__(self, show: TerminalText | JsonLines) -> None:
        self._show = show
        self._events: list[Event] = []
        self._finish: Finish | None = None
        self.problem: Problem | None = None
        """Why it broke off; None where it did not, or the user stopped it."""

    def event(self, event: Event) -> None:
        if isinstance(event, TextDelta | ReasoningDelta | Citation | Image):
            self._events.append(event)
        if isinstance(event, Finish):
            self._finish = event
        self._show.event(event)

    async def save(self, desk: Desk, question: Question) -> None:
        """A chat of one turn. A reply without text is none; one that cannot be saved has been shown all the same."""
        if not any(isinstance(event, TextDelta) for event in self._events):
            return
        from halley.features.chat.answering import STOPPED

        model = self._finish.model if self._finish and self._finish.model else None
        store, asked = desk.room.chats, model or (await desk.line().route_of("chat"))[0]
        details = {"said": question.text, "models": [], "blind": False, "role": "chat"}
        try:
            begun = store.begin_turn(
                None,
                desk.surroundings().workspace_id,
                question.text,
                [asked],
                images=question.pictures,
                details=details,
            )
            await begun.saved
            store.append(begun.replies[0], self._events)
            usage, times = (self._finish.usage, self._finish.times) if self._finish else (None, None)
            status = "complete" if self._finish else "interrupted"
            problem = None if self._finish else self.problem or STOPPED
            await store.settle(begun.replies[0], status, usage=usage, times=times, problem=problem)
        except HalleyError as error:
            tell(f"… The reply was not saved: {error.problem.message}")


async def _plainly(
    desk: Desk, prompt: Prompt, options: dict[str, Any], show: Callable[[Event], None]
) -> None:
    from halley.features.ask import stream_reply

    async with aclosing(stream_reply(desk.line(), prompt, **options)) as events:
        async for event in events:
            show(event)


async def _with_tools(
    desk: Desk, prompt: Prompt, options: dict[str, Any], show: Callable[[Event], None]
) -> None:
    """Calls that need approval are asked about on the terminal; without one they are denied."""
    from halley.cli.search import attended_index
    from halley.cli.tools import terminal_ask
    from halley.core.models import ModelRef
    from halley.features.tools.approving import is_agreed
    from halley.features.tools.builtin import ToolPlace
    from halley.features.tools.loop import Written, converse
    from halley.features.tools.switches import Switches
    from halley.features.tools.toolbox import Agreed, OfferedTool, open_toolbox

    room, servers, settings = desk.room, desk.shared.tools, desk.settings
    picks = room.tool_picks
    switches = Switches.of(settings, picks, desk.root)
    longest = max((its.start_timeout_s for its in settings.tools.servers.values()), default=0.0)
    place = ToolPlace(desk.root, desk.surroundings(attended_index(desk)))
    box = await open_toolbox(servers, switches, place, longest)
    if not box.tools:
        tell("… No tools are on: `halley tools` lists them, `halley tools on` switches them on.")

    async def agree(
        tool: OfferedTool, arguments: Any, id: str, on_ask: Callable[[], None], _prepared: object
    ) -> Agreed:
        return await is_agreed(picks, desk.root, tool, arguments, id, terminal_ask, on_ask)

    def needs(model: str) -> bool:
        found = room.registry.find_model(ModelRef.parse(model), settings)
        return found.capabilities.get("tools") is False or model in servers.cannot_call

    written = Written(needs, servers.cannot_call.add)
    await converse(desk.line(), prompt, box, agree, show, options, written=written)


def _instructions(desk: Desk) -> tuple[Any, ...]:
    """The same words that chats in an editor begin with."""
    from halley.engine.prompting.templates import render_messages

    workspace = desk.room.config.workspace(desk.root).workspace
    values = {"guidance": workspace.guidance, "instructions": desk.settings.chat.instructions}
    return tuple(
        replace(message, role="system") for message in render_messages(desk.room.template("chat"), values)
    )
