"""From a model's reply to edits.

    read.py            the way in: a reply in any form becomes a change
    byte_order.py      byte-order marks
    target.py          what the reply is for
    choosing.py        which of several blocks is the answer
    labels.py          which file a block is for
    prose.py           code without a fence
    drafts.py          the new text of each file, while it is read
    rows.py            a text's lines, counted and looked up once
    place.py           where a whole block belongs
    stretches.py       a block that is the part but for a few stretches
    insert.py          new code at a place
    pieces.py          a block that holds only some definitions
    imports.py         imports that come with a piece of code
    elision.py         lines that stand for "the rest as it was"
    hunks.py           lines as they were and as they shall be
    search_replace.py  SEARCH/REPLACE blocks
    unified_diff.py    unified diffs
    exact.py           a text replaced by another, as a tool asks for it

Start with `read.py`. It never guesses: what cannot be placed is a problem, and the text is saved.
"""
