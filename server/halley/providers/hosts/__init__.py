"""Talking to a model's host, whichever the protocol.

    host.py             the key, the headers, sending, and refusals
    learning.py         parameters a host refuses by name, learned once
    kept_turns.py       what refusals say of a host's own turns that were sent back
    lessons.py          those lessons, kept for a week
    fetching.py         results from addresses that a host named
    model_list.py       its list of models
    limits.py           the context windows a host works with
    catalogue_api.py    its catalogue with prices
    quota.py            what is left of the user's money
    discovery.py        servers on this machine

Start with `host.py`.
"""
