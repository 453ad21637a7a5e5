"""`python -I -S PATH/TO/halley/joining …`: as `halley serve --shared …`
, but without looking through installed packages.

That look takes a third of the time until the daemon is joined.
"""

import os
import sys


def main() -> None:
    """Becomes an ordinary `halley serve --shared` where the daemon cannot be joined; that one says why."""
    source = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    sys.path[0:1] = []  # this folder, whose names are not modules of their own
    sys.path.append(source)
    from halley.joining.join import join

    code = join(sys.argv[1:])
    if code is not None:
        os._exit(code)
    run = "import sys; sys.path.append(sys.argv.pop(1)); from halley.cli import main; main()"
    arguments = [argument for argument in sys.argv[1:] if argument != "--shared"]
    os.execv(sys.executable, (sys.executable, "-P", "-c", run, source, "serve", *arguments))


if __name__ == "__main__":
    main()
