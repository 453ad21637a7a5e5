"""The daemon's base: pygls' language server with its faults mended, and the first answer before it is imported.

server.py         `HalleyServer`, pygls' `LanguageServer`: what handlers see. Start here
protocol.py       `HalleyProtocol`: handlers, answers, questions to the client, beginning and end
intake.py         frames become messages; lsprotocol's types and the one converter
features.py       pygls' feature manager, with several handlers for a notification
progress.py       work-done progress and partial results
rpc_errors.py     exceptions as errors of JSON-RPC
front.py          the answer to `initialize`, before anything else is imported
capabilities.py   what that answer announces
frames.py         where one message ends and the next begins
channel.py        one client's bytes, both ways
transport.py      stdin and stdout, or a unix socket, as a channel's ends
serving.py        running servers to their end
parent.py         the end of the process that started us
codec.py          JSON in and out
documents.py      the open documents: pygls' workspace, with LSP's lines and versions
lines.py          lines and columns
uris.py           URIs and files
logs.py           the log, and what never gets into it
stderr.py         stderr that never makes the daemon wait
"""
