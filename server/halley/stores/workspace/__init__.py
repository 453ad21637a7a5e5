"""The workspace's files and git, as a model may see them.

    project_files.py  files listed by its ignore rules, read with limits
    ignoring.py       patterns of ignore files, in linear time
    texts.py          text files, read as an editor would
    writing.py        text files that no editor has open, written for an agent
    ours.py           folders above a place that belong to the same user
    naming.py         what a workspace is called on several machines
    git/              what git says of a working tree

Only `writing.py` writes into a workspace.
"""
