"""The table of commands. Each is imported when it is asked for, since an editor waits for `halley serve`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from halley.version import __version__

COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("halley.cli.serve:serve", "The daemon: LSP on stdio, or on a socket for many editors."),
    "try": ("halley.cli.try_:command", "A tour of Halley on a real file; needs no key."),
    "setup": ("halley.cli.setup:setup", "How to set up the editors found on this machine."),
    "ask": ("halley.cli.ask:ask", "Ask a model something, with files at hand."),
    "models": ("halley.cli.models:models", "The models there are: context, prices, abilities."),
    "use": ("halley.cli.use:use", "Choose which model does what."),
    "verify": ("halley.cli.verify:verify", "Test the connection to a provider, step by step."),
    "usage": ("halley.cli.usage:usage", "What was used and what it cost."),
    "bench": ("halley.cli.bench:bench", "Measure models side by side."),
    "key": ("halley.cli.key:key", "Enter, remove and list keys."),
    "trust": ("halley.cli.trust:trust", "Trust what this workspace's files ask for."),
    "untrust": ("halley.cli.trust:untrust", "Take that trust back."),
    "doctor": ("halley.cli.doctor:doctor", "What is installed, configured and wrong; fit for a bug report."),
    "search": ("halley.cli.search:search", "Search this workspace, by words and by meaning."),
    "index": (
        "halley.cli.search:index",
        "The index of this workspace: how it stands, pause, rebuild, embed.",
    ),
    "macros": ("halley.cli.macros:macros", "Saved prompts and pipelines: list, run, export, import."),
    "image": ("halley.cli.media:image", "A picture, made or changed, into a file."),
    "speak": ("halley.cli.media:speak", "Text read aloud, into a file."),
    "transcribe": ("halley.cli.media:transcribe", "What is spoken in a file, written down or translated."),
    "video": ("halley.cli.media:video", "A video, into a file; it goes on when interrupted."),
    "media": ("halley.cli.media:media", "Pictures, recordings and videos: list, wait, choose, save, cancel."),
    "tools": ("halley.cli.tools:tools", "Tools for chats: list, on, off, forget."),
    "mcp": ("halley.cli.mcp:mcp", "This workspace as a server of tools, for other programs."),
    "commit": ("halley.cli.commit:commit", "A commit message from the diff."),
    "simulator": ("halley.cli.simulator:simulator", "A unified API on this machine that needs no model."),
}
"""Name → (module:attribute, one line for the list)."""


class Lazy(click.Group):
    """A group whose commands are imported one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        found: click.Command = getattr(import_module(module), attribute)
        return found

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from halley.routing.near import near_names

            near = near_names(args[0], COMMANDS)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"{error.message}{hint}", ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "--version", prog_name="halley")
def halley() -> None:
    """Every model in every editor.

    `halley serve` is what an editor starts; `halley try` shows it all without a key; `halley key set comet` and
    `halley verify` connect the real thing.
    """
