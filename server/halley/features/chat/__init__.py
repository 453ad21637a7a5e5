"""Chat: conversations that know the code, kept by the workspace.

`send.py` is the way in: one turn, from what was typed to what was answered. `variables.py` brings code in,
`messages.py` makes the prompt of a conversation, `answering.py` streams one model's reply into the store,
`shapes.py` and `markdown.py` show it.
"""
