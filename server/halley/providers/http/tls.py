"""Whom to trust: the system's trust store, the user's own CA bundle beside it, a client certificate.

A context is made once for each combination and shared; making one reads the whole trust store (about 20 ms).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from halley.core.errors import TlsFailed

if TYPE_CHECKING:
    import ssl


def build_tls_context(ca_bundle: str | None = None, client_cert: str | None = None) -> ssl.SSLContext:
    """Raises TlsFailed, naming the file, when one cannot be read as PEM."""
    context = _system_context()
    if ca_bundle:
        _load("ca_bundle", ca_bundle, lambda path: context.load_verify_locations(cafile=path))
    if client_cert:
        _load("client_cert", client_cert, context.load_cert_chain)
    return context


def _system_context() -> ssl.SSLContext:
    import ssl

    if sys.platform in ("win32", "darwin"):
        return _native_context()
    # Elsewhere the system's store is OpenSSL's own, which truststore would read again for every
    # connection (16 ms, on the event loop); it is asked only where OpenSSL's own places are empty,
    # because it knows the distributions' others.
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    return context if context.cert_store_stats()["x509_ca"] or paths.capath else _native_context()


def _native_context() -> ssl.SSLContext:
    import ssl

    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _load(setting: str, path: str, load: object) -> None:
    import ssl
    from pathlib import Path

    expanded = str(Path(path).expanduser())
    try:
        load(expanded)  # type: ignore[operator]
    except (OSError, ssl.SSLError) as error:
        reason = "cannot be read" if not isinstance(error, ssl.SSLError) else "is not a PEM certificate"
        raise TlsFailed(
            f"The certificate file {path} {reason}.", f"Check `{setting}` of the provider.", setting=setting
        ) from None
