"""Tools: what models may ask for in a chat, which of it is on, and who approves calls.

    servers.py     the user's servers, one connection each for the process
    signing_in.py  signing in to one of them, and out     kept_sign_in.py what that gave
    helping.py     what a server asks of the user while its tool runs
    builtin.py     tools of our own, which only read
    switches.py    on and off, by chat, workspace and user
    toolbox.py     what is offered for one reply
    approving.py   approval of a call, and what a permanent approval is bound to
    loop.py        a reply with its calls
    spending.py    what a reply has cost so far
    listing.py     all of it as the protocol shows it
    finding.py     the tool that searches the workspace
    offering.py    ourselves as a server (`halley mcp`)

A tool acts only after approval: the user's for this call, or a permanent one for exactly its kind. What only reads
and is trusted (built in, or said so by a server the user trusts) runs without. No text of a model, a file or a
server can change that, because nothing here reads such text but to show it.
"""
