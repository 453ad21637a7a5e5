"""One connected client: what is known of it, and how edits, answers, questions and news reach it.

    session.py         the client's documents, settings, folders and pending work
    connection.py      what a session needs of the server that holds it
    client.py          what it can do, from its capabilities
    folders.py         its workspace folders
    editor.py          it as an `Editor` (`core/ports.py`): the one way its text is edited
    agent/             its files as an agent works on them, what its language servers know, approval of calls
    applying.py        a change moved to the text as it is now, sent, and checked
    proposing.py       changes that wait for approval, shown and listed
    restoring.py       proposals that a client kept over a restart
    delivery.py        what becomes of an action's outcome
    contents.py        the documents of the `halley:` scheme
    answers.py         texts to read, kept so that they can be opened
    showing.py         answers and messages, in whatever way the client has
    shown_values.py    a command's result as Markdown
    findings.py        a review's findings, which follow the text
    status.py          what a status bar shows
    model_choice.py    choosing a model
    chat_states.py     what its chats do, told to the client
    media.py           what a media request means, and saving a result
    media_tasks.py     media tasks while they run
    ghost_text.py      mending how an editor accepted ghost text
    next_edit/         asking for next edits, and looking for one in pauses
    progress.py        what the client shows while it waits
    partial_results.py  a reply's events, sent as they come
    places.py          where a link goes, and what ghost text was offered

No file here imports `handlers/`. Start at `session.py`.
"""
