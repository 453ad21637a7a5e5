"""Edits: build, match, rebase, show as diffs.

    build.py     the smallest edits that turn one text into another
    matching.py  finding lines among lines, never by likeness
    rebase.py    edits moved onto a text that changed meanwhile
    undoing.py   edits of several steps taken back, whatever else changed since
    hunks.py     a change in the parts that a user accepts or refuses
    diffs.py     where two sequences of lines differ

`core/text.py` defines edits. `engine/replies` decides which edits a reply means.
"""
