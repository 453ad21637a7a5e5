"""The wire: how a model's host is asked, and what its answers mean.

    wires.py        the table of wires; openai.py, responses.py, anthropic.py are a row each
    host.py         what every wire does alike: key, headers, sending, refusals
    learning.py     what a host refuses by name, learned once
    streaming.py    one streamed answer → events and one end, whichever the wire
    sse.py          bytes → events of a stream; think, citations, tool_calls, usage and finish read their parts
    errors.py       status, headers, body → core.errors; said.py and retry_after.py read what they say
    transport.py    HTTP: limits and deadlines; clients.py, tls.py, proxies.py, unpack.py, connection_errors.py
    discovery.py    servers on this machine
    endpoint.py     one configured endpoint, as a value; presets.py makes it of catalog/*.toml and settings
    facts.py        what is known of a model by its name; model_list.py and catalogue_api.py what its host says

Third-party exceptions become ours here and nowhere else. Nothing here retries, meters or picks a model; a
wire may only send a request once more without a parameter that the host has just refused by name. Start with
`wires.py`.
"""
