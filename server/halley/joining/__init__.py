"""Joining the user's running daemon: what `halley serve --shared` is until it has one. Standard library only.

    join.py     the editor's process: finds or starts a daemon, hands the editor over, waits for its end. Start here
    __main__.py the same without Python's own start: `python -I -S PATH/TO/halley/joining`
    starting.py one daemon, however many start at the same time
    place.py    where the socket lies, who may be there, and which daemon it belongs to
    words.py    what is said on the socket
    about.py    asking a running daemon about itself
    retire.py   no more editors for a running daemon, so that the next one starts another

It is imported by a process that an editor waits for, so nothing of Halley but its version is imported here, and of the
standard library only what is needed: `socket`, `json` and `subprocess` would take longer than all the rest. The other
side is `lsp/joined/`.
"""
