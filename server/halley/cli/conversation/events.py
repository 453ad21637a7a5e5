"""A reply's events on stdout: as text for people, or as JSON lines for programs.

The JSON is the protocol's own (`features/chat/events.py`), without the reply's ID: there is one reply.
"""

from __future__ import annotations

import sys
from typing import Any

import click

from halley.cli.conversation.replies import summary
from halley.cli.output import clean, is_watched, json_text, tell, write
from halley.core.errors import HalleyError
from halley.core.events import (
    Begun,
    Citation,
    Event,
    Finish,
    Image,
    Notice,
    Recalled,
    Sound,
    TextDelta,
    ToolCalled,
    ToolEnded,
    Vectors,
)
from halley.core.models import HostNotes

Json = dict[str, Any]


class TerminalText:
    """Text as it comes, its Markdown drawn on a terminal; what is not the answer goes to stderr."""

    def __init__(self, plain: bool = False) -> None:
        self.last = "\n"
        self._markdown = None
        if sys.stdout.isatty() and not plain:
            from halley.cli.conversation.markdown import MarkdownStream
            from halley.cli.output import console

            self._markdown = MarkdownStream(console())

    def event(self, event: Event) -> None:
        match event:
            case TextDelta(text) if self._markdown:
                self._markdown.feed(text)
            case TextDelta(text):
                write(text)
                self.last = text[-1:] or self.last
            case Notice(text):
                self._end()
                tell(f"… {text}")
            case Citation(url, title):
                self._end()
                tell(f"  [{title or url}] {url}")
            case ToolCalled():
                self._end()
                if event.state == "running":
                    tell(f"… {event.server}/{event.tool} {clean(' '.join(event.arguments.split())[:200])}")
            case ToolEnded(state=state, text=text) if state != "done":
                tell(f"… {state}: {clean(text[:300])}")
            case Recalled():
                from halley.features.chat.events import WAS_THINKING

                tell(f"… {WAS_THINKING}")
            case Finish():
                self._end()
                _show_finish(event)
            case _:
                pass

    def error(self, error: HalleyError) -> None:
        from halley.cli.output import print_error

        self._end()
        print_error(error)

    def _end(self) -> None:
        if self._markdown:
            self._markdown.end()
        if self.last != "\n":
            write("\n")
            self.last = "\n"


def _show_finish(finish: Finish) -> None:
    if finish.reason == "length":
        tell('… The reply reached its limit of tokens. `halley ask -c "Continue."` asks for the rest.')
    if is_watched():
        tell(summary({"model": str(finish.model)} | _usage(finish)))


class JsonLines:
    """One object a line, in the protocol's names."""

    def event(self, event: Event) -> None:
        if not isinstance(event, Begun | HostNotes | Sound | Vectors):  # nothing in them is for a reader
            self._print(event_to_json(event))

    def error(self, error: HalleyError) -> None:
        self._print({"type": "error", "problem": error.problem.to_json()})

    def _print(self, value: Json) -> None:
        click.echo(json_text(value))


def event_to_json(event: Event) -> Json:
    """`Event` of the protocol, and `finish` at the end."""
    match event:
        case Recalled(length):  # a program that collects the text has to take that much of it back
            return {"type": "recalled", "length": length}
        case Image():  # its size only: a picture of some megabytes is no line to read
            return {"type": "image", "mime": event.mime, "bytes": len(event.data), "url": event.url}
        case Finish():
            return _finish_to_json(event)
        case _:
            from halley.features.chat.events import event_json

            shown = event_json("", event)
            del shown["replyId"]
            return shown


def _finish_to_json(finish: Finish) -> Json:
    found: Json = {"type": "finish", "reason": finish.reason, "model": str(finish.model)} | _usage(finish)
    return found | ({"requestId": finish.request_id} if finish.request_id else {})


def _usage(finish: Finish) -> Json:
    from halley.features.chat.shapes import usage_json

    return {"usage": usage_json(finish.usage, finish.times)} if finish.usage else {}
