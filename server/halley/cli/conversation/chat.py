"""`halley chat`: a conversation on the terminal, kept with the chats of the editors.

A line is a message, with `/commands`, `#variables` and `@models` as in the editors (`features/chat`). What only a
terminal needs is in `OWN`.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import click

from halley.cli.conversation.prompt import HELP_LINE, open_prompt
from halley.cli.conversation.replies import Replies
from halley.cli.output import clean, is_watched, print_error, print_table, tell, write_json
from halley.cli.running import Desk, with_desk
from halley.core.agent import MODES
from halley.core.calls import ImagePart
from halley.core.errors import HalleyError, InvalidInput
from halley.features.chat.desk import ChatDesk, Emit

Json = dict[str, Any]


@click.command()
@click.argument("prompt", nargs=-1)
@click.option("-m", "--model", metavar="PROVIDER/NAME", help="Ask this model instead of the chosen one.")
@click.option(
    "-f", "--file", "files", multiple=True, metavar="FILE[:L1-L2]", help="Show the model a file or picture."
)
@click.option("-c", "--continue", "last", is_flag=True, help="Continue the newest chat of this workspace.")
@click.option("--chat", "chat_id", metavar="ID", help="Continue this chat.")
@click.option("--mode", type=click.Choice(MODES), help="What the model may do, from here on in this chat.")
@click.option("--list", "listing", is_flag=True, help="List the chats of this workspace and exit.")
@click.option(
    "--plain", is_flag=True, help="Print replies as they are written, without drawing their Markdown."
)
@click.option("--json", "as_json", is_flag=True, help="With --list: print JSON.")
@with_desk
async def chat(
    desk: Desk,
    prompt: tuple[str, ...],
    model: str | None,
    files: tuple[str, ...],
    last: bool,
    chat_id: str | None,
    mode: str | None,
    listing: bool,
    plain: bool,
    as_json: bool,
) -> int:
    """Talk with a model about this workspace. PROMPT is the first message.

    Chats are kept with those of your editors: continue there what you began here.
    """
    if listing:
        await _list(desk, as_json)
        return 0
    chat_desk = desk_of(desk)
    if last and chat_id is None:
        chat_id = await newest(chat_desk)
    talk = Conversation(chat_desk, plain, chat_id, (model,) if model else (), mode or "")
    if chat_id is not None:
        talk.result = await last_result(chat_desk, chat_id)
    first = await first_message(" ".join(prompt), files)
    return await _loop(desk, talk, first)


def desk_of(desk: Desk) -> ChatDesk:
    """What a chat works with on a terminal. Tools are offered if they are switched on; calls are asked about here."""
    from halley.cli.search import attended_index
    from halley.cli.tools import terminal_agree, terminal_ask, terminal_fill, terminal_page
    from halley.features.agent.on_disk import DiskBench
    from halley.features.agent.work import AgentDesk
    from halley.features.chat.desk import ToolDesk
    from halley.features.models import select
    from halley.routing.selection import parse_route

    async def choose(names: tuple[str, ...]) -> str:
        if names:
            route = parse_route(list(names))
            await select(
                desk.room,
                "chat",
                route,
                "workspace",
                settings=desk.settings,
                caller=desk.caller(),
                root=desk.root,
            )
        chosen = await desk.room.prepare_route("chat", desk.settings, desk.layers)
        return f"Chat asks {', then '.join(map(str, chosen.route))} ({chosen.source})."

    async def share(chat: str, stop: bool) -> str:
        from halley.features.team_chats import share_or_revoke

        return await share_or_revoke(desk.room, desk.settings, chat, str(desk.root), stop=stop)

    paths = desk.room.paths
    return ChatDesk(
        desk.surroundings(attended_index(desk)),
        desk.room.chats,
        lambda ref: desk.room.registry.find_model(ref, desk.settings),
        choose_model=choose,
        share=share,
        tools=ToolDesk(
            desk.shared.tools,
            desk.room.tool_picks,
            lambda *_ids: terminal_ask,
            terminal_fill,
            terminal_agree,
            terminal_page,
        ),
        agent=AgentDesk(
            DiskBench, desk.shared.commands, desk.room.checkpoints, (*paths.folders, paths.config_file)
        ),
    )


async def newest(desk: ChatDesk) -> str:
    """The id of the newest chat here. Raises InvalidInput where there is none."""
    found = await desk.store.list(desk.around.workspace_id, limit=1)
    if not found:
        raise InvalidInput("There is no chat to continue here.", "Start one: `halley chat`.")
    return found[0].id


async def last_result(desk: ChatDesk, chat_id: str) -> Json:
    """The last turn of a chat, for `/retry` and `/continue`. Raises InvalidInput where there is no such chat."""
    from halley.features.chat.shapes import turn_json

    turns = (await desk.store.get(chat_id)).current_turns
    if not turns:
        return {}
    return {"chatId": chat_id, "turnId": turns[-1].id, "replies": turn_json(turns[-1])["replies"]}


async def first_message(prompt: str, files: tuple[str, ...]) -> tuple[str, tuple[ImagePart, ...]]:
    """The text with the files shown, and the pictures among them."""
    from halley.cli.conversation.question import read_files

    texts, pictures = await asyncio.to_thread(read_files, files)
    return "\n\n".join(part for part in (prompt, *texts) if part), pictures


@dataclass(slots=True)
class Conversation:
    """The chat that the loop is in; a new one begins with the next message where `id` is None."""

    desk: ChatDesk
    plain: bool
    id: str | None = None
    models: tuple[str, ...] = ()
    mode: str = ""
    """For the next message; then the chat has it."""
    result: Json = field(default_factory=dict[str, Any])
    """Of the last turn."""

    async def send(self, text: str, pictures: tuple[ImagePart, ...] = ()) -> None:
        """One message, and its replies drawn as they come. Raises HalleyError."""
        from halley.features.chat.send import send
        from halley.features.chat.turns.turn import ChatRequest

        request = ChatRequest(text, self.id, self.models, pictures, mode=self.mode)
        self.mode = ""
        await self._draw(lambda emit: send(self.desk, request, emit))

    async def retry(self) -> None:
        from halley.features.chat.send import retry

        last = self._last()
        await self._draw(lambda emit: retry(self.desk, last["chatId"], last["turnId"], self.models, emit))

    async def resume(self) -> None:
        """Continues the reply that was stopped or broke off."""
        from halley.features.chat.send import continue_reply

        last = self._last()
        reply = next((r for r in last["replies"] if r["status"] == "interrupted"), None)
        if reply is None:
            raise InvalidInput("The last reply is complete.", "Write what you want to know next.")
        await self._draw(lambda emit: continue_reply(self.desk, last["chatId"], reply["replyId"], emit))

    def start_over(self) -> None:
        self.id, self.result = None, {}

    async def _draw(self, run: Callable[[Emit], Awaitable[Json]]) -> None:
        replies = Replies(self.plain)
        ids: Json = {}

        def emit(event: Json) -> None:
            if event["type"] == "start":
                ids.update(chatId=event["chatId"], turnId=event["turnId"])
            replies.event(event)

        try:
            result = await run(emit)
        except asyncio.CancelledError:
            replies.end()
            if ids:
                self.id = ids["chatId"]
                self.result = await self._stopped(ids)
            raise
        finally:
            replies.end()
            self.id = ids.get("chatId") or self.id
        replies.finish(result)
        if result["replies"]:  # a command's words are no reply that could be asked for again
            self.result = result

    async def _stopped(self, ids: Json) -> Json:
        """The result of a turn that the user stopped: the partial reply is saved, and can be continued."""
        return await last_result(self.desk, ids["chatId"])

    def _last(self) -> Json:
        if not self.result.get("replies"):
            raise InvalidInput("There is no reply yet.", "Write a message first.")
        return self.result


async def _loop(desk: Desk, talk: Conversation, first: tuple[str, tuple[ImagePart, ...]]) -> int:
    """Messages until the end of input. The exit code: 1 if the last message failed."""
    prompt = open_prompt(desk.room.paths.state / "chat-history", _completing(desk))
    if is_watched():
        tell(HELP_LINE)
    text, pictures = first
    failed = False
    while True:
        if not (text.strip() or pictures):
            try:
                text = await prompt.read()
            except EOFError:
                return int(failed)
            except KeyboardInterrupt:
                continue
        if not (text.strip() or pictures):
            continue
        if text.strip() in ("/exit", "/quit"):
            return int(failed)
        failed = not await _turn(talk, text.strip(), pictures)
        text, pictures = "", ()


async def _turn(talk: Conversation, text: str, pictures: tuple[ImagePart, ...]) -> bool:
    """False when it failed, with the reason shown; a reply that the user stopped has not failed."""
    own = OWN.get("/help" if text == "/" else text)
    work = asyncio.ensure_future(own.run(talk) if own else talk.send(text, pictures))
    with _stopping(work):
        try:
            await work
        except asyncio.CancelledError:
            tell("Stopped. /continue resumes the reply.")
        except HalleyError as error:
            print_error(error)
            return False
    return True


@contextlib.contextmanager
def _stopping(work: asyncio.Future[None]) -> Iterator[None]:
    """Ctrl-C stops the reply, and not the program, while one is written."""
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(work.cancel))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@dataclass(frozen=True, slots=True)
class Own:
    """A command of the terminal's."""

    help: str
    run: Callable[[Conversation], Awaitable[None]]


