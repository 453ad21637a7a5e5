"""Files and paths: what every other store stands on.

    paths.py  where everything lies
    files.py  private, whole files, changed by one process at a time

Start with `paths.py`.
"""
