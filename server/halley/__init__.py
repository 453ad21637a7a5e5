"""Halley: one daemon that gives every editor every model.

    cli/        the commands of `halley`             lsp/        the daemon, as editors speak to it
    features/   what a user can ask for              engine/     pure text work
    routing/    which model answers                  providers/  how a model's host is asked
    stores/     the disk                             mcp/        servers of tools
    core/       what every layer may know            simulator/  a host without a model, on loopback
    acp/        an agent for editors that speak the Agent Client Protocol
    joining/    an editor's way to the shared daemon

Start reading at `lsp/server.py` (the daemon), `features/ask.py` (the one road to a model) or
`cli/__init__.py` (the commands). `server/ARCHITECTURE.md` has the code map.
"""
