"""The workspace's files and git, as a model may see them.

    project_files.py  files listed by its ignore rules, read with limits
    ignoring.py       patterns of ignore files, in linear time
    texts.py          text files, read as an editor would
    ours.py           folders above a place that belong to the same user
    git/              what git says of a working tree

Nothing here writes into a workspace.
"""
