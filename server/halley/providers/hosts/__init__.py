"""Asking a host: what every wire does alike.

    host.py           key, headers, sending, refusals
    learning.py       what a host refuses by name, learned once
    fetching.py       results from addresses a host named
    discovery.py      servers on this machine
    model_list.py     a host's list of models, read
    catalogue_api.py  what its own catalogue says

What a refusal means is said in `providers/refusals`.
"""
