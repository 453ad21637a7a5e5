"""Values, ports, errors and settings: what every layer may know.

    errors.py       the tree of errors a user can meet
    events.py       what a reply is made of
    ports.py        the seams between layers, as Protocols
    settings.py     every setting, defined once
    calls.py        what is asked of a model, and on whose behalf
    next_edit.py    the marks and blocks of a next edit
    models.py       models, roles, usage and cost
    snapshot.py     the editor's state at one moment, frozen
    text.py         edits to text, as values
    editing.py      what an editor answers to edits
    thoughts.py     how models mark their thinking in a text
    repetition.py   whether a text goes round in circles
    pieces.py       a text that grows piece by piece
    json_text.py    values to JSON, odd ones too
    tokens.py       how many tokens a text is worth
    media.py        pictures, sound and video as values
    media_types.py  what a file is, by its first bytes
    index.py        what a search index keeps and finds
    macro_runs.py   one run of a macro
    usage.py        what was used, added up
    team.py         a team's members, budgets and policy
    figures.py      money, counts and times as people read them
    agent.py        what an agent is allowed and what it runs

Nothing here imports anything of ours outside `core`, does I/O, reads a clock or awaits. Start with
`errors.py`, `events.py` and `ports.py`.
"""
