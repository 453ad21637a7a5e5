"""What version 1 of the protocol has and version 2 drops: the client's files and its terminals.

files.py        a `Workbench` on `fs/read_text_file` and `fs/write_text_file`
terminals.py    `Terminals` on `terminal/*`
"""
