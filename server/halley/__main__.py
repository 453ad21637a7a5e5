"""`python -m halley`, the same as the `halley` command."""

from halley.cli import main

if __name__ == "__main__":
    main()
