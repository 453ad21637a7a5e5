"""`halley ask`: one chat turn, streamed to the terminal."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from halley.cli.output import clean, is_watched, milliseconds, money, tell, write
from halley.cli.running import Desk, with_desk
from halley.core.calls import Priority, Prompt, user
from halley.core.errors import BlockedByPolicy, HalleyError, InvalidInput
from halley.core.events import (
    Begun,
    Citation,
    Event,
    Finish,
    Image,
    Notice,
    ReasoningDelta,
    Sound,
    TextDelta,
    ToolCallDelta,
    ToolCalled,
    ToolEnded,
    Vectors,
)

MOST_STDIN = 4 << 20
_LINES = re.compile(r"^(.*?):L?(\d+)(?:-L?(\d+))?$")


@click.command()
@click.argument("prompt", nargs=-1)
@click.option("-m", "--model", metavar="PROVIDER/NAME", help="Ask this model instead of the chosen one.")
@click.option("-f", "--file", "files", multiple=True, metavar="FILE[:L1-L2]", help="Show the model a file.")
@click.option("--tools/--no-tools", default=False, help="Let it use the enabled tools.")
@click.option("--json", "as_json", is_flag=True, help="Print the reply's events as JSON lines.")
@with_desk
async def ask(
    desk: Desk, prompt: tuple[str, ...], model: str | None, files: tuple[str, ...], tools: bool, as_json: bool
) -> int:
    """Ask a model something. What is piped in is shown to it too."""
    question = await build_question(" ".join(prompt), files)
    messages = _instructions(desk)
    show = _Json() if as_json else _Terminal()
    asked = Prompt((*messages, user(question)))
    options: dict[str, Any] = {"feature": "ask", "model": model, "priority": Priority.CHAT}
    try:
        await (_with_tools if tools else _plainly)(desk, asked, options, show.event)
    except HalleyError as error:
        show.error(error)
        return 1
    return 0


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
    from halley.features.tools.builtin import Place
    from halley.features.tools.loop import Written, converse
    from halley.features.tools.switches import Switches
    from halley.features.tools.toolbox import OfferedTool, open_toolbox

    room, servers, settings = desk.room, desk.shared.tools, desk.settings
    picks = room.tool_picks
    switches = Switches.of(settings, picks, desk.root)
    longest = max((its.start_timeout_s for its in settings.tools.servers.values()), default=0.0)
    place = Place(desk.root, desk.surroundings(attended_index(desk)))
    box = await open_toolbox(servers, switches, place, longest)
    if not box.tools:
        tell("… No tools are on: `halley tools` lists them, `halley tools on` switches them on.")

    async def agree(tool: OfferedTool, arguments: Any, id: str, on_ask: Callable[[], None]) -> bool:
        return await is_agreed(picks, desk.root, tool, arguments, id, terminal_ask, on_ask)

    def needs(model: str) -> bool:
        found = room.registry.find_model(ModelRef.parse(model), settings)
        return found.capabilities.get("tools") is False or model in servers.cannot_call

    written = Written(needs, servers.cannot_call.add)
    await converse(desk.line(), prompt, box, agree, show, options, written=written)


async def build_question(prompt: str, files: tuple[str, ...]) -> str:
    """What was typed, the files named, and what was piped in. Raises InvalidInput when there is nothing to ask."""
    piped = await asyncio.to_thread(read_stdin)
    parts = [prompt] if prompt else []
    parts += [await asyncio.to_thread(_show_file, name) for name in files]
    if piped.strip():
        parts.append(_fenced(piped, "") if prompt else piped)
    if not parts:
        raise InvalidInput("There is no question.", 'Write one: `halley ask "What does this do?" -f FILE`.')
    return "\n\n".join(parts)


def read_stdin() -> str:
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    data = sys.stdin.buffer.read(MOST_STDIN + 1)
    if len(data) > MOST_STDIN:
        raise InvalidInput("The piped input is larger than 4 MiB.", "Send a part of it.")
    return data.decode("utf-8", "replace")


def _show_file(name: str) -> str:
    """A file, or some of its lines, as the model sees it. Raises InvalidInput, and BlockedByPolicy for secrets."""
    from halley.engine.code.languages import language_id_of
    from halley.engine.guards.secrecy import is_secret_path
    from halley.stores.workspace.texts import load_text

    place = find_place(name)
    if is_secret_path(place.path) or is_secret_path(place.path.resolve()):
        raise BlockedByPolicy(
            f"{place.path} is a kind of file that holds secrets, so it is never sent to a model.",
            "Copy the part you mean into the question.",
        )
    try:
        text = load_text(place.path).text
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise InvalidInput(f"{place.path} cannot be read: {why}.", "Check its name.") from None
    lines = text.split("\n")
    first, last = place.first or 1, min(place.last or len(lines), len(lines))
    if first > len(lines) or first > last:
        raise InvalidInput(f"{place.path} has {len(lines)} lines.", "Name lines as FILE:10-20.")
    shown = "\n".join(lines[first - 1 : last])
    which = f", lines {first} to {last}" if place.first else ""
    return f"`{place.path}`{which}:\n\n{_fenced(shown, language_id_of(place.path.name))}"


@dataclass(frozen=True, slots=True)
class _Place:
    path: Path
    first: int | None = None
    last: int | None = None


def find_place(name: str) -> _Place:
    """`FILE`, `FILE:12`, `FILE:10-20` or `FILE:L10-L20`; a file that really has such a name is that file."""
    match = _LINES.match(name)
    if match is None or Path(name).exists():
        return _Place(Path(name))
    first = int(match[2])
    return _Place(Path(match[1]), first, int(match[3]) if match[3] else first)


def _fenced(text: str, language: str) -> str:
    from halley.engine.prompting.prompts import fence

    return fence(text, language)


def _instructions(desk: Desk) -> tuple[Any, ...]:
    """The same words that chats in an editor begin with."""
    from dataclasses import replace

    from halley.engine.prompting.templates import render_messages

    workspace = desk.room.config.workspace(desk.root).workspace
    values = {"guidance": workspace.guidance, "instructions": desk.settings.chat.instructions}
    return tuple(
        replace(message, role="system") for message in render_messages(desk.room.template("chat"), values)
    )


class _Terminal:
    """Text as it comes; what is not the answer goes to stderr."""

    def __init__(self) -> None:
        self.last = "\n"

    def event(self, event: Event) -> None:
        match event:
            case TextDelta(text):
                write(text)
                self.last = text[-1:] or self.last
            case Notice(text):
                tell(f"… {text}")
            case Citation(url, title):
                tell(f"  [{title or url}] {url}")
            case ToolCalled():
                self._end()
                if event.state == "running":
                    tell(f"… {event.server}/{event.tool} {clean(' '.join(event.arguments.split())[:200])}")
            case ToolEnded(state=state, text=text) if state != "done":
                tell(f"… {state}: {clean(text[:300])}")
            case Finish():
                self._end()
                if is_watched():
                    tell(self._summary(event))
            case _:
                pass

    def error(self, error: HalleyError) -> None:
        from halley.cli.output import print_error

        self._end()
        print_error(error)

    def _end(self) -> None:
        if self.last != "\n":
            write("\n")
            self.last = "\n"

    def _summary(self, finish: Finish) -> str:
        usage, times = finish.usage, finish.times
        parts = [str(finish.model)]
        if usage:
            parts.append(f"{usage.input_tokens:,} tokens in, {usage.output_tokens:,} out")
            if usage.cost_usd is not None:
                about = "about " if usage.cost_source == "estimated" else ""
                parts.append(about + money([{"amount": usage.cost_usd, "currency": "USD"}]))
        if times and times.first_token_ms is not None:
            parts.append(f"first token after {milliseconds(times.first_token_ms)}")
        return f"({clean(', '.join(parts))})"


class _Json:
    """One object a line, in the protocol's names."""

    def event(self, event: Event) -> None:
        self._print(event_to_json(event))

    def error(self, error: HalleyError) -> None:
        self._print({"type": "error", "problem": error.problem.to_json()})

    def _print(self, value: dict[str, Any]) -> None:
        import json

        click.echo(json.dumps(value, ensure_ascii=False))


