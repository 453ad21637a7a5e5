"""`halley team`: one PostgreSQL for many Halleys.

    commands.py   init, join, leave, status
    people.py     members, budget, prune: what admins do
    sharing.py    policy; macros and templates: propose, approve, take
    index.py      what the members' search indexes share
    chats.py      chats: share, show, revoke
    tables.py     what they print

The database decides who may do what; nothing here checks it again.
"""
