"""The command line: `halley COMMAND`. One file per command, imported when it is asked for.

    commands.py   the table of commands
    running.py    one event loop, one engine room, errors with their exit codes
    output.py     what the terminal gets
    serve.py      the daemon that editors start
    ask.py        one chat turn
    conversation/ a chat on the terminal
    bench.py      models measured side by side
    commit.py     a commit message
    doctor.py     the report for a bug report
    editor.py     a very small editor, for `try`
    key.py        entering, removing and listing keys
    macros.py     macros: list, run, export, import
    mcp.py        Halley as a server of tools
    media.py      image, speak, transcribe, video, media
    models.py     the catalogue
    search.py     search and index
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

import sys


def main() -> None:
    """Entry point of the `halley` script."""
    if sys.argv[1:] in (
        ["serve"],
        ["serve", "--stdio"],
    ):  # the one an editor waits for: no option parser on its way
        from halley.lsp.server import serve_stdio

        sys.exit(serve_stdio())
    from halley.cli.commands import halley

    halley()
