"""Which addresses belong to the open network. Nothing is looked up here.

A host that names an address for its result must not lead us to this machine or into a private network:
`hosts/fetching.py` asks before a request, `transport.py` again for what a name resolved to.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Network, ip_address

_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that is assigned to hosts: https://www.iana.org/assignments/ipv6-address-space"""
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""IPv4 addresses in networks that speak IPv6 only (RFC 6052)."""


def is_public(host: str) -> bool:
    """A name with a dot, or an address of the open network. Names are not looked up."""
    try:
        return is_global(host)
    except ValueError:
        inner = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".intranet", ".corp")
        # what is all digits and dots is another way to write an address
        return "." in host and not host.endswith(inner) and not host.replace(".", "").isdigit()


def is_global(address: str) -> bool:
    """Does the address lead to a host of the open network? Raises ValueError for what is no address."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv4Address):
        return found.is_global and not found.is_multicast and not found.is_reserved
    inner = found.sixtofour
    if found in _TRANSLATED:
        inner = IPv4Address(int(found) & 0xFFFFFFFF)
    elif not found.is_global or found not in _UNICAST:
        return False  # what else there is leads to no host of the open network
    return inner is None or is_global(str(inner))
