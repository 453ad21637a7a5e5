"""The disk: configuration, keys, the ledger, chats, selections, trust.

One file per subject, and nothing else in Halley opens a file of its own:

    paths.py       where everything lies                files.py       private, atomic, locked
    database.py    the one SQLite file                  migrations.py  its schema, append-only
    ledger.py      what every model call cost           chats.py       conversations
    config.py      the levels of configuration          secrets.py     keys, each bound to its origin
    selections.py  what was picked, and where           trust.py       which repositories are believed

Files are 0600 in folders 0700. No key is ever in SQLite, in a log or in any file but the secret store's. Modules
here are cheap to import: sqlite3, tomlkit and keyring are loaded by the function that first needs them.
"""
