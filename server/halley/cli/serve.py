"""`halley serve`: the daemon that editors start."""

from __future__ import annotations

import sys

import click


@click.command()
@click.option("--stdio", is_flag=True, help="LSP on stdin and stdout (what happens anyway).")
@click.option("--pipe", metavar="PATH", help="Serve many editors on a unix socket at PATH.")
@click.option("--log-file", metavar="FILE", help="Where the log goes; by default stderr.")
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="How much is logged: never prompts, replies or keys.",
)
def serve(stdio: bool, pipe: str | None, log_file: str | None, log_level: str) -> None:
    """Serve an editor. stdout carries LSP only; the log goes to stderr or --log-file."""
    from halley.lsp.server import serve_pipe, serve_stdio

    if stdio and pipe:
        raise click.UsageError("Choose one of --stdio and --pipe.")
    sys.exit(serve_pipe(pipe, log_file, log_level) if pipe else serve_stdio(log_file, log_level))
