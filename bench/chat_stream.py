"""A reply of 2,000 deltas a second through one daemon, beside the same stream read straight off its socket.

What is compared is how long the whole reply takes: a daemon that fell behind would take longer than its upstream. That
deltas are sent together, at most every 16 ms, is checked too.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from bench.daemon import HALLEY, Daemon, home
from bench.simulated import simulator
from bench.table import Pair

RATE, DELTAS = 2000.0, 4000
REPLY = "word " * DELTAS


def pairs(rounds: int) -> Iterator[Pair]:
    with simulator(REPLY, RATE) as url, home(url) as at, Daemon(HALLEY, at) as daemon:
        daemon.initialize()
        daemon.open()
        for number in range(rounds):
            if number % 2:
                straight = _straight(url)
                yield _through(daemon, number), straight
            else:
                yield _through(daemon, number), _straight(url)


def _through(daemon: Daemon, number: int) -> float:
    """Milliseconds from the first event to the answer."""
    token = f"stream-{number}"
    id = daemon.send("halley/chat/send", {"prompt": "Go on.", "partialResultToken": token})
    began, messages, text = 0.0, 0, 0
    while True:
        message = daemon.read()
        if message.get("id") == id and "method" not in message:
            break
        if message.get("method") == "$/progress" and message["params"]["token"] == token:
            events = [event for event in message["params"]["value"] if event["type"] == "text"]
            began = began or (time.perf_counter() if events else 0.0)
            messages += 1
            text += sum(len(event["delta"]) for event in events)
    took = (time.perf_counter() - began) * 1000
    assert text == len(REPLY), f"{text} of {len(REPLY)} characters came"
    assert messages <= took / 16 + 10, f"{messages} messages in {took:.0f} ms"
    return took


def _straight(url: str) -> float:
    """The same, by a client that only reads."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    body = json.dumps(
        {"model": "sim-chat", "stream": True, "messages": [{"role": "user", "content": "Go on."}]}
    )
    headers = {"Content-Type": "application/json", "Authorization": "Bearer sk-sim"}
    connection.request("POST", f"{parts.path}/chat/completions", body, headers)
    answer = connection.getresponse()
    began = 0.0
    while line := answer.readline():
        began = began or (time.perf_counter() if b'"content"' in line and b"word" in line else 0.0)
    connection.close()
    return (time.perf_counter() - began) * 1000
