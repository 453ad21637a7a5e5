"""A unified API on loopback: for people without a key, for tests, for benchmarks.

It speaks the real protocols and computes its answers from what it is sent; every answer says that it is no model. It
imports nothing of ours but `core`.

    server.py         `Simulator`: start here
    app.py            one request's journey; `state.py` is what it remembers, `routes.py` its paths
    connection.py     how bytes leave; `http.py` reads requests, `multipart.py` forms
    conversation.py   request and answer, whichever wire they use
    wires/            chat completions, responses, messages, completions, local servers; `frames.py` is their events
    answers/          what it answers
    media/            pictures, sound, films, and jobs; `embeddings.py` makes vectors
    faults.py         every way a host misbehaves, by name; `misbehave.py` has what takes more than a line
    options.py        how a run or one request should behave; `script.py` has replies word for word
    control.py        the simulator's own paths for tests; `records.py` is which calls came
    catalogue.py      its models (`models.toml`); `params.py` checks parameters (`params.toml`)
    envelope.py       errors as the APIs say them
"""

from halley.simulator.server import KEY, Simulator

__all__ = ["KEY", "Simulator"]
