"""The disk: configuration, keys, the ledger, chats, media, macros' runs, indexes, trust.

    disk/          paths; private, atomic, locked files
    sqlite/        the SQLite file, its schema, its writers, blobs
    config/        the levels of configuration, picks, trust
    keys/          keys, each bound to its origin
    ledger/        what every model call cost
    chats/         conversations
    index/         a workspace's search index
    workspace/     a workspace's files and git
    team/          a team's PostgreSQL
    agent_logs/    what other agents wrote down of their calls
    lessons.py     what models' hosts refused
    checkpoints.py texts of files before and after an agent changed them
    media.py       tasks that make pictures, sound and video
    macro_runs.py  runs of macros that are not complete

Nothing else in Halley opens a file of its own, and nothing else knows SQLite: what SQLite refuses is StoreFailed.
Files are 0600 in folders 0700. No key is ever in SQLite, in a log or in any file but the secret store's. Modules
here are cheap to import: sqlite3, tomlkit and keyring are loaded by the function that first needs them.
"""
