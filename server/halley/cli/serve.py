"""`halley serve`: the daemon that editors start."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click


def log_options(command: Callable[..., None]) -> Callable[..., None]:
    """`--log-file` and `--log-level`, as every command has them that serves an editor."""
    command = click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="info",
        show_default=True,
        help="The log level. Prompts, replies and keys are never logged.",
    )(command)
    return click.option("--log-file", metavar="FILE", help="The log file. Defaults to stderr.")(command)


@click.command()
@click.option("--stdio", is_flag=True, help="LSP on stdin and stdout (the default).")
@click.option("--pipe", metavar="PATH", help="Serve several editors on a Unix socket at PATH.")
@click.option("--shared", is_flag=True, help="Join your running daemon, or start it.")
@click.option(
    "--retire", is_flag=True, help="Serve no one: the next editor starts a new daemon, others keep theirs."
)
@log_options
def serve(
    stdio: bool, pipe: str | None, shared: bool, retire: bool, log_file: str | None, log_level: str
) -> None:
    """Serve an editor. stdout carries LSP only; the log goes to stderr or --log-file."""
    if retire:
        return click.echo(_retire())
    from halley.lsp.server import serve_pipe, serve_stdio

    if pipe and (stdio or shared):
        raise click.UsageError("Choose one of --stdio, --shared and --pipe.")
    sys.exit(serve_pipe(pipe, log_file, log_level) if pipe else serve_stdio(log_file, log_level))


def _retire() -> str:
    """What became of it. Raises ClickException where it could not be reached."""
    if sys.platform == "win32":
        return "There is no shared daemon on this system."
    from halley.joining.place import Odd
    from halley.joining.retire import retire

    try:
        if retire():
            return "The shared daemon takes no more editors, and ends with those it has."
    except Odd as error:
        raise click.ClickException(f"The shared daemon could not be retired: {error}.") from None
    return "No shared daemon runs."
