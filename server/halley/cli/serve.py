"""`halley serve`: the daemon that editors start."""

from __future__ import annotations

import sys

import click


@click.command()
@click.option("--stdio", is_flag=True, help="LSP on stdin and stdout (the default).")
@click.option("--pipe", metavar="PATH", help="Serve several editors on a Unix socket at PATH.")
@click.option("--log-file", metavar="FILE", help="The log file. Defaults to stderr.")
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="The log level. Prompts, replies and keys are never logged.",
)
def serve(stdio: bool, pipe: str | None, log_file: str | None, log_level: str) -> None:
    """Serve an editor. stdout carries LSP only; the log goes to stderr or --log-file."""
    from halley.lsp.server import serve_pipe, serve_stdio

    if stdio and pipe:
        raise click.UsageError("Choose one of --stdio and --pipe.")
    sys.exit(serve_pipe(pipe, log_file, log_level) if pipe else serve_stdio(log_file, log_level))
