"""What a user can ask for, one file or package for each thing.

    ask.py            the one road to a model
    room.py           the engine room: everything a process has one of
    shared.py         what all windows share about workspaces: code, indexes, media tasks, tool servers
    surroundings.py   what a feature finds around it, in a window or for a command
    actions/          what can be done to code
    chat/             conversations that know the code
    completion/       ghost text
    context/          the workspace's context for a prompt
    search/           the workspace searched
    tools/            what models may ask for in a chat
    macros/           macros and pipelines
    macro_actions.py  macros as code actions
    media/            pictures, speech, transcription and video
    commit.py         a commit message from a diff
    diff.py           what git says has changed, as a model may see it
    proposals.py      changes that wait for an answer, hunk by hunk
    models.py         models and providers: listing and choosing
    compare_prices.py one model at each provider, the cheapest first
    own_templates.py  the user's own prompt templates
    usage.py          what was used, and what is left
    log.py            the calls that failed
    report_tables.py  usage and doctor as tables
    verify.py         connection tests
    doctor.py         the report for a bug report

A feature takes a `Snapshot` and what the engine room offers, and returns values: it knows neither LSP nor HTTP.
Start at `ask.py`.
"""
