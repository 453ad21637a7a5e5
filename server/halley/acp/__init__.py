"""Halley as an agent of the Agent Client Protocol, version 1 (agentclientprotocol.com): `halley acp`.

    server.py      the connection and its first answer; start here
    methods.py     all other methods, by name
    auth.py        how a key is entered, where one is needed
    session.py     one session: a chat of a workspace, with the models and the mode picked for it
    turn.py        one prompt: what is sent while it is answered, and how it ended
    prompt.py      a prompt's content blocks as a question
    updates.py     the events of a reply as `session/update`
    calls.py       tool calls: kinds, locations, diffs
    asking.py      approvals, by `session/request_permission`
    options.py     models, reasoning effort and modes as configuration options
    offers.py      the slash commands and macros that a client may list
    servers.py     MCP servers that the client names
    history.py     a chat told again, for `session/load`
    next_edit/     next edits by the protocol's draft, `nes/*`, where they are on
    v1/            what version 2 no longer has: the client's files and terminals
    errors.py      problems as JSON-RPC errors, and reading parameters
    rpc.py         JSON-RPC, a message a line
    stdio.py       stdin and stdout as lines

A session is a chat of `features/chat`, so editors that speak LSP and the command line have the same ones. Nothing here
knows LSP; the SDK of the protocol is used by the tests only, since loading it takes a second. `server.py` and what it
imports load nothing that is heavy, because an editor waits for the first answer.
"""
