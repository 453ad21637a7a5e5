"""The command line: `halley COMMAND`. One file per command, imported when it is asked for.

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
