"""Pure text work: contexts, prompts, replies, edits. Text in, values out.

    guards/          what must not leave or take effect
    code/            source code: languages, syntax trees, symbols, layout
    meaning/         whether a new layout still means the same
    markdown/        Markdown in and out
    edits/           edits: build, match, rebase, show as diffs
    prompting/       what a model is sent
    typing/          completion at the cursor
    replies/         from a model's reply to edits
    review/          findings about a change
    chat_input.py    what was typed into a chat: commands, variables, models
    tool_calls.py    tool calls as models write them
    pipelines.py     what the steps of a macro need of each other
    search_query.py  a search as FTS5 terms
    fusion.py        several rankings merged into one

Nothing here does I/O, reads a clock or awaits; nothing here knows which model answers. A bad reply gives
`(edits, problems)`, never an exception that loses the text.
"""
