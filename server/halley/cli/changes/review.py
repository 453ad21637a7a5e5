"""`halley review`: findings about a change, as text, Markdown, SARIF or JSON; its exit code is for CI."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from halley.cli.running import Desk, with_desk
from halley.core.errors import InvalidInput

if TYPE_CHECKING:
    from halley.engine.review.values import Report

FAILED = 2
FORMATS = ("text", "markdown", "sarif", "json")


@click.command()
@click.argument("range", default="", metavar="[RANGE]")
@click.option("--staged", is_flag=True, help="Review what is staged.")
@click.option("-m", "--model", metavar="PROVIDER/NAME", help="Ask this model instead of the chosen one.")
@click.option("-i", "--instruction", default="", metavar="TEXT", help="What to look for in particular.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="How to write the report.")
@click.option("--sarif", "form", flag_value="sarif", help="The same as --format sarif.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the report to a file."
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "info"]),
    default="warning",
    help="The mildest finding that makes the exit code 1. Default: warning.",
)
@partial(with_desk, failed=FAILED)
async def review(
    desk: Desk,
    range: str,
    staged: bool,
    model: str | None,
    instruction: str,
    form: str,
    output: Path | None,
    fail_on: Literal["error", "warning", "info"],
) -> int:
    """Review a change: the working tree against HEAD, a RANGE such as main..HEAD, one commit, or what is staged.

    Exit code: 0 without findings at or above --fail-on, 1 with some, 2 if not all of it could be reviewed.
    """
    from halley.cli.output import tell
    from halley.engine.review.printing import summary_line
    from halley.features.review import ReviewRequest
    from halley.features.review import review as make

    asked = ReviewRequest(range, staged, instruction, model)
    made = await make(desk.surroundings(), desk.root, asked, lambda text: tell(f"… {text}"))
    report = made.report
    _write(_formatted(report, form), output)
    if output or form != "text":
        tell(summary_line(report))
    if not report.is_whole:
        return FAILED
    return 1 if report.reaches(fail_on) else 0


def _formatted(report: Report, form: str) -> str:
    from halley.cli.output import json_text
    from halley.engine.review.printing import report_markdown, report_text
    from halley.engine.review.sarif import report_sarif
    from halley.features.review import report_json
    from halley.version import __version__

    match form:
        case "markdown":
            return report_markdown(report)
        case "sarif":
            return json_text(report_sarif(report, __version__), indent=2) + "\n"
        case "json":
            return json_text(report_json(report), indent=2) + "\n"
        case _:
            return report_text(report)


def _write(text: str, output: Path | None) -> None:
    from halley.cli.output import clean, write
    from halley.stores.disk.making import BY_UMASK, fresh_beside

    if output is None:
        write(text)
        return
    if output.exists() and not output.is_file():
        raise InvalidInput(f"{output} is not a file.", "Name another, or leave out --output for stdout.")
    try:
        with fresh_beside(output, BY_UMASK) as (file, fresh):
            file.write(clean(text).encode())
            file.close()
            fresh.replace(output)
    except OSError as error:
        raise InvalidInput(f"{output} cannot be written: {error.strerror}.", "Name another file.") from None
