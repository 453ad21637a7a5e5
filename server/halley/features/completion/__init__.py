"""Inline completion: the text offered at the cursor while you type.

`completer.py` decides what happens to each question, and is where to start. `call.py` is one question to a model,
`pace.py` what is known of the typing in one document and how long to wait before asking.
"""
