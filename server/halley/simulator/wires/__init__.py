"""The APIs, one file each: how a request is read into a `Conversation`, and how an `Answer` is written.

wire.py          what a wire is, and what its requests have in common
chat.py          OpenAI's chat completions
responses.py     OpenAI's responses
messages.py      Anthropic's messages
completions.py   completions with a suffix, Mistral's fill-in-the-middle, and what local servers have
"""