async def _start_new(talk: Conversation) -> None:
    talk.start_over()
    tell("The next message starts a new chat.")


async def _help(talk: Conversation) -> None:
    from halley.engine.chat_input import VARIABLES
    from halley.features.chat.commands import COMMANDS

    rows = [(name, own.help) for name, own in OWN.items()]
    rows += [("/exit", "End; Ctrl-D does too")]
    rows += [(f"/{name}", command.help) for name, command in COMMANDS.items()]
    rows += [
        (f"/{name}", macro.description or "A macro")
        for name, macro in talk.desk.around.settings.macros.items()
    ]
    rows += [(f"#{name}", help) for name, help in VARIABLES.items()]
    print_table(("", ""), [(name, clean(help)) for name, help in rows])


OWN: Mapping[str, Own] = {
    "/help": Own("List all commands and variables", _help),
    "/new": Own("Start a new chat", _start_new),
    "/retry": Own("Ask the last message again", Conversation.retry),
    "/continue": Own("Continue a reply that was stopped or cut off", Conversation.resume),
}


def _completing(desk: Desk) -> Callable[[str, int], Awaitable[list[Json]]]:
    async def complete(text: str, offset: int) -> list[Json]:
        from halley.features.chat.input_completion import complete_input

        listing = await desk.room.registry.list_models(desk.settings, desk.caller())
        project = desk.shared.project(desk.root)
        found = await complete_input(text, offset, desk.settings, project, listing.models)
        if text.startswith("/") and " " not in text[:offset]:
            place = {"start": 0, "end": offset}
            own = [(name, row.help) for name, row in OWN.items() if name.startswith(text[:offset])]
            found += [{"insertText": name, "detail": help, "replace": place} for name, help in own]
        return found

    return complete


async def _list(desk: Desk, as_json: bool) -> None:
    from halley.features.chat.shapes import summary_json

    workspace = desk.surroundings().workspace_id
    found = [summary_json(summary) for summary in await desk.room.chats.list(workspace)]
    if as_json:
        write_json(found)
        return
    rows = [
        (row["chatId"], row["updated"][:16].replace("T", " "), row["turns"], row["title"]) for row in found
    ]
    print_table(("ID", "UPDATED (UTC)", "TURNS", "TITLE"), rows, right=("TURNS",))
