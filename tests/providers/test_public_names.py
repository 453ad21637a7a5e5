"""Names that lead somewhere: what an address in an answer may stand for. Only the look-up itself is made up."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from halley.core.errors import BlockedByPolicy, HalleyError
from halley.providers.endpoint import Endpoint
from halley.providers.hosts.fetching import _check_public, trust_of
from halley.providers.http.addresses import is_public
from halley.providers.http.client import Http, HttpRequest
from halley.providers.http.pool import Pool
from halley.providers.http.transport import Transport

ENDPOINT = Endpoint("sim", "Simulator", "openai", "https://models.example")
PUBLIC = "93.184.216.34"
PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.9", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b:1::1", "2001:db8::1",
    "64:ff9b::7f00:1", "64:ff9b::a00:1", "::a00:1", "::ffff:0:a00:1", "fec0::1", "5f00::1", "240.0.0.1", "198.18.0.1",
]  # fmt: skip


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """What each name leads to: a list for each look-up, the last one for good."""
    known: dict[str, list[list[str]]] = {}

    def look_up(host: Any, port: Any, *_: Any, **__: Any) -> list[Any]:
        name = host.decode() if isinstance(host, bytes) else host
        answers = known[name]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port or 0, 0, 0) if ":" in address else (address, port or 0),
            )
            for address in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


@pytest.fixture
async def resolver() -> AsyncIterator[Any]:
    """That of a transport for strangers' addresses, as it is really made."""
    pool = Pool()
    shared = await pool.get(ENDPOINT, None, public_only=True)
    assert isinstance(shared.transport, Transport)
    yield shared.transport._session.connector._resolver  # type: ignore[union-attr]
    await pool.aclose()


@pytest.mark.parametrize("address", PRIVATE)
async def test_a_name_that_leads_inside_is_refused(resolver, names, address: str) -> None:
    names["pictures.example"] = [[address]]
    with pytest.raises(OSError, match="not public"):
        await resolver.resolve("pictures.example", 443)
    with pytest.raises(BlockedByPolicy) as refused:
        await _check_public("https://pictures.example/a.png", ENDPOINT)
    assert "private network" in refused.value.problem.message
    host = f"[{address.partition('%')[0]}]" if ":" in address else address
    assert not is_public(address)
    with pytest.raises(BlockedByPolicy):
        trust_of(f"https://{host}/a.png", ENDPOINT)


async def test_one_address_inside_among_public_ones_is_enough(resolver, names) -> None:
    names["pictures.example"] = [[PUBLIC, "10.0.0.1"]]
    with pytest.raises(OSError, match="not public"):
        await resolver.resolve("pictures.example", 443)


async def test_a_public_name_is_looked_up_as_ever(resolver, names) -> None:
    names["pictures.example"] = [[PUBLIC, "64:ff9b::5db8:d822", "2606:2800:220:1::1"]]
    assert (await resolver.resolve("pictures.example", 443))[0]["host"] == PUBLIC
    await _check_public("https://pictures.example/a.png", ENDPOINT)


async def test_a_name_that_changes_its_mind_between_two_look_ups_reaches_nothing(names, http: Http) -> None:
    """Public when it is looked at, this machine when it is connected to: the connection looks it up itself."""
    reached = asyncio.Event()

    async def serve(_reader: Any, writer: asyncio.StreamWriter) -> None:
        reached.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    names["pictures.example"] = [[PUBLIC], ["127.0.0.1"]]
    address = f"https://pictures.example:{port}/a.png"
    await _check_public(address, ENDPOINT)
    try:
        with pytest.raises(HalleyError):
            await http.send(
                replace(ENDPOINT, base_url=f"https://pictures.example:{port}"),
                HttpRequest("GET", address),
                public_only=True,
            )
    finally:
        server.close()
        await server.wait_closed()
    assert not reached.is_set()
