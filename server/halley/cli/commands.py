"""The table of commands. Each is imported when it is asked for, since an editor waits for `halley serve`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from halley.version import __version__

COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("halley.cli.serve:serve", "Run the daemon: LSP on stdio, or on a socket for several editors."),
    "try": ("halley.cli.try_:command", "Take a tour of Halley on a real file; needs no key."),
    "setup": ("halley.cli.setup:setup", "Show how to set up the editors found on this machine."),
    "ask": ("halley.cli.ask:ask", "Ask a model a question, with files as context."),
    "chat": ("halley.cli.conversation.chat:chat", "Talk with a model about this workspace."),
    "models": ("halley.cli.models:models", "List models: context windows, prices, capabilities."),
    "use": ("halley.cli.use:use", "Choose the models of each role."),
    "verify": ("halley.cli.verify:verify", "Test the connection to a provider, step by step."),
    "usage": ("halley.cli.usage:usage", "Show usage and costs."),
    "log": ("halley.cli.usage:log", "List failed calls, with the providers' request ids."),
    "bench": ("halley.cli.bench:bench", "Compare the speed of models."),
    "key": ("halley.cli.key:key", "Store, remove and list keys."),
    "trust": ("halley.cli.trust:trust", "Trust this workspace's configuration."),
    "untrust": ("halley.cli.trust:untrust", "Revoke that trust."),
    "doctor": (
        "halley.cli.doctor:doctor",
        "Show versions, configuration and problems, ready for a bug report.",
    ),
    "search": ("halley.cli.search:search", "Search this workspace, by words and by meaning."),
    "index": (
        "halley.cli.search:index",
        "Manage this workspace's index: state, pause, rebuild, embed.",
    ),
    "macros": ("halley.cli.macros:macros", "Manage saved prompts and pipelines: list, run, export, import."),
    "image": ("halley.cli.media:image", "Create or edit a picture."),
    "speak": ("halley.cli.media:speak", "Convert text to speech."),
    "transcribe": ("halley.cli.media:transcribe", "Transcribe or translate a recording."),
    "video": ("halley.cli.media:video", "Make a video; an interrupted one can be resumed."),
    "media": (
        "halley.cli.media:media",
        "Manage pictures, recordings and videos: list, wait, choose, save, cancel.",
    ),
    "tools": ("halley.cli.tools:tools", "Manage tools for chats: list, on, off, forget."),
    "acp": (
        "halley.cli.agents.acp:acp",
        "Serve an editor over the Agent Client Protocol (Zed, JetBrains …).",
    ),
    "run": (
        "halley.cli.agents.run:run",
        "Start Claude Code, Codex, opencode, aider or goose with your model.",
    ),
    "env": ("halley.cli.agents.run:env", "Print the environment that does so, without the key."),
    "mcp": ("halley.cli.mcp:mcp", "Serve this workspace over MCP to other programs."),
    "team": ("halley.cli.team.commands:team", "Share spend and budgets with a team: init, join, status."),
    "commit": ("halley.cli.changes.commit:commit", "Write a commit message from the diff."),
    "review": (
        "halley.cli.changes.review:review",
        "Review a change: findings as text, Markdown, SARIF or JSON.",
    ),
    "simulator": ("halley.cli.simulator:simulator", "Serve a simulated API on this machine."),
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
            hint = f" Did you mean {' or '.join(near[:2])}?" if near else ""
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
