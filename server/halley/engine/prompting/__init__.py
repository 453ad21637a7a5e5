"""What a model is sent: the context it sees, templates, conversations.

    context.py       excerpts, ranked, within a budget of tokens
    related.py       what other files say about a part of one
    templates.py     Markdown with `{{names}}`
    prompts.py       template, snapshot and context become messages
    conversation.py  a chat as messages, as much as the model can take
    tool_text.py     what a model reads of tools
    agent_text.py    what it reads of its mode

Start with `prompts.py`. Texts come from the caller: nothing here reads a file.
"""
