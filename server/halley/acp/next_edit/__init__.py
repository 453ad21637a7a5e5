"""Next edits by the protocol's draft, `nes/*`: off unless `next_edit.acp` is on.

    methods.py     the requests and notifications of the draft, by name; start here
    session.py     one session: its folders, and the suggester that every editor has
    texts.py       the client's open documents, as its notifications tell them
    positions.py   lines and columns of the protocol as offsets, and back
    flag.py        whether next edits are on, read before anything is loaded

The draft: agentclientprotocol.com/rfds/next-edit-suggestions. Its sessions have nothing to do with those of chats.
"""
