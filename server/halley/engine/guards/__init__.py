"""What must not leave or take effect: secrets, protected files, invisible characters, commands.

    secrecy.py    what never leaves the machine: files by name, keys by shape
    protected.py  a project's own machinery, changed only after a question
    names.py      names as a forgiving file system reads them
    invisible.py  characters that cannot be seen, and what they do to code
    command_rules.py  which commands run without asking, and which never

Rules as functions of a path or a text; who asks them is up to the layers above.
"""
