"""The command line: `halley COMMAND`. One file per command, imported when it is asked for.

    commands.py   the table of commands
    running.py    one event loop, one engine room, errors with their exit codes
    output.py     what the terminal gets
    serve.py      the daemon that editors start
    ask.py        one chat turn
    conversation/ a chat on the terminal
    agents/       Halley as an agent for editors; other agents with Halley's models
    bench.py      models measured side by side
    changes/      commit messages and reviews
    doctor.py     the report for a bug report
    editor.py     a very small editor, for `try`
    key.py        entering, removing and listing keys
    macros.py     macros: list, run, export, import
    mcp.py        Halley as a server of tools
    media.py      image, speak, transcribe, video, media
    models.py     the catalogue
    search.py     search and index
    team/         one PostgreSQL for a team
    setup.py      what to put where, for each editor
    simulator.py  the simulated host
    tools.py      tools: list, switch, take back
    trust.py      what a workspace's files ask for
    try_.py       the main job, with nothing configured
    usage.py      tokens, cost, errors; the calls that failed
    use.py        which model does what
    verify.py     connection tests

`halley serve` is what editors start, so its way in is kept free of everything it does not need.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Entry point of the `halley` script."""
    arguments = sys.argv[2:] if sys.argv[1:2] == ["serve"] else []
    if "--shared" in arguments:
        code = join_daemon(arguments)
        if code is not None:
            os._exit(code)
        sys.argv.remove("--shared")
    if sys.argv[1:] in (
        ["serve"],
        ["serve", "--stdio"],
    ):  # the one an editor waits for: no option parser on its way
        from halley.lsp.server import serve_stdio

        sys.exit(serve_stdio())
    if sys.argv[1:] == ["acp"]:  # likewise
        from halley.cli.agents.serving import serve_acp

        sys.exit(serve_acp())
    from halley.cli.commands import halley

    halley()


def join_daemon(arguments: list[str]) -> int | None:
    """The exit code of this editor's session in the shared daemon; None where it gets a process of its own."""
    if sys.platform == "win32":
        sys.stderr.write("halley: the shared daemon is not used: this system lacks unix sockets.\n")
        return None
    from halley.joining.join import join

    return join(arguments)
