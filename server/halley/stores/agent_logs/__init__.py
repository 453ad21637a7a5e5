"""What other agents write down of their own calls, read for the ledger: tokens, times and models, never a text.

    table.py      which agent's log is read how; start here
    started.py    the run whose calls are wanted, and what counts as its own
    reading.py    files and databases of other programs, read within bounds
    figures.py    numbers, times and names out of JSON that anything may have written
    claude.py · codex.py · opencode.py · aider.py · goose.py    one agent each

The formats are the agents' own and change with them: what is not understood is skipped, and nothing here raises for
what a file holds.
"""
