"""Every custom request and notification, as types: the only place that defines them. One file per subject.

    shape.py          what every shape is, and a row of the tables
    common.py         places, problems, usage
    notifications.py  what the server sends without a request
    chat.py           chats and their turns
    replies.py        what a model's reply is made of
    editing.py        edits, proposals, context
    next_edit.py      the next edit, and what became of it
    macros.py         macros and pipelines
    media.py          pictures, speech, video
    models.py         the catalogue and choosing
    providers.py      providers and their keys
    reports.py        usage, health, commit messages
    review.py         reviews of a change
    search.py         the workspace searched
    tools.py          tools a model may ask for
    agent.py          taking back what an agent did
    table.py          all of them by name: `REQUESTS`, `NOTIFICATIONS`
    trust.py          what a workspace's files ask for

`REQUESTS` and `NOTIFICATIONS` are tables; TypeScript and Lua types and the reference page are generated from them.
Parameters arrive as plain dicts and are validated by `read_params`; results are plain dicts whose shape the result
types describe. JSON is camelCase, Python snake_case. A new subject is a file with its own `REQUESTS` and a row in
`SUBJECTS`.
"""
