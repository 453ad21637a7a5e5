"""The APIs, one file each: how a request is read into a `Conversation`, and how an `Answer` is written.

wire.py          what a wire is, and what its requests have in common
chat.py          OpenAI's chat completions
responses.py     OpenAI's responses
messages.py      Anthropic's messages
completions.py   completions with a suffix, and Mistral's fill-in-the-middle
local.py         llama.cpp's infill and Ollama's generate
"""
