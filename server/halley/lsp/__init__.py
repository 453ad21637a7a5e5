"""The editor's side: LSP in, features out. The only package that knows pygls and lsprotocol.

    server.py     composition: the modules that make up the server, over stdio or a socket
    from_lsp.py   positions, ranges and diagnostics as offsets
    to_lsp.py     edits, ranges and whole changes as LSP has them
    base/         frames, messages, cancellation, documents: a server that knows nothing of models
    protocol/     our own requests and notifications (`halley/*`) as types
    window/       what one connected client has: its session, and how things reach it
    handlers/     one file for each subject of requests; they never import each other

Start at `server.py`.
"""
