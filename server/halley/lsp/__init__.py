"""The editor's side: LSP in, features out. The only package that knows pygls and lsprotocol.

    server.py     composition: the modules that make up the server, over stdio or a socket
    later.py      what the first messages do not need
    types_on_use.py lsprotocol's classes, completed when they are first used
    capabilities.py   what the answer to `initialize` announces
    current.py    the client's request that the running code works for
    closed_files.py   a file that is not open, as a document
    socket_file.py    the file of a unix socket
    time_limits.py    how long a client may take to answer
    logs.py       the log, and what never gets into it
    process.py    the daemon's process: signals, parent, end
    from_lsp.py   positions, ranges and diagnostics as offsets
    to_lsp.py     edits, ranges and whole changes as LSP has them
    last_resort.py the end of a process whose interpreter is held
    streams.py    stdin and stdout for LSP alone, stderr that never makes the daemon wait
    text/         lines, URIs and the text of an open document
    base/         frames, messages, cancellation, documents: a server that knows nothing of models
    protocol/     our own requests and notifications (`halley/*`) as types
    window/       what one connected client has: its session, and how things reach it
    joined/       the daemon that editors share, a session for each
    handlers/     one file for each subject of requests; they never import each other

Start at `server.py`.
"""
