"""What the terminal gets: text without escapes of others, tables, errors; progress only on a terminal.

rich is imported by the functions that draw with it. NO_COLOR is honoured (https://no-color.org).
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import click

from halley.core.errors import HalleyError, Problem

if TYPE_CHECKING:
    from rich.console import Console

_UNSAFE = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
"""Everything that moves a cursor, turns text around or is not seen; newline and tab stay."""
_UNSAFE_IN_JSON = re.compile(f"{_UNSAFE.pattern[:-1]}\ud800-\udfff]")


def clean(text: str) -> str:
    """`text` without what a terminal would obey instead of showing. Works piece by piece on a stream."""
    return _UNSAFE.sub("", text)


@cache
def console(stderr: bool = False) -> Console:
    """The terminal, for tables and colours."""
    from rich.console import Console

    return Console(
        stderr=stderr, highlight=False, no_color=True if os.environ.get("NO_COLOR") else None, soft_wrap=False
    )


def is_watched() -> bool:
    """True when a user sees what goes to stderr."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def write(text: str) -> None:
    """Text for stdout, flushed immediately; cleaned where that is a terminal."""
    sys.stdout.write(clean(text) if sys.stdout.isatty() else text)
    sys.stdout.flush()


def tell(text: str) -> None:
    """Lines for stderr, cleaned; on a terminal they break between words."""
    click.echo(wrapped(clean(text)) if is_watched() else clean(text), err=True)


def wrapped(text: str) -> str:
    """`text` as wide as the terminal. An indented line is something to copy, and stays whole."""
    import shutil
    import textwrap

    width = shutil.get_terminal_size().columns
    lines = (
        [line]
        if line[:1].isspace()
        else textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""]
        for line in text.split("\n")
    )
    return "\n".join(line for part in lines for line in part)


def write_json(value: Any) -> None:
    click.echo(json_text(value, indent=2))


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON with what `clean` would remove written as `\\uXXXX`: the same value, and nothing a terminal obeys."""
    import json

    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return _UNSAFE_IN_JSON.sub(lambda found: json.dumps(found[0])[1:-1], text)


def print_error(error: HalleyError) -> None:
    tell(problem_text(error.problem))


def problem_text(problem: Problem) -> str:
    """The message, and under it what to do."""
    return f"{problem.message}\n{problem.help}" if problem.help else problem.message


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Iterable[str] = ()) -> None:
    """Columns that fit; in a pipe, plain columns two spaces apart that nothing cuts."""
    cells = [["" if cell is None else clean(str(cell)) for cell in row] for row in rows]
    numbers = set(right)
    if sys.stdout.isatty():
        _print_rich(columns, cells, numbers)
        return
    widths = [max(len(row[at]) for row in [list(columns), *cells]) for at in range(len(columns))]
    for row in [list(columns), *cells]:
        padded = (
            cell.rjust(width) if name in numbers else cell.ljust(width)
            for name, cell, width in zip(columns, row, widths, strict=True)
        )
        click.echo("  ".join(padded).rstrip())


def _print_rich(columns: Sequence[str], cells: list[list[str]], numbers: set[str]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for at, name in enumerate(
        columns
    ):  # the first names what the line is about, often to be copied: it stays whole
        table.add_column(
            name, justify="right" if name in numbers else "left", overflow="fold", no_wrap=at == 0
        )
    for row in cells:
        table.add_row(*map(Text, row))
    console().print(table)
