"""Talking to a model's host, whichever the protocol.

    host.py             the key, the headers, sending, and refusals
    learning.py         parameters a host refuses by name, learned once
    fetching.py         results from addresses that a host named
    model_list.py       its list of models
    limits.py           the context windows a host works with
    catalogue_api.py    its catalogue with prices, and what is left of the money
    discovery.py        servers on this machine

Start with `host.py`.
"""
