"""The workspace's context for a prompt.

    project.py  files of the workspace, and where names are defined
    files.py    reading one file for a model, by one set of rules

How excerpts are chosen and ranked is `engine/prompting/context.py`.
"""
