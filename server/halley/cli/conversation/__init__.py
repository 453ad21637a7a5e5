"""A chat on the terminal.

    chat.py       `halley chat`: the command, and its loop
    events.py     a reply of `halley ask`: events as text or as JSON lines
    replies.py    a turn's events on the terminal
    question.py   words, files and pictures of a question
    prompt.py     the line that the user types, with history and completion
    markdown.py   Markdown drawn while it streams

The chats are those of the editors: the same store, commands and variables (`features/chat`).
"""
