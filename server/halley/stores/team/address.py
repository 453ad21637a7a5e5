"""The URL of a team's database, checked before anything is sent.

It comes from the user's own configuration alone. It holds no password (that has a key source), and beyond this machine
the connection is encrypted and the server's certificate is verified: `sslmode=require` would encrypt to anyone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import parse_qsl, unquote, urlsplit

from halley.core.errors import NotConfigured

VERIFIED = ("verify-full", "verify-ca")
_OPTIONS = {"host", "port", "dbname", "user", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl",
            "channel_binding", "connect_timeout", "application_name", "target_session_attrs", "gssencmode"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Address:
    """Where the team's database is, and as whom this user goes there."""

    host: str
    """A name, an address, or the folder of a Unix socket."""
    port: int
    database: str
    user: str
    options: tuple[tuple[str, str], ...]
    """For libpq, TLS included."""

    @property
    def origin(self) -> str:
        """What the password belongs to: the server, in the form that keys are bound by."""
        host = "localhost" if self.host.startswith("/") else self.host
        return f"https://[{host}]:{self.port}" if ":" in host else f"https://{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}/{self.database}"


@lru_cache(16)  # asked with every request of a member
def read_address(url: str) -> Address:
    """Raises NotConfigured, naming `team.url` and what to change."""
    try:
        parts = urlsplit(url.strip())
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        port = parts.port
    except ValueError:
        raise _wrong("is not a URL", "Write postgresql://NAME@HOST/DATABASE.") from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise _wrong("is not a PostgreSQL URL", "Write postgresql://NAME@HOST/DATABASE.")
    if parts.password is not None or "password" in options or "passfile" in options:
        raise _wrong(
            "contains a password",
            "Take it out, and enter it with `halley team join` or name it in `team.key`.",
        )
    if unknown := sorted(options.keys() - _OPTIONS):
        raise _wrong(
            f"sets {unknown[0]}, which Halley does not pass on", f"Known are {', '.join(sorted(_OPTIONS))}."
        )
    host = unquote(parts.hostname or "") or options.pop("host", "") or "localhost"
    user = unquote(parts.username or "") or options.pop("user", "")
    database = unquote(parts.path.lstrip("/")) or options.pop("dbname", "") or user
    if not user:
        raise _wrong(
            "does not say who you are", "Write your name before the host: postgresql://NAME@HOST/DATABASE."
        )
    if "," in host:
        raise _wrong("names several hosts", "Name one; a proxy can choose among several.")
    given_port = options.pop("port", "5432")
    for name in ("host", "user", "dbname"):
        options.pop(name, None)
    options |= _tls(host, options)
    return Address(host, port or int(given_port), database, user, tuple(sorted(options.items())))


def _tls(host: str, options: dict[str, str]) -> dict[str, str]:
    if is_this_machine(host):
        return {}
    mode = options.get("sslmode", VERIFIED[0])
    if mode not in VERIFIED:
        raise _wrong(
            f"asks for sslmode={mode}, which does not prove that the server is {host}",
            "Use sslmode=verify-full, with sslrootcert=FILE for a certificate authority of your own.",
        )
    return {"sslmode": mode, "sslrootcert": options.get("sslrootcert", "system"), "gssencmode": "disable"}


def is_this_machine(host: str) -> bool:
    """A Unix socket or a loopback address."""
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _wrong(what: str, help: str) -> NotConfigured:
    return NotConfigured(f"`team.url` {what}.", help, setting="team.url")
