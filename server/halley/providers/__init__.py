"""The wire: how a model's host is asked, and what its answers mean.

    endpoint.py    one configured endpoint, as a value
    presets.py     the hosts Halley knows (`catalog/*.toml`), and endpoints made of them and of settings
    facts.py       what is known of a model by its name
    echoes.py      keys that a host says back, taken out of everything it says
    urls.py        addresses: joined, compared, brought to one spelling
    wires/         the protocols: a prompt → a request, a reply → events
    hosts/         what every protocol does alike: key, headers, sending, lists, results
    stream/        the bytes of a reply → events and one end
    refusals/      what a host says when it refuses → `core.errors`
    http/          connections, TLS, proxies, limits

Third-party exceptions become ours here and nowhere else. Nothing here retries, meters or picks a model; a wire may
only send a request again without a parameter that the host has just refused by name. Start with `wires/table.py`.
"""
