"""Base URLs as people paste them, made into the one that works.

    https://api.example.com                       version path added    https://api.example.com/v1
    https://api.example.com/v1/                   slash dropped         https://api.example.com/v1
    https://api.example.com/v1/chat/completions   operation dropped     https://api.example.com/v1
    https://host/inference/chat/completions       its path as it is     https://host/inference
    https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=…
                                                  the API without them  https://x.openai.azure.com/openai/v1
    https://api.example.com/odd/place#            exactly this          https://api.example.com/odd/place
    localhost:8080                                scheme added          http://localhost:8080/v1

Nothing here touches the network.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

from halley.core.errors import NotConfigured
from halley.core.settings import WireKind

OPERATIONS = (
    "/chat/completions", "/fim/completions", "/completions", "/responses", "/messages", "/embeddings", "/models",
    "/images/generations", "/images/edits", "/audio/speech", "/audio/transcriptions", "/audio/translations",
)  # fmt: skip
"""Ends of a full endpoint, longest first where one holds another."""
KINDS: dict[str, WireKind] = {
    "/chat/completions": "openai", "/responses": "openai-responses", "/messages": "anthropic",
}  # fmt: skip
"""The protocol that an operation belongs to."""
_NATIVE = re.compile(
    r"/api/(chat|generate|tags|embed|embeddings|show|ps|version)$|/models/[^/]+:\w+$", re.IGNORECASE
)
"""Operations of Ollama's and Gemini's own protocols, beside which the API lives."""
_DEPLOYMENT = re.compile(r"/openai/deployments/[^/]+$", re.IGNORECASE)

_VERSION = re.compile(r"/v\d+[a-z0-9]*(/|$)")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def normalize_base_url(text: str, version_path: str = "/v1", setting: str | None = None) -> str:
    """The base address, without a slash at its end; a query is kept.

    `version_path` is where the API lives on this kind of host (`/v1`, `/api/v1`, `/v1beta/openai`). Raises
    NotConfigured, naming `setting`, for what cannot be an address.
    """
    text = text.strip()
    exact = text.endswith("#")
    parts = _split(text.rstrip("#"), setting)
    whole = re.sub(r"/{2,}", "/", parts.path).rstrip("/")
    path = _without_operation(whole)
    if version_path == "/openai/v1" and _DEPLOYMENT.search(path):
        path, parts = version_path, parts._replace(query="")  # the model is named in the body there
    elif not exact and not _is_whole(path, whole, version_path):
        path = _with_version(_NATIVE.sub("", path), version_path)
    return parts._replace(path=path, fragment="").geturl()


def _is_whole(path: str, whole: str, version_path: str) -> bool:
    """Whether an endpoint was pasted with a path of its own, which its host surely has: nothing is added to it."""
    is_part = (version_path + "/").startswith(path + "/")
    return bool(path) and path != whole and not whole.lower().endswith("/models") and not is_part


def operation_of(text: str) -> WireKind | None:
    """The protocol whose endpoint was pasted whole; None for a base URL."""
    path = text.strip().rstrip("#").partition("?")[0].rstrip("/").lower()
    return next((kind for operation, kind in KINDS.items() if path.endswith(operation)), None)


@lru_cache(maxsize=512)  # asked several times for each request
def origin_of(url: str) -> str:
    """Scheme, host and port as `https://host` or `http://host:8080`; the scheme's own port is left out."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    port = parts.port
    return f"{parts.scheme}://{host}" + (
        "" if port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{port}"
    )


def join_url(base: str, path: str) -> str:
    """`base` with `path` after its own path; a query of the base stays at the end."""
    address, mark, query = base.partition("?")
    return address.rstrip("/") + path + (("&" if "?" in path else mark) + query if mark else "")


@lru_cache(maxsize=512)
def is_loopback(url: str) -> bool:
    """Does the address name this machine by its loopback interface."""
    host = (urlsplit(url).hostname or "").lower().rstrip(".")
    return (
        host == "localhost"
        or (":" in host and _is_v6_loopback(host))
        or host.endswith(".localhost")
        or bool(re.fullmatch(r"127(\.\d+){3}", host))
    )


def _is_v6_loopback(host: str) -> bool:
    import ipaddress

    try:
        return ipaddress.IPv6Address(host).is_loopback
    except ValueError:
        return False


def _split(text: str, setting: str | None) -> SplitResult:
    try:
        if "://" not in text:
            text = f"{'http' if _is_near(text) else 'https'}://{text}"
        parts = urlsplit(text)
        usable = parts.scheme in _DEFAULT_PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable, parts = False, urlsplit("")
    if not usable or parts.username is not None or not text.isprintable() or any(c.isspace() for c in text):
        raise NotConfigured(
            "The base URL is not an address Halley can use.",
            f"Set `{setting or 'base_url'}` to an address like https://api.example.com/v1, without a name or key.",
            setting=setting,
        )
    return parts._replace(netloc=parts.netloc.lower())


def _is_near(text: str) -> bool:
    """A host without a scheme that surely speaks plain HTTP: loopback, or a bare name or address with a
    port.
    """
    host = text.partition("/")[0]
    return is_loopback(f"http://{host}") or bool(
        re.fullmatch(r"(\d+(\.\d+){3}|[\w-]+|\[[\da-fA-F:.]+\]):\d+", host)
    )


def _without_operation(path: str) -> str:
    for operation in OPERATIONS:
        if path.lower().endswith(operation):
            return path[: -len(operation)]
    return path


def _with_version(path: str, version_path: str) -> str:
    if path == version_path or (version_path + "/").startswith(path + "/"):
        return version_path
    return path if _VERSION.search(path) else path + "/v1"
