"""Failures of the connection, in httpx's words → `core.errors`.

The system's own failure, where there is one, is the `__cause__` of httpx's (`transport.py`).
"""

from __future__ import annotations

import errno
import socket
import ssl
from typing import TYPE_CHECKING, Any

from halley.core.errors import (
    BadReply,
    Interrupted,
    ProviderUnavailable,
    ProxyFailed,
    TlsFailed,
    UpstreamError,
    UpstreamTimeout,
)

if TYPE_CHECKING:
    from halley.providers.endpoint import Endpoint
    from halley.providers.http.proxies import Proxy


def error_of_failure(failure: BaseException, endpoint: Endpoint, proxy: Proxy | None) -> UpstreamError:
    """What a failure before the answer means. Anything unknown counts as the host being unavailable."""
    import httpx

    from halley.providers.http.transport import BrokenBody, ProxyRefused, SocksRefused

    cause = failure.__cause__
    match failure:
        # First, whatever httpx calls it: a certificate that is not trusted may arrive as any kind of connection
        # failure.
        case _ if isinstance(cause, ssl.SSLError | ssl.CertificateError):
            error = _tls(cause, endpoint)
        case ProxyRefused():
            error = _proxy_status(failure.status, endpoint, proxy)
        case SocksRefused():
            error = _socks_reason(failure.code, endpoint, proxy)
        case httpx.ProxyError():
            error = _proxy(proxy, "cannot be reached")
        case httpx.ConnectTimeout():
            error = timed_out("connect", endpoint)
        case httpx.ConnectError() if isinstance(cause, socket.gaierror):
            error = _not_found(endpoint, proxy)
        case httpx.ConnectError():
            error = _host(endpoint, f"{endpoint.label} at {endpoint.host} {_refusal(cause)}.")
        # Before its parent `RemoteProtocolError`: this host speaks HTTP, so its address needs no checking.
        case BrokenBody():
            error = _closed(endpoint, "closed the connection before answering")
        case httpx.RemoteProtocolError():
            error = not_http(endpoint)
        case _:
            error = _closed(endpoint, "closed the connection without an answer")
    return _about(error, endpoint)


def _not_found(endpoint: Endpoint, proxy: Proxy | None) -> UpstreamError:
    """With a proxy it is the proxy's name that was looked up; the host's is the proxy's to look up."""
    if proxy is not None:
        return _proxy(proxy, "cannot be found by its name")
    return _host(endpoint, f"The host name {endpoint.host} cannot be resolved.")


def _closed(endpoint: Endpoint, how: str) -> ProviderUnavailable:
    return ProviderUnavailable(f"{endpoint.label} {how}.", "Try again, or choose another model.")


TIMEOUTS = {
    "connect": ("connect_timeout_s", "could not be reached"),
    "first_byte": ("first_byte_timeout_s", "did not begin to answer"),
    "first_token": ("stall_timeout_s", "accepted the request but sent nothing"),
    "stall": ("stall_timeout_s", "stopped sending in the middle of its answer"),
}


def timed_out(what: str, endpoint: Endpoint) -> UpstreamTimeout:
    """`what` is a row of TIMEOUTS."""
    name, did = TIMEOUTS[what]
    setting = endpoint.setting(name)
    error = UpstreamTimeout(
        f"{endpoint.label} {did} within {getattr(endpoint, name):g} s.",
        f"Try again, or raise `{setting}`.",
        setting=setting,
    )
    return _about(error, endpoint)


def interrupted(endpoint: Endpoint, how: str = "stopped in the middle of its answer") -> Interrupted:
    """The reply ended after it had begun."""
    error = Interrupted(f"{endpoint.label} {how}.", "The partial reply is saved; Continue requests the rest.")
    return _about(error, endpoint)


def too_large(endpoint: Endpoint, what: str = "body") -> BadReply:
    said = {"line": "a line without end", "event": "an event without end", "body": "an answer without end"}
    error = BadReply(
        f"{endpoint.label} sent {said.get(what, said['body'])}, and Halley stopped reading.",
        f"Check `{endpoint.setting('base_url')}`, or choose another model.",
    )
    return _about(error, endpoint)


def not_http(endpoint: Endpoint) -> BadReply:
    setting = endpoint.setting("base_url")
    error = BadReply(
        f"The server at {endpoint.host} does not speak valid HTTP.",
        f"Check `{setting}`.",
        setting=setting,
    )
    return _about(error, endpoint)


def _about(error: Any, endpoint: Endpoint) -> Any:
    error.about(provider=endpoint.id)
    return error


def _host(endpoint: Endpoint, message: str) -> ProviderUnavailable:
    setting = endpoint.setting("base_url")
    # The likeliest cause first: a local server is mostly not started, a remote one mostly not reached.
    help = "Is it running?" if endpoint.is_local else "Are you online?"
    if endpoint.id == "simulator":
        help = "`halley simulator --use` starts it."
    return ProviderUnavailable(message, f"{help} Otherwise check `{setting}`.", setting=setting)


def _refusal(error: BaseException | None) -> str:
    number = getattr(error, "errno", None)
    if number in (errno.ECONNREFUSED, getattr(errno, "WSAECONNREFUSED", -1)) or isinstance(
        error, ConnectionRefusedError
    ):
        return "refuses connections"
    if number in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return "cannot be reached from here"
    return "cannot be connected to"


_NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")
"""OpenSSL's names (`SSLError.reason`) for bytes that are no TLS record: plain HTTP answered."""


def _tls(cause: BaseException, endpoint: Endpoint) -> TlsFailed:
    setting = endpoint.setting("ca_bundle")
    reason = (getattr(cause, "verify_message", "") or "").strip()
    if reason or isinstance(cause, ssl.CertificateError):
        return TlsFailed(
            f"The certificate of {endpoint.host} is not trusted{f' ({reason})' if reason else ''}.",
            f"If your company inspects traffic, name its certificates in `{setting}`.",
            setting=setting,
        )
    if getattr(cause, "reason", None) in _NOT_TLS:
        setting = endpoint.setting("base_url")
        return TlsFailed(
            f"{endpoint.host} does not speak TLS.",
            f"Check `{setting}`: it may want http:// instead.",
            setting=setting,
        )
    return TlsFailed(
        f"No secure connection to {endpoint.host} could be made.",
        f"Check `{setting}` and your proxy.",
        setting=setting,
    )


def _proxy(proxy: Proxy | None, how: str) -> ProxyFailed:
    shown, setting = (proxy.address, proxy.setting) if proxy else ("The proxy", "proxy")
    return ProxyFailed(f"The proxy {shown} {how}.", f"Check `{setting}`.", setting=setting)


def _proxy_status(status: int, endpoint: Endpoint, proxy: Proxy | None) -> ProxyFailed:
    if status == 407:
        return _proxy(proxy, "requires a user name and password")
    return _proxy(proxy, f"would not connect to {endpoint.host} (status {status})")


def _socks_reason(code: int | None, endpoint: Endpoint, proxy: Proxy | None) -> ProxyFailed:
    # Only a request for a connection has reply codes. Many proxies just hang up on wrong credentials, so a handshake
    # without a code points to them; a server that is no SOCKS proxy ends it in the same way.
    if code is None:
        return _proxy(
            proxy, "ended the SOCKS handshake: it requires a user name and password, or did not accept them"
        )
    return _proxy(proxy, f"would not connect to {endpoint.host}")
