"""The ledger: what each model call cost.

    store.py    the way in: `LedgerStore`
    intents.py  calls that are about to be written
    logged.py   calls that other agents wrote down
    usage.py    the rows, added up

Money limits are `routing/spending.py`'s business.
"""
