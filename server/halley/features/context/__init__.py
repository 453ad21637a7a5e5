"""The workspace's context for a prompt, and what may be shown.

    shown.py      what a model may be shown, decided once at the entrance
    gather.py     the context of an action, and of inline completion
    project.py    a workspace's files, and where names are defined
    files.py      one file of the workspace, named by its path

Start at `shown.py`: everything else takes what it permits.
"""
