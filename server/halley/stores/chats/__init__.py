"""Conversations on disk.

    store.py    the way in: `ChatStore`
    values.py   conversations as values: chat → turn → reply
    rows.py     writing them, in the database thread
    reading.py  reading them, in the database thread
    pieces.py   between a reply's events and its rows
    search.py   finding words in them

What a chat does is `features/chat`'s business.
"""
