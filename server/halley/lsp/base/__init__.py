"""The daemon's base: pygls' language server with its faults mended, and the first answer before it is imported.

server.py       `HalleyServer`, pygls' `LanguageServer`: what handlers see. Start here
protocol.py     `HalleyProtocol`: handlers, answers, questions to the client, beginning and end
intake.py       frames become messages
converter.py    lsprotocol's types and JSON
features.py     pygls' feature manager, with several handlers for a notification
rpc_errors.py   exceptions as errors of JSON-RPC
documents.py    the open documents: pygls' workspace, with LSP's lines and versions
front.py        the answer to `initialize`, before anything else is imported
frames.py       where one message ends and the next begins
channel.py      one client's bytes, both ways
transport.py    stdin and stdout as a channel's ends
serving.py      running servers to their end

Each override says what it mends and why, with the report upstream or the section of the specification that pygls
misses. `(`#exit`)` is the section of that anchor in
https://microsoft.github.io/language-server-protocol/specifications/lsp/3.18/specification/

Not here: what the answer to `initialize` announces, the log and the process, which stand one folder above, and lines,
URIs and the text of a document, which know no messages.
"""
