"""The ledger: what each model call cost.

    store.py    the way in: `LedgerStore`
    intents.py  calls that are about to be written
    usage.py    the rows, added up

Money limits are `routing/spending.py`'s business.
"""
