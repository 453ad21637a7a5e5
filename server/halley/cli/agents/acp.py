"""`halley acp`: Halley as an agent, on stdin and stdout (`halley/acp`)."""

from __future__ import annotations

import sys

import click

from halley.cli.serve import log_options


@click.command()
@log_options
@click.option("--login", is_flag=True, help="Enter a provider's key here, and exit.")
def acp(log_file: str | None, log_level: str, login: bool) -> None:
    """Serve an editor that speaks the Agent Client Protocol (Zed, JetBrains and others).

    stdout carries the protocol only; the log goes to stderr or --log-file.
    """
    if login:
        _log_in()
        return
    from halley.cli.agents.serving import serve_acp

    sys.exit(serve_acp(log_file, log_level))


def _log_in() -> None:
    """What an editor runs in a terminal when its user chooses to enter a key."""
    from halley.cli.key import set_key

    provider = click.prompt("Provider (comet, openai, anthropic, openrouter …)", default="comet", err=True)
    set_key.main([provider], prog_name="halley key set")
