"""Servers of tools: programs and hosts that speak the Model Context Protocol, and speaking it ourselves.

    values.py      what a server offers and answers, as plain values
    connection.py  one server: started, listed, called, told apart from one that hangs or died
    programs.py    its messages over the pipes of a program          hosts.py   … over HTTP
    asking.py      what a server asks of the user
    signing.py     signing in at a host: OAuth      landing.py where the browser lands then
    serving.py     the other side: our own tools, for other programs

The only package that knows the SDK (`mcp`), which brings an HTTP client of its own: it is imported where a server is
first needed, never at start. It stands beside `providers` and `stores`: like them it is a way out of the process, knows
nothing of models, chats or switches, and imports only `core`. Whether a tool may be called is decided above, in
`features/tools`.
"""
