"""The search index on disk: chunks found by words and by vectors.

    store.py    the way in: `IndexStore`
    chunks.py   files, chunks and the words in them
    vectors.py  vectors of chunks, mapped into memory
    filling.py  a whole workspace put into it, by a process of its own

What belongs into it, and when, is `features/search`'s business.
"""
