"""Requests, commands and notifications, one file for each subject. Each registers itself; none imports another.

    begin.py           the window's session, made with `initialize`; comes first
    configuration.py   settings, files that changed, and what is wrong with them
    code_actions.py    the light bulb's list
    run.py             halley.run and halley/edit: an action, a macro or an instruction
    apply_block.py     a block of a chat's reply put into a document
    completion.py      inline completion, and paths and macros in lists
    next_edit.py       the next edit, for every kind of client
    formatting.py      formatting by a model
    proposals.py       changes that wait for approval
    documents.py       documents of the `halley:` scheme, and notebooks that were saved
    review.py          findings about a change
    chat.py            chats
    language_model.py  models for other extensions of the editor
    macros.py          saved prompts and pipelines
    media.py           pictures, sound and video
    tools.py           the tools of MCP servers
    checkpoints.py     taking back what an agent did
    models.py          the catalogue and the choice of models
    providers.py       hosts and keys
    reports.py         usage, the doctor, commit messages, the context
    search.py          the workspace's index
    trust.py           trusting a workspace
    plain.py           all of it for clients without a plugin; comes last, since it wraps the others' commands

`server.HANDLERS` lists them in order. What several of them need lives in `lsp/window/`.
"""
