"""Origins: scheme, host and port, which is what a key belongs to."""

from __future__ import annotations

from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


def normalise_origin(address: str) -> str:
    """`https://api.example.com:443` for any address there, however it is written.

    The port is always said, the host is in lower case and without a final dot. Names beyond ASCII are encoded by
    IDNA 2008, as the requests are: by the older rules of Python's own codec `faß.de` and `fass.de`, two hosts, would
    share their keys. Raises ValueError for what is no http(s) address.
    """
    parts = urlsplit(address.strip())
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in _PORTS or not host:
        raise ValueError("not an http or https address")
    host = host.lower() if host.isascii() else _encoded(host)
    port = parts.port or _PORTS[parts.scheme]
    return f"{parts.scheme}://[{host}]:{port}" if ":" in host else f"{parts.scheme}://{host}:{port}"


def _encoded(host: str) -> str:
    import idna

    return idna.encode(host.lower()).decode()


def same_origin(one: str, other: str) -> bool:
    """False also when either is no address."""
    try:
        return normalise_origin(one) == normalise_origin(other)
    except ValueError:
        return False
