"""Failures of the connection, as aiohttp raises them → `core.errors`."""

from __future__ import annotations

import errno
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
    import aiohttp

    from halley.providers.endpoint import Endpoint
    from halley.providers.http.proxies import Proxy


def error_of_failure(failure: BaseException, endpoint: Endpoint, proxy: Proxy | None) -> UpstreamError:
    """What a failure before or while answering means. Anything unknown counts as the host being unavailable."""
    import aiohttp

    cause = _cause(failure)
    match cause:
        case aiohttp.ClientProxyConnectionError():
            error = _proxy(proxy, "cannot be reached")
        case aiohttp.ClientHttpProxyError():
            error = _proxy_status(cause.status, endpoint, proxy)
        case ssl.SSLError() | aiohttp.ClientSSLError():
            error = _tls(cause, endpoint)
        case aiohttp.ClientConnectorDNSError():
            error = _host(endpoint, f"The name {endpoint.host} cannot be found.")
        case aiohttp.ConnectionTimeoutError():
            error = timed_out("connect", endpoint)
        case aiohttp.ClientConnectorError():
            error = _host(endpoint, f"{endpoint.label} at {endpoint.host} {_refusal(cause.os_error)}.")
        case aiohttp.ClientResponseError() if _is_broken_body(cause):
            error = _closed(endpoint, "broke off its answer before it began")
        case aiohttp.ClientResponseError():  # not HTTP, or header lines beyond the limits
            error = not_http(endpoint)
        case _:
            error = _closed(endpoint, "closed the connection without an answer")
    return _about(error, endpoint)


def _closed(endpoint: Endpoint, how: str) -> ProviderUnavailable:
    return ProviderUnavailable(f"{endpoint.label} {how}.", "Try again, or choose another model.")


def _is_broken_body(cause: aiohttp.ClientResponseError) -> bool:
    """HTTP whose body breaks in the same packet as its head: aiohttp then gives neither, and tells it by words only."""
    return "chunk" in cause.message.lower()


TIMEOUTS = {
    "connect": ("connect_timeout_s", "could not be reached"),
    "first_byte": ("first_byte_timeout_s", "did not begin to answer"),
    "first_token": ("stall_timeout_s", "accepted the request and then said nothing"),
    "stall": ("stall_timeout_s", "fell silent in the middle of its answer"),
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


def interrupted(endpoint: Endpoint, how: str = "broke off its answer") -> Interrupted:
    """The reply ended after it had begun."""
    error = Interrupted(f"{endpoint.label} {how}.", "What had arrived is kept; Continue asks for the rest.")
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
        f"What answers at {endpoint.host} does not speak HTTP as Halley knows it.",
        f"Check `{setting}`.",
        setting=setting,
    )
    return _about(error, endpoint)


def _about(error: Any, endpoint: Endpoint) -> Any:
    error.about(provider=endpoint.id)
    return error


def _cause(failure: BaseException) -> BaseException:
    """The TLS failure beneath a failure, where it is one."""
    under = getattr(failure, "os_error", None)
    return under if isinstance(under, ssl.SSLError) else failure


def _host(endpoint: Endpoint, message: str) -> ProviderUnavailable:
    setting = endpoint.setting("base_url")
    help = "Is it running?" if endpoint.is_local else "Are you online?"
    return ProviderUnavailable(message, f"{help} Else check `{setting}`.", setting=setting)


def _refusal(error: BaseException | None) -> str:
    number = getattr(error, "errno", None)
    if number in (errno.ECONNREFUSED, getattr(errno, "WSAECONNREFUSED", -1)) or isinstance(
        error, ConnectionRefusedError
    ):
        return "refuses connections"
    if number in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return "cannot be reached from here"
    return "cannot be connected to"


def _tls(cause: BaseException, endpoint: Endpoint) -> TlsFailed:
    setting = endpoint.setting("ca_bundle")
    reason = (getattr(cause, "verify_message", "") or "").strip()
    certificate = getattr(cause, "certificate_error", None)
    reason = reason or (getattr(certificate, "verify_message", "") or "").strip()
    if reason or isinstance(cause, ssl.CertificateError) or certificate is not None:
        return TlsFailed(
            f"The certificate of {endpoint.host} is not trusted{f' ({reason})' if reason else ''}.",
            f"If your company inspects traffic, name its certificates in `{setting}`.",
            setting=setting,
        )
    if (
        "WRONG_VERSION_NUMBER" in str(cause)
        or "HTTP_REQUEST" in str(cause)
        or "record layer" in str(cause).lower()
    ):
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
        return _proxy(proxy, "wants a user name and password")
    return _proxy(proxy, f"would not connect to {endpoint.host} (status {status})")
