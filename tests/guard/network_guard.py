"""Nothing under test may leave the machine: connecting, sending or resolving beyond loopback raises.

In the tests' own process `conftest.py` calls `forbid()`; in daemons that tests start, `sitecustomize.py` beside
this file does (their PYTHONPATH names this folder), and in those that ignore it `guarded_python.py`. A try is also written to the file that `HALLEY_TEST_LEAKS`
names, so that code that swallows the error still fails its test.

Ports on which Halley looks for local servers are shut: whose machine it is, and what runs beside, must not matter.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from pathlib import Path
from typing import Any

_ADDRESSES = (ipaddress.IPv4Address, ipaddress.IPv6Address)
ALLOWED_NAMES = {"localhost", "", "ip6-localhost"}
USUAL_PORTS = {1234, 4000, 8000, 8080, 11434, 11535}
"""Of Ollama and its kin (`port` in the catalogue). `HALLEY_TEST_USUAL_PORTS` names those that a test opens, by commas."""


def forbid() -> None:
    """From now on, for the life of this process; asyncio and every library of ours go through these."""
    for name in ("connect", "connect_ex", "sendto"):
        setattr(socket.socket, name, _guarded(name, getattr(socket.socket, name)))
    for name in ("getaddrinfo", "gethostbyname"):
        setattr(socket, name, _guarded_look_up(name, getattr(socket, name)))


def _guarded(name: str, real: Any) -> Any:
    def call(self: socket.socket, *arguments: Any) -> Any:
        address = arguments[-1]
        if isinstance(address, tuple) and not is_loopback(address[0]):
            refuse(f"{name} {address[0]}:{address[1]}")
        if isinstance(address, tuple) and _is_shut(address[1]):
            if name == "connect_ex":
                return errno.ECONNREFUSED
            raise ConnectionRefusedError(
                errno.ECONNREFUSED, f"tests see no local server on port {address[1]}"
            )
        return real(self, *arguments)

    return call


def _is_shut(port: int) -> bool:
    return port in USUAL_PORTS and str(port) not in os.environ.get("HALLEY_TEST_USUAL_PORTS", "").split(",")


def _guarded_look_up(name: str, real: Any) -> Any:
    def call(host: Any, *arguments: Any, **keywords: Any) -> Any:
        if needs_resolving(host):
            refuse(f"{name} {host!r}")
        return real(host, *arguments, **keywords)

    return call


def needs_resolving(host: Any) -> bool:
    """Whether finding the address of `host` would ask a name server."""
    return not is_loopback(host) and not isinstance(_address(host), _ADDRESSES)


def is_loopback(host: Any) -> bool:
    """Whether `host`, a name or an address, is this machine. Nothing is resolved."""
    address = _address(host)
    if isinstance(address, _ADDRESSES):
        return address.is_loopback or address.is_unspecified
    return address in ALLOWED_NAMES


def _address(host: Any) -> str | ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address where `host` is one, else the name."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
    try:
        return ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return name


def _leaks() -> str | None:
    """A shared daemon keeps little of an environment: there it is the file beside its home, where tests have it."""
    home = os.environ.get("HALLEY_HOME")
    return os.environ.get("HALLEY_TEST_LEAKS") or (home and str(Path(home).parent / "left-the-machine.txt"))


def refuse(what: str) -> None:
    """Raises what a machine without a network would."""
    if leaks := _leaks():
        with Path(leaks).open("a") as file:
            file.write(f"{what}\n")
    if what.startswith("get"):
        raise socket.gaierror(socket.EAI_NONAME, f"tests stay on this machine: {what}")
    raise ConnectionRefusedError(f"tests stay on this machine: {what}")
