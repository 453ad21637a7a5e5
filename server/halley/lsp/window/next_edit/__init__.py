"""Next edits of a window.

asking.py   what every surface calls: the window's documents and settings handed to the suggester
pauses.py   pauses in typing and savings, in which one is looked for
"""
