"""SQLite: the connection, the schema, and who writes.

    database.py    the way in: `Database`, one thread for each file
    jobs.py        what waits for that thread, run in groups
    opening.py     a file opened, written in turns, set aside when damaged
    failures.py    what SQLite's errors mean
    migrations.py  the schema, append-only
    writers.py     what a killed process left open
    processes.py   whether a process still runs
    blobs.py       large files beside the database

The stores that use the tables say what they mean.
"""
