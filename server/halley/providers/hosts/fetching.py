"""Fetching a result from an address that a host named. The address is hostile until it has been looked at.

the provider's own origin                  fetched with the key, plain HTTP if the provider is spoken to so
an origin of `result_origins`              fetched without a key: the user vouches for it
any other                                  https, without key, headers or client certificate, and only where every
                                           address of its name is public; looked up again by the connection itself
                                           (`http/transport.py`), so that a name cannot change its mind
anything else                              refused

A redirect is a new address: looked at again, and never followed with a key.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import socket
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

from halley.core.errors import BadReply, BlockedByPolicy, UpstreamError
from halley.providers.endpoint import Endpoint
from halley.providers.hosts.host import Host
from halley.providers.http.addresses import is_global, is_public
from halley.providers.http.answer import HttpAnswer
from halley.providers.http.client import HttpRequest
from halley.providers.http.connection_errors import too_large
from halley.providers.refusals.errors import Asked, error_of_answer
from halley.providers.urls import origin_of

MOST_REDIRECTS = 4
Write = Callable[[bytes], object]


async def fetch_result(host: Host, address: str, write: Write, limit: int) -> None:
    """Hands the bytes at `address` to `write`, at most `limit` of them.

    Raises BlockedByPolicy for an address that must not be fetched, BadReply for one that is gone, too large or a web
    page, and what failures of the connection stand for.
    """
    if address.startswith("data:"):
        write(_inline(host.endpoint, address, limit))
        return
    with_key = True
    for _ in range(MOST_REDIRECTS + 1):
        answer = await _open(host, address, with_key)
        try:
            if not 300 <= answer.status < 400:
                await _take(host.endpoint, answer, address, write, limit)
                return
            location = answer.headers.get("location", "")
        finally:
            await answer.aclose()
        if not location:
            break
        address, with_key = urljoin(address, location), False
    raise BadReply(
        f"{host.endpoint.label} redirected too many times while fetching the result.", "Try again later.",
        provider=host.endpoint.id,
    )  # fmt: skip


async def _open(host: Host, address: str, with_key: bool) -> HttpAnswer:
    endpoint = host.endpoint
    kind = trust_of(address, endpoint)
    if kind == "own":
        headers = await host.headers_for(address) if with_key else {}
        return await host.http.send(endpoint, HttpRequest("GET", address, headers))
    stranger = replace(endpoint, base_url=origin_of(address), headers=(), client_cert=None)
    if kind == "named":
        return await host.http.send(stranger, HttpRequest("GET", address))
    if not host.http.has_proxy(stranger):  # behind a proxy, names are the proxy's to look up
        await _check_public(address, endpoint)
    return await host.http.send(stranger, HttpRequest("GET", address), public_only=True)


def trust_of(address: str, endpoint: Endpoint) -> str:
    """`own`, `named` or `public`. Raises BlockedByPolicy for what is none of these; nothing is looked up."""
    try:
        parts = urlsplit(address)
        origin = origin_of(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        usable, origin, parts = False, "", urlsplit("")
    if not usable or not address.isprintable() or "\\" in address:
        raise _refused(endpoint, "", "it is not a web address")
    if origin == endpoint.origin:
        return "own"
    if origin in map(origin_of, endpoint.result_origins):
        return "named"
    if parts.scheme != "https":
        raise _refused(endpoint, origin, "it is not https")
    host = (parts.hostname or "").rstrip(".")
    if not is_public(host):
        raise _refused(endpoint, origin, "it is on this machine or in a private network")
    return "public"


async def _check_public(address: str, endpoint: Endpoint) -> None:
    """Looks the name up, for a sentence that says why."""
    parts = urlsplit(address)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            parts.hostname, parts.port or 443, type=socket.SOCK_STREAM
        )
    except OSError:
        return  # the connection will say so
    if not all(is_global(str(row[4][0])) for row in found):
        raise _refused(endpoint, origin_of(address), "it is on this machine or in a private network")


async def _take(endpoint: Endpoint, answer: HttpAnswer, address: str, write: Write, limit: int) -> None:
    if answer.status in (403, 404, 410):
        raise BadReply(
            f"The result is no longer at {endpoint.label} (status {answer.status}).",
            "Its URL has expired. Start it again.",
            provider=endpoint.id,
            status=answer.status,
        )
    if not 200 <= answer.status < 300:
        body = b""
        try:
            body = await answer.read(64 * 1024)
        except UpstreamError:
            pass  # the status says enough
        raise error_of_answer(answer.status, answer.headers, body, Asked(endpoint, url=address))
    size = 0
    while piece := await answer.next_chunk():
        size += len(piece)
        if size > limit:
            raise too_large(endpoint)
        write(piece)


def _inline(endpoint: Endpoint, address: str, limit: int) -> bytes:
    head, _, data = address.partition(",")
    try:
        found = base64.b64decode(data) if head.endswith(";base64") else unquote_to_bytes(data)
    except (ValueError, binascii.Error):
        found = b""
    if len(found) > limit:
        raise too_large(endpoint)
    return found


def _refused(endpoint: Endpoint, origin: str, why: str) -> BlockedByPolicy:
    where = f" ({origin})" if origin else ""
    setting = endpoint.setting("result_origins")
    return BlockedByPolicy(
        f"{endpoint.label} returned a result URL{where} that cannot be fetched: {why}.",
        f"If it is yours, add that origin to `{setting}`.",
        provider=endpoint.id,
        setting=setting,
    )
