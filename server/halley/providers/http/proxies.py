"""Which proxy a request takes: the setting's, else the environment's; never one on the way to this machine.

HTTP, HTTPS and SOCKS proxies work. An empty setting means none, whatever the environment says.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from halley.core.errors import ProxyFailed

if TYPE_CHECKING:
    from halley.providers.endpoint import Endpoint


SCHEMES = ("http", "https", "socks5", "socks5h", "socks4", "socks4a")
"""With `h` and `a` the proxy looks up the host's name, as curl reads these schemes; else this machine does."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, and whose wish it is."""

    url: str
    setting: str
    """The setting or the environment variable to look at when it fails."""

    @property
    def address(self) -> str:
        """Without user name and password: fit to be shown."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    @property
    def is_socks(self) -> bool:
        return self.url.startswith("socks")

    @property
    def headers(self) -> dict[str, str]:
        """User name and password, as the proxy wants them (RFC 7617)."""
        parts = urlsplit(self.url)
        if not parts.username:
            return {}
        both = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        return {"Proxy-Authorization": f"Basic {b64encode(both.encode()).decode()}"}


def find_proxy(endpoint: Endpoint, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy on the way to the endpoint. Raises ProxyFailed for one that cannot be used."""
    # A company's proxy cannot reach this machine's own servers, and would see their prompts if it tried.
    if endpoint.is_local or endpoint.proxy == "":
        return None
    proxy = _named(endpoint) or _of_environment(endpoint, environ)
    if proxy is not None and not _is_usable(proxy.url):
        raise ProxyFailed(
            f"The proxy in `{proxy.setting}` cannot be used.",
            f"Set `{proxy.setting}` to an address that begins with http://, https://, socks5:// or socks5h://.",
            provider=endpoint.id,
            setting=proxy.setting,
        )
    return proxy


def _is_usable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _named(endpoint: Endpoint) -> Proxy | None:
    text = (endpoint.proxy or "").strip()
    return Proxy(_with_scheme(text), endpoint.setting("proxy")) if text else None


def _of_environment(endpoint: Endpoint, environ: Mapping[str, str]) -> Proxy | None:
    parts = urlsplit(endpoint.base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if _is_excepted(parts.hostname or "", port, environ):
        return None
    for name in (f"{parts.scheme}_proxy", "all_proxy"):
        for spelling in (name, name.upper()):
            # HTTP_PROXY in capitals may come from a request header where a CGI program starts us (httpoxy)
            if spelling == "HTTP_PROXY" and "REQUEST_METHOD" in environ:
                continue
            if value := environ.get(spelling, "").strip():
                return Proxy(_with_scheme(value), spelling)
    return None


def _is_excepted(host: str, port: int, environ: Mapping[str, str]) -> bool:
    """Does `no_proxy` name this host: by itself, by a domain it is in, by an address range, with or without
    a port.
    """
    for entry in (environ.get("no_proxy") or environ.get("NO_PROXY") or "").split(","):
        entry = entry.strip().lower()
        if not entry:
            continue
        if entry == "*":
            return True
        name, colon, wanted = entry.rpartition(":")
        # An IPv6 address has colons too: what is after the last one is a port only behind brackets.
        if colon and wanted.isdigit() and (":" not in name or name.endswith("]")):
            if wanted != str(port):
                continue
            entry = name
        if _names_host(entry, host):
            return True
    return False


def _names_host(entry: str, host: str) -> bool:
    bare = entry.removeprefix("*").lstrip(".").strip("[]")
    if host == bare or host.endswith("." + bare):
        return True
    if "/" not in entry:
        return False
    import ipaddress

    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def _with_scheme(text: str) -> str:
    # `HTTP_PROXY=host:3128` is what many systems set; curl reads it as http too.
    return text if "://" in text else f"http://{text}"
