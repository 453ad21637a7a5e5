"""What a chunk of a streamed reply costs, as the number of Python functions that are called for it.

A whole chat is run, from `features/chat/send.py` to the bytes for the client, against a host in a thread that sends a
chunk when the one before it has been shown. Functions are counted by `sys.setprofile`, which sees one thread only.
Time cannot be asserted on a busy machine; this number can.
"""

from __future__ import annotations

import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import orjson

import halley
from halley.core.calls import Caller
from halley.core.models import Model, ModelRef, Role, Route
from halley.core.settings import ProviderSettings, Settings
from halley.engine.prompting.templates import builtin_template
from halley.features.ask import Line
from halley.features.chat.desk import ChatDesk, Json
from halley.features.chat.send import send
from halley.features.chat.turns.turn import ChatRequest
from halley.features.surroundings import Surroundings
from halley.lsp.window.partial_results import PartialResults
from halley.providers.http.client import Http
from halley.providers.presets import resolve_endpoint
from halley.providers.wires.table import build_provider
from halley.routing.router import Router
from halley.routing.targets import Target
from halley.stores.chats.store import ChatStore
from halley.stores.ledger.store import LedgerStore
from halley.stores.sqlite.database import Database

KEY = "sk-test-0123456789abcdef"
MODEL = ModelRef("host", "m")
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
CHUNK = b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":%b}]}\n\n'
FEW, MANY = 40, 240
MOST_CALLS = 36
"""Of our functions and aiohttp's for a chunk that arrives alone. There are about 20; where the machine is so busy that
every chunk is a message of its own, a dozen more."""
COUNTED = tuple(str(Path(package.__file__).parent) for package in (halley, aiohttp))


async def test_a_chunk_costs_few_calls(tmp_path: Path) -> None:
    with open_desk(tmp_path) as (desk_at, http):
        with serving(FEW) as (url, shown):
            await chat(desk_at(url), shown)  # what is imported and connected once
        few = await counted(desk_at, FEW)
        many = await counted(desk_at, MANY)
        await http.aclose()
    more = many - few
    called = "\n".join(
        f"{count / (MANY - FEW):6.2f} {Path(file).name}:{line} {name}"
        for (file, line, name), count in more.most_common(60)
    )
    print(called)
    assert more.total() / (MANY - FEW) <= MOST_CALLS, called


async def counted(desk_at: Callable[[str], ChatDesk], chunks: int) -> Counter[Any]:
    calls: Counter[Any] = Counter()

    def see(frame: Any, event: str, _argument: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(COUNTED):
            code = frame.f_code
            calls[code.co_filename, code.co_firstlineno, code.co_name] += 1

    with serving(chunks) as (url, shown):
        desk = desk_at(url)
        sys.setprofile(see)
        try:
            text = await chat(desk, shown)
        finally:
            sys.setprofile(None)
    assert text == "".join(f"word{number} " for number in range(chunks))
    return calls


async def chat(desk: ChatDesk, shown: socket.socket) -> str:
    """The text as a client puts it together."""
    sent: list[bytes] = []
    channel = SimpleNamespace(write=sent.append, is_writable=True)
    results = PartialResults(SimpleNamespace(channel=channel, batch=None, streams={}), token="t")  # type: ignore[arg-type]

    def emit(event: Json) -> None:
        is_text = event["type"] == "text"
        results.send(event)
        if is_text:
            shown.send(b".")

    with results:
        reply = (await send(desk, ChatRequest("Go."), emit))["replies"][0]
    assert reply["status"] == "complete", reply
    events = [event for body in sent for event in orjson.loads(body)["params"]["value"]]
    return "".join(event["delta"] for event in events if event["type"] == "text")


@contextmanager
def open_desk(at: Path) -> Iterator[tuple[Callable[[str], ChatDesk], Http]]:
    database = Database(at / "halley.db")
    store, ledger, http = ChatStore(database), LedgerStore(database), Http({})

    async def get_key() -> str:
        return KEY

    async def route_of(_role: Role) -> Route:
        return (MODEL,)

    def desk_at(url: str) -> ChatDesk:
        endpoint = resolve_endpoint("host", ProviderSettings(base_url=url, preset="openai"), {})
        target = Target(Model(MODEL), build_provider(endpoint, http, get_key), url, 64)
        router = Router(SimpleNamespace(find_target=lambda *_: target), ledger)  # type: ignore[arg-type]
        line = Line(router, Caller(), Settings(), route_of)
        return ChatDesk(Surroundings(line, builtin_template), store, Model)

    try:
        yield desk_at, http
    finally:
        database.close()


@contextmanager
def serving(chunks: int) -> Iterator[tuple[str, socket.socket]]:
    """A host's address, and the socket that tells it that a chunk was shown."""
    listening = socket.create_server(("127.0.0.1", 0))
    shown, hears = socket.socketpair()
    thread = threading.Thread(target=serve, args=(listening, hears, chunks), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1", shown
    finally:
        shown.close()
        thread.join(90)
        listening.close()


def serve(listening: socket.socket, hears: socket.socket, chunks: int) -> None:
    connection, _ = listening.accept()
    with connection, hears:
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(65536)
        connection.sendall(HEAD)
        for number in range(chunks):
            say(connection, CHUNK % (b'{"content":"word%d "}' % number))
            if not hears.recv(1):
                return
        say(connection, CHUNK[:-5] % b"{}" + b',"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
        connection.sendall(b"0\r\n\r\n")


def say(connection: socket.socket, data: bytes) -> None:
    connection.sendall(b"%x\r\n%b\r\n" % (len(data), data))
