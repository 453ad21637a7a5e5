"""Halley: one daemon that gives every editor every model.

Start reading at `lsp/server.py` (the daemon), `features/ask.py` (the one road to a model) or
`cli/__init__.py` (the commands). `server/ARCHITECTURE.md` has the code map.
"""
