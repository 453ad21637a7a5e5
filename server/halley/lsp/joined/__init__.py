"""The daemon that editors join with `halley serve --shared`: one process, a session for each editor.

    daemon.py     its life: from the listening socket to the end when it is idle. Start here
    porter.py     who comes in: the user's own processes, their pipes and their environments
    life.py       when it ends
    sessions.py   one editor's session, from its pipes to its exit code
    rooms.py      an engine room for each environment
    logs.py       each session's log goes where its editor expects it

The editor's side, which must not import this, is `joining`, one folder above this layer. What sessions share is
environment by environment: an engine room, with its keys, connections and lists of models, belongs to sessions whose
environments are equal; the stores on disk, the imports and the event loop belong to all.
"""
