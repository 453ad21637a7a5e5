"""Files and paths: what every other store stands on.

    paths.py     where everything lies
    making.py    the one place where files and folders are created, private under any umask
    files.py     whole files, changed by one process at a time
    looking.py   looks at files, remembered for one turn of the event loop
    state.py     small JSON files of what the user said: a damaged one is set aside
    environment.py the environment that the running code works for
    programs.py  programs found by absolute path, run within bounds
    commands.py  commands that an agent runs: their output, their end
    sandbox.py   commands without network, writing only in the workspace

Start with `paths.py`.
"""
