"""One file for each kind of chat turn.

`table.py` says which command makes which kind, and is where to start. `turn.py` holds what all kinds share.
`question.py` asks models, `command.py` does what is about the chat itself (`/clear`, `/model` …), `macro.py` runs a
pipeline, `media.py` makes pictures and sound, `search.py` lists places of the workspace, `review.py` gives findings.
"""
