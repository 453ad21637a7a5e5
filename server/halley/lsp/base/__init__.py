"""The daemon's base: pygls' language server with its faults mended, and the first answer before it is imported.

server.py       `HalleyServer`, pygls' `LanguageServer`: what handlers see. Start here
protocol.py     `HalleyProtocol`: handlers, answers, questions to the client, beginning and end
intake.py       frames become messages
converter.py    lsprotocol's types and JSON
features.py     pygls' feature manager, with several handlers for a notification
progress.py     work-done progress
rpc_errors.py   exceptions as errors of JSON-RPC
documents.py    the open documents: pygls' workspace, with LSP's lines and versions
front.py        the answer to `initialize`, before anything else is imported
frames.py       where one message ends and the next begins
channel.py      one client's bytes, both ways
transport.py    stdin and stdout, or a unix socket, as a channel's ends
serving.py      running servers to their end
codec.py        JSON in and out

Not here: what the answer to `initialize` announces, the log and the process, which stand one folder above, and lines,
URIs and the text of a document, which know no messages.
"""
