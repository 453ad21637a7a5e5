"""What a user can ask for, one file or package for each thing.

    ask.py            the one road to a model
    room.py           the engine room: keys, connections and models of one environment
    stores.py         what the process keeps on disk, for all rooms
    shared.py         what all windows share about workspaces: code, indexes, media tasks, tool servers
    surroundings.py   what a feature finds around it, in a window or for a command
    actions/          what can be done to code
    agent/            tools that act: edits, commands, modes
    chat/             conversations that know the code
    completion/       ghost text
    next_edit/        what the user would change next, wherever it is
    context/          the workspace's context for a prompt
    search/           the workspace searched
    tools/            what models may ask for in a chat
    macros/           macros and pipelines
    macro_actions.py  macros as code actions
    media/            pictures, speech, transcription and video
    commit.py         a commit message from a diff
    diff.py           what git says has changed, as a model may see it
    review.py         findings about a change, each placed with certainty
    proposals.py      changes that wait for an answer, hunk by hunk
    models.py         models and providers: listing and choosing
    compare_prices.py one model at each provider, the cheapest first
    own_templates.py  the user's own prompt templates
    usage.py          what was used, and what is left
    team.py           a user's place in a team
    team_sharing.py   a team's macros and templates
    team_chats.py     chats shared with it
    team_index.py     vectors that its members' search indexes share
    log.py            the calls that failed
    report_tables.py  usage and doctor as tables
    verify.py         connection tests
    doctor.py         the report for a bug report
    editors.py        the editors on this machine

A feature takes a `Snapshot` and what the engine room offers, and returns values: it knows neither LSP nor HTTP.
Start at `ask.py`.
"""
