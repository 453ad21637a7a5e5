"""`streaming.py bare|openai|litellm URL COUNT`: that many concurrent chats by such a client; prints its figures."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from bench.peers.pace import CHUNKS, figures

Say = Callable[[str], None]
_ASKED = [{"role": "user", "content": "Go."}]


async def bare(url: str, hear: Say, number: int) -> None:
    """As little as can be: a socket, and a search for the text."""
    host, port = url.split("/")[2].split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps({"model": "m", "messages": _ASKED, "stream": True}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {host}\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    rest, done = b"", False
    while not done and (data := await reader.read(65536)):
        rest += data
        done = b"[DONE]" in rest
        *events, rest = rest.split(b"\n\n")
        for event in events:
            if (at := event.find(b'"content":"')) >= 0:
                hear(event[at + 11 : event.index(b'"', at + 11)].decode())
    writer.close()


def openai_client(url: str) -> Callable[[str, Say, int], Awaitable[None]]:
    from openai import AsyncOpenAI

    client = AsyncOpenAI(base_url=url, api_key="sk-none", max_retries=0)

    async def ask(_: str, hear: Say, number: int) -> None:
        stream: Any = await client.chat.completions.create(model="m", messages=_ASKED, stream=True)  # type: ignore[arg-type]
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                hear(chunk.choices[0].delta.content)

    return ask


def litellm_client(url: str) -> Callable[[str, Say, int], Awaitable[None]]:
    import litellm  # type: ignore[import-not-found]

    async def ask(_: str, hear: Say, number: int) -> None:
        stream: Any = await litellm.acompletion(  # type: ignore[no-untyped-call]
            model="openai/m", messages=_ASKED, stream=True, api_base=url, api_key="sk-none", num_retries=0
        )
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                hear(chunk.choices[0].delta.content)

    return ask


async def main(kind: str, url: str, count: int) -> None:
    ask = {"bare": lambda _: bare, "openai": openai_client, "litellm": litellm_client}[kind](url)
    delays: list[float] = []
    failed = 0

    async def one(number: int) -> None:
        nonlocal failed
        heard = 0

        def hear(text: str) -> None:
            nonlocal heard
            now = time.monotonic()
            for sent in text.split():
                delays.append(now - float(sent))
                heard += 1

        try:
            await ask(url, hear, number)
            failed += heard != CHUNKS
        except Exception:
            failed += 1

    began = time.monotonic()
    await asyncio.gather(*(one(number) for number in range(count)))
    print(json.dumps(figures(delays, time.monotonic() - began, failed, time.process_time())))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
