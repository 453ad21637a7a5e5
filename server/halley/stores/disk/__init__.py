"""Files and paths: what every other store stands on.

    paths.py     where everything lies
    making.py    the one place where files and folders are created, private under any umask
    files.py     whole files, changed by one process at a time
    state.py     small JSON files of what the user said: a damaged one is set aside
    programs.py  programs found by absolute path, run within bounds

Start with `paths.py`.
"""
