"""The wire: how a model's host is asked, and what its answers mean.

    wires/       one file for each protocol, and the table of them
    hosts/       what every wire does alike, model lists, local servers
    stream/      one streamed answer → events and one end
    refusals/    status, headers, body → core.errors
    http/        connections, limits and deadlines, TLS, proxies
    endpoint.py  one configured endpoint, as a value
    presets.py   endpoints known by name (`catalog`), with settings over them
    facts.py     what is known of a model by its name
    urls.py      base URLs as people paste them

Third-party exceptions become ours here and nowhere else. Nothing here retries, meters or picks a model; a
wire may only send a request a second time without a parameter that the host has just refused by name. Start with
`wires/table.py`.
"""
