"""What a person can ask for, one file per thing.

A feature takes a `Snapshot` and what the engine room offers, and returns values: it knows neither LSP nor HTTP.
Start at `ask.py`, the one road to a model.
"""
