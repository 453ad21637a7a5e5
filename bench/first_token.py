"""From asking to the first visible token, warm: a chat through the daemon against the openai SDK, same upstream.

The daemon's side is counted from the request on its stdin to the first partial result on its stdout; the SDK's from
the call to the first chunk with text.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count
from typing import Any

from bench.daemon import HALLEY, Daemon, home
from bench.simulated import simulator
from bench.table import Pair

REPLY = "Four words, then done."
PROMPT = "Say something short."
DEFER_S = 0.1
"""Until the daemon's background work for an answer is done (a new chat gets its title by a call of its own)."""
_tokens = count(1)


def pairs(rounds: int) -> Iterator[Pair]:
    from openai import OpenAI

    with (
        simulator(REPLY) as url,
        home(url) as at,
        Daemon(HALLEY, at) as daemon,
        OpenAI(base_url=url, api_key="sk-sim", max_retries=0) as sdk,
    ):
        daemon.initialize()
        daemon.open()
        for number in range(rounds):
            if number % 2:
                theirs = _ms_by_sdk(sdk)
                yield _ms_by_daemon(daemon), theirs
            else:
                yield _ms_by_daemon(daemon), _ms_by_sdk(sdk)


def _ms_by_daemon(daemon: Daemon) -> float:
    token = f"bench-{next(_tokens)}"
    began = time.perf_counter()
    id = daemon.send("halley/chat/send", {"prompt": PROMPT, "partialResultToken": token})
    took = 0.0
    while True:
        message = daemon.read()
        if not took and _has_text(message, token):
            took = (time.perf_counter() - began) * 1000
        if message.get("id") == id and "method" not in message:
            if "error" in message or not took:
                raise RuntimeError(f"no token came: {message}")
            time.sleep(DEFER_S)
            return took


def _has_text(message: dict[str, Any], token: str) -> bool:
    params = message.get("params") or {}
    if message.get("method") != "$/progress" or params.get("token") != token:
        return False
    return isinstance(params["value"], list) and any(event["type"] == "text" for event in params["value"])


def _ms_by_sdk(sdk: Any) -> float:
    took = 0.0
    began = time.perf_counter()
    messages = [{"role": "user", "content": PROMPT}]
    for chunk in sdk.chat.completions.create(model="sim-chat", messages=messages, stream=True):
        if not took and chunk.choices and chunk.choices[0].delta.content:
            took = (time.perf_counter() - began) * 1000
    return took
