"""A team's PostgreSQL: what many Halleys share. Nothing here is imported unless `team.url` is set.

    address.py      the URL of `[team]`: what it may hold, and that it is encrypted beyond this machine
    server.py       the database: one connection in a thread of its own, and its errors as StoreFailed
    direct.py       a statement on the event loop itself
    migrations.py   its schema, step by step; the steps are in `schema/`
    policy.py       the policy as it was last seen
    usage.py        what the team used, added up
    spool.py        rows of the local ledger on their way there
    chats.py        chats that members shared
    vectors.py      vectors of the members' search indexes, by hash

Who is warned and which calls are refused is decided in the router (`routing`).
"""
