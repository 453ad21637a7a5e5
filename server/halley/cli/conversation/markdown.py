"""Markdown drawn while it streams: finished blocks once and for good, the block being written redrawn below them.

    stream = MarkdownStream(console)
    stream.feed("Some *te")        # as it comes
    stream.end()                   # the rest

Links show their address instead of only their text: a reply may have been written to mislead.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from halley.cli.output import clean

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.live import Live

REDRAW_S = 0.08
"""Redrawing for every token would cost more than the reply."""
MOST_PENDING = 4_000
"""Characters of a block that are redrawn as Markdown. The end of a longer one is shown as text until it is complete."""


class MarkdownStream:
    """One reply, drawn as it comes."""

    def __init__(self, console: Console) -> None:
        from markdown_it import MarkdownIt

        self._console = console
        self._parser = MarkdownIt("commonmark").enable("table")
        self._pending = ""
        self._live: Live | None = None
        self._drawn_at = 0.0
        self._parsed_at = 0

    def feed(self, text: str) -> None:
        self._pending += clean(text)
        if "\n" in text and len(self._pending) >= self._parsed_at:
            self._print_finished()
        self._redraw()

    def end(self) -> None:
        """Draws what is left; the next `feed` begins a new reply."""
        self._stop_live()
        if self._pending.strip():
            self._print(self._pending)
        self._pending, self._parsed_at = "", 0

    def _print_finished(self) -> None:
        """All blocks but the last, which may still grow."""
        lines = self._pending.split("\n")
        at = last_block(self._parser, self._pending)
        # Parsing a block of n characters again at each of its lines would take n² in all; doubling keeps it linear.
        self._parsed_at = 2 * len(self._pending) if at == 0 and len(self._pending) > MOST_PENDING else 0
        if at == 0:
            return
        self._stop_live()
        self._print("\n".join(lines[:at]))
        self._pending = "\n".join(lines[at:])

    def _print(self, text: str) -> None:
        self._console.print(_Block(text))
        self._console.print()

    def _redraw(self) -> None:
        now = time.monotonic()
        if now - self._drawn_at < REDRAW_S or not self._pending.strip():
            return
        self._drawn_at = now
        if self._live is None:
            from rich.live import Live

            self._live = Live(
                console=self._console, auto_refresh=False, transient=True, vertical_overflow="crop"
            )
            self._live.start()
        self._live.update(_Tail(self._pending), refresh=True)

    def _stop_live(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


class _Tail:
    """The end of a block that is being written, as high as the terminal is: what is new is at its end."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.segment import Segment
        from rich.text import Text

        is_long = len(self._text) > MOST_PENDING
        drawn = Text(self._text[-MOST_PENDING:]) if is_long else _Block(self._text)
        for line in console.render_lines(drawn, options, pad=False)[-max(1, console.height - 2) :]:
            yield from line
            yield Segment.line()


class _Block:
    """Markdown without the blank line that rich draws above a list, even where nothing stands above it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.markdown import Markdown
        from rich.segment import Segment

        theme = "ansi_dark"
        drawn = Markdown(self._text, hyperlinks=False, code_theme=theme, inline_code_theme=theme)
        lines = console.render_lines(drawn, options, pad=False)
        while lines and not "".join(segment.text for segment in lines[0]).strip():
            del lines[0]
        for line in lines:
            yield from line
            yield Segment.line()


def last_block(parser: MarkdownIt, text: str) -> int:
    """The line on which the last top-level block of `text` begins; 0 where there is only one."""
    starts = [token.map[0] for token in parser.parse(text) if token.level == 0 and token.map]
    return max(starts, default=0)