def event_to_json(event: Event) -> dict[str, Any]:
    """`Event` of the protocol, and `finish` at the end."""
    match event:
        case TextDelta(text):
            return {"type": "text", "delta": text}
        case ReasoningDelta(text):
            return {"type": "reasoning", "delta": text}
        case Notice(text):
            return {"type": "notice", "text": text}
        case Citation():
            return {"type": "citation", "url": event.url, "title": event.title}
        case Image():
            return {"type": "image", "mime": event.mime, "bytes": len(event.data), "url": event.url}
        case ToolCallDelta():
            return {"type": "toolCall", **{k: v for k, v in asdict(event).items() if v}}
        case ToolCalled() | ToolEnded():
            kind = "toolCall" if isinstance(event, ToolCalled) else "toolResult"
            return {"type": kind, **asdict(event)}
        case Vectors():
            return {"type": "vectors", "count": len(event.vectors)}
        case Sound():
            return {"type": "sound", "mime": event.mime, "bytes": len(event.data)}
        case Begun():
            return {"type": "begun", "model": str(event.model) if event.model else ""}
        case Finish():
            return _finish_to_json(event)


def _finish_to_json(finish: Finish) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "finish", "reason": finish.reason, "model": str(finish.model)}
    if finish.usage:
        found["usage"] = usage_to_json(finish)
    if finish.request_id:
        found["requestId"] = finish.request_id
    return found


def usage_to_json(finish: Finish) -> dict[str, Any]:
    """`Usage` of the protocol."""
    usage, times = finish.usage, finish.times
    assert usage is not None
    found: dict[str, Any] = {"inputTokens": usage.input_tokens, "outputTokens": usage.output_tokens}
    if usage.cached_tokens:
        found["cachedTokens"] = usage.cached_tokens
    if usage.cost_usd is not None:
        found["cost"] = {"amount": usage.cost_usd, "currency": "USD", "source": usage.cost_source}
    if times:
        known = {
            "firstTokenMs": times.first_token_ms,
            "totalMs": times.total_ms,
            "tokensPerS": times.tokens_per_s,
        }
        found |= {name: round(value, 3) for name, value in known.items() if value is not None}
    return found
