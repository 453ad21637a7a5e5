"""What a host's refusal means: status, headers and body → one error of `core.errors`.

`error_of_answer` is for answers with an HTTP status, `error_of_said` for an error inside a 200 stream.
`words.py` holds the words; the first that match decide. Failures of the connection itself are
`providers/http/connection_errors.py`'s.

No message carries a key or a piece of the prompt: what the host said is quoted only after `quote` has looked
at it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote_plus

from halley.core.errors import (
    AuthFailed,
    BadReply,
    ContextTooLong,
    ModelNotFound,
    ProviderUnavailable,
    ProxyFailed,
    QuotaExhausted,
    RateLimited,
    RedirectRefused,
    RequestRefused,
    UpstreamError,
    UpstreamTimeout,
)
from halley.providers.echoes import Mask, is_request_id, mask_of
from halley.providers.endpoint import Endpoint
from halley.providers.refusals.retry_after import retry_after_ms
from halley.providers.refusals.said import Said, masked, read_said
from halley.providers.refusals.subjects import SUBJECTS, keywords_of, subject_of
from halley.providers.refusals.words import (
    AUTH,
    INVALID_REQUEST,
    KEY_SHAPED,
    NO_MODEL,
    OVERLOADED,
    QUOTA,
    QUOTA_OF_KEY,
    RATE,
    REFUSED_PARAMETER,
    TOO_LONG,
)

NOTHING = mask_of(())
NEEDED = ("model", "messages", "prompt", "input", "system", "instructions")
"""Parameters without which there is no request; a refusal that names one of them means something else."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of whom, as far as an error needs to know."""

    endpoint: Endpoint
    model: str | None = None
    url: str = ""
    parameters: tuple[str, ...] = ()
    """Names of the optional parameters that were sent."""
    private: tuple[str, ...] = ()
    """Texts that must not be repeated: the key, the prompt."""
    mask: Mask = NOTHING
    """Takes known keys out of what the host says."""
    limit: int | None = None
    """The most tokens that the reply may have, where the request named it."""


def error_of_answer(
    status: int, headers: Mapping[str, str], body: bytes, asked: Asked, now: datetime | None = None
) -> UpstreamError:
    """The error that an answer with this status stands for. Names of `headers` are lower case."""
    said = read_said(body)
    wait = retry_after_ms(headers, now or datetime.now(UTC), body[:20_000].decode(errors="replace"))
    return error_of_said(said, asked, status, headers, wait)


def error_of_said(
    said: Said,
    asked: Asked,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    wait_ms: int | None = None,
) -> UpstreamError:
    """The error that `said` stands for; with `status` None it came inside a stream that began well."""
    said = masked(said, asked.mask)
    effective = status if status is not None and status >= 300 else said.status
    error = _classify(said, asked, effective, headers or {})
    return _with_details(error, said, asked, effective or status, headers or {}, wait_ms)


def nothing_said(asked: Asked) -> BadReply:
    error = BadReply(
        f"{asked.endpoint.label} sent an empty answer.",
        "Try again, or choose another model.",
        provider=asked.endpoint.id,
    )
    error.empty = True
    if asked.model:
        error.about(model=f"{asked.endpoint.id}/{asked.model}")
    return error


def filtered(asked: Asked) -> BadReply:
    """No answer, because the host's filter stopped it. Asking again would give the same."""
    return BadReply(
        f"The content filter of {asked.endpoint.label} stopped the answer.",
        "Ask in another way, or choose another model.",
        provider=asked.endpoint.id,
        model=f"{asked.endpoint.id}/{asked.model}" if asked.model else None,
    )


def bad_call(asked: Asked) -> BadReply:
    """The model wrote a tool call that its host could not read. Another try often succeeds."""
    error = BadReply(
        f"The model wrote a tool call that {asked.endpoint.label} could not read.",
        "Ask again, or choose another model.",
        provider=asked.endpoint.id,
        model=f"{asked.endpoint.id}/{asked.model}" if asked.model else None,
    )
    error.empty = True
    return error


def request_id_of(headers: Mapping[str, str]) -> str | None:
    for name in (
        "x-request-id",
        "request-id",
        "x-oneapi-request-id",
        "x-ms-request-id",
        "apim-request-id",
        "cf-ray",
    ):
        if (value := headers.get(name)) and is_request_id(value):
            return value
    return None


LONGEST_KEY = 512


def quote(text: str, private: Iterable[str], limit: int = 240) -> str:
    """What the host said, fit to be shown: one line, no key, nothing of the prompt; empty where that leaves
    nothing.
    """
    begin = text.lstrip()[: 8 * limit]  # a host may say a megabyte
    line = " ".join("".join(c if c.isprintable() else " " for c in begin).split())[:limit]
    line = KEY_SHAPED.sub("…", line)
    # Queries of addresses carry signatures and keys.
    line = re.sub(r"(https?://[^\s?#]*)[?#]\S*", r"\1", line)
    for secret in private:
        if any(_shares_words(line, form) for form in _forms(secret)):
            return ""
    return line.strip(" .:") if len(line) > 2 else ""


def _forms(secret: str) -> tuple[str, ...]:
    """The text itself; of what could be a key also base64 (at any offset of what is encoded), hexadecimal
    and URL-encoding.
    """
    if not secret or len(secret) > LONGEST_KEY or " " in secret:
        return (secret,) if secret else ()
    data = secret.encode()
    inner = (b64encode(b"x" * before + data).decode()[4:-4] for before in range(3))
    return (secret, quote_plus(secret), data.hex(), data.hex().upper(), *inner)


def _shares_words(line: str, text: str, size: int = 16) -> bool:
    """Does `line` repeat a run of `text`; short texts (keys, short prompts) count whole."""
    if len(text) < size:
        return len(text) >= 6 and text in line
    return any(line[at : at + size] in text for at in range(max(len(line) - size + 1, 0)))


def _classify(said: Said, asked: Asked, status: int | None, headers: Mapping[str, str]) -> UpstreamError:
    """The tables in their order: what is sure from the status, then the words, then the status again."""
    return (
        _by_sure_status(said, asked, status, headers)
        or _by_words(said, asked, status)
        or _by_status(said, asked, status)
    )


def _by_sure_status(
    said: Said, asked: Asked, status: int | None, headers: Mapping[str, str]
) -> UpstreamError | None:
    if status is not None and 300 <= status < 400:
        return _redirect(asked, status, headers)
    # A web page with one of these codes is the host's own way to say so; with others it is a wrong address.
    if said.is_html and (status or 200) < 500 and status not in (401, 402, 407, 408, 413, 429):
        return _web_page(asked, status or 200)
    if status == 407:
        return ProxyFailed(
            f"The proxy for {asked.endpoint.label} requires a user name and password.",
            f"Put them into `{asked.endpoint.setting('proxy')}`.",
        )
    return None


def _by_words(said: Said, asked: Asked, status: int | None) -> UpstreamError | None:
    """What hosts say with many codes: an empty account, a wrong key, too long a request, turns in a wrong order."""
    who, words = asked.endpoint.label, said.words
    # Before 429: many hosts report an empty account as rate limiting, where waiting would never help. Google calls
    # real rate limiting RESOURCE_EXHAUSTED.
    if status == 402 or (
        QUOTA.search(words)
        and (status != 401 or QUOTA_OF_KEY.search(words))
        and "resource_exhausted" not in words
    ):
        return QuotaExhausted(
            f"{who} says the quota or the credit is used up.",
            f"Top up at {who}, or choose a model of another provider.",
        )
    if status == 401 or (AUTH.search(words) and status in (None, 400, 403)):
        return _auth(asked, f"{who} did not accept the key.")
    # A request that is larger than what a minute allows never fits, however long we wait.
    too_large = status == 429 and "request too large" in words
    if status == 413 or too_large or (TOO_LONG.search(words) and status in (None, 400, 404, 422, 500)):
        return ContextTooLong(
            f"The request is longer than {asked.model or 'the model'} can accept.",
            "Send less: a smaller selection, fewer files, a new chat, or a lower `context.max_tokens`.",
        )
    if status in (None, 400, 422, 500) and _is_about_turns(said.message):
        return _bad_request(asked, said)
    return None


def _by_status(said: Said, asked: Asked, status: int | None) -> UpstreamError:
    who, words = asked.endpoint.label, said.words
    if status in (408, 504, 522, 524):
        return UpstreamTimeout(
            f"{who} gave up waiting for {asked.model or 'its model'} (status {status}).",
            "Try again, or choose another model.",
        )
    if status == 429 or (status is None and RATE.search(words)):
        return RateLimited(f"{who} is rate limiting requests.", "Wait a little, or choose another model.")
    # Relays answer so where no channel has the model: the next model of the route may work
    # right away.
    if status == 503 and NO_MODEL.search(words):
        return _no_channel(asked)
    if NO_MODEL.search(words) and status in (None, 400, 403, 404, 422, 500):
        return _no_model(asked)
    if status == 403:
        return _auth(asked, f"{who} refused this key for {asked.model or 'the request'}.")
    if status in (404, 405):
        return _wrong_path(asked, status)
    if _is_the_hosts_fault(said, status):
        return _unavailable(asked, said, status)
    return _bad_request(asked, said)


def _is_the_hosts_fault(said: Said, status: int | None) -> bool:
    """Another try may help: the host is at fault, or says nothing that is about the request."""
    if status in (409, 425):
        return True
    if INVALID_REQUEST.search(said.names):
        return False
    return status >= 500 if status is not None else not REFUSED_PARAMETER.search(said.words)


def _with_details(
    error: UpstreamError,
    said: Said,
    asked: Asked,
    status: int | None,
    headers: Mapping[str, str],
    wait_ms: int | None,
) -> UpstreamError:
    problem = error.problem
    told = quote(said.message, asked.private) if not said.is_html else ""
    if isinstance(error, RequestRefused | ModelNotFound):
        error.subject = subject_of(said.param, told, asked.model or "")
    if isinstance(error, RequestRefused):
        error.keywords = keywords_of(told)
    help = (
        f"{problem.help} It said: {told}."
        if told and not isinstance(error, RedirectRefused)
        else problem.help
    )
    error.about(
        help=help,
        provider=asked.endpoint.id,
        model=f"{asked.endpoint.id}/{asked.model}" if asked.model else None,
        status=status,
        request_id=request_id_of(headers) or _id_said(said),
        retry_after_ms=wait_ms
        if isinstance(error, RateLimited | ProviderUnavailable | UpstreamTimeout | QuotaExhausted)
        else None,
    )
    return error


def _id_said(said: Said) -> str | None:
    return said.request_id if is_request_id(said.request_id) else None


def _auth(asked: Asked, message: str) -> AuthFailed:
    endpoint = asked.endpoint
    setting = endpoint.setting("key")
    return AuthFailed(
        message, f"Enter another with `halley key set {endpoint.id}`, or see `{setting}`.", setting=setting
    )


def _no_model(asked: Asked) -> ModelNotFound:
    return ModelNotFound(
        f"{asked.endpoint.label} has no model '{asked.model}', or not for this key.",
        f"See what it has with `halley models --provider {asked.endpoint.id}`.",
        setting="roles",
    )


def _no_channel(asked: Asked) -> ModelNotFound:
    """A relay says the same of a name it does not know and of a model whose hosts are all down."""
    error = ModelNotFound(
        f"{asked.endpoint.label} can reach no host for the model '{asked.model}' at the moment.",
        f"Choose another, or check the name: `halley models --provider {asked.endpoint.id}`.",
        setting="roles",
    )
    error.for_now = True
    return error


def _unavailable(asked: Asked, said: Said, status: int | None) -> ProviderUnavailable:
    who = asked.endpoint.label
    if status == 529 or OVERLOADED.search(said.words):
        return ProviderUnavailable(f"{who} is overloaded.", "Try again in a moment, or choose another model.")
    told = f" (status {status})" if status else ""
    return ProviderUnavailable(
        f"{who} failed to answer{told}.", "Try again in a moment, or choose another model."
    )


def _bad_request(asked: Asked, said: Said) -> RequestRefused:
    error = RequestRefused(
        f"{asked.endpoint.label} refused the request for {asked.model or 'its model'} as malformed.",
        "Another model may take it.",
    )
    error.parameter = refused_parameter(said, asked.parameters)
    return error


def _is_about_turns(message: str) -> bool:
    """A template that raises is a failure of the server to llama.cpp and its kind, and would be one each time."""
    words = message.lower()
    return any(SUBJECTS[subject].search(words) for subject in ("turns", "system"))


def refused_parameter(said: Said, sent: tuple[str, ...]) -> str | None:
    """Which of the parameters sent the host does not take, where it says so by name."""
    sent = tuple(name for name in sent if name not in NEEDED)
    if not REFUSED_PARAMETER.search(said.words):
        return None
    named = re.sub(r"^body\.", "", said.param).partition(".")[0].partition("[")[0]
    if named in sent:
        return named
    first = {
        name: found.start()
        for name in sent
        if (found := re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", said.message))
    }
    return min(first, key=first.__getitem__) if first else (named or None)


def _redirect(asked: Asked, status: int, headers: Mapping[str, str]) -> RedirectRefused:
    endpoint = asked.endpoint
    setting = endpoint.setting("base_url")
    help = f"Halley does not follow redirects. Check `{setting}`"
    if better := better_base_url(asked, headers.get("location", "")):
        help += f"; {better} would work"
    return RedirectRefused(
        f"{endpoint.label} answered with a redirect, so the base URL {endpoint.base_url} looks wrong.",
        help + ".",
        setting=setting,
    )


def better_base_url(asked: Asked, location: str) -> str | None:
    """The base URL a redirect hints at: another scheme or host for the same path, or the path it lacks."""
    from urllib.parse import urljoin, urlsplit

    from halley.providers.urls import normalize_base_url

    endpoint = asked.endpoint
    target = urlsplit(urljoin(asked.url, location)) if location else None
    path = urlsplit(asked.url).path
    if (
        target
        and target.scheme in ("http", "https")
        and target.path.rstrip("/") == path.rstrip("/")
        and target.hostname
    ):
        if (target.scheme, target.netloc) != urlsplit(asked.url)[:2]:
            return endpoint.base_url.replace(endpoint.origin, f"{target.scheme}://{target.netloc}", 1)
        return None
    usual = normalize_base_url(endpoint.origin, endpoint.quirks.version_path)
    return usual if usual != endpoint.base_url else None


def _web_page(asked: Asked, status: int) -> BadReply:
    endpoint = asked.endpoint
    setting = endpoint.setting("base_url")
    better = better_base_url(asked, "")
    return BadReply(
        f"{endpoint.base_url} answered with a web page instead of an API's answer (status {status}).",
        f"The base URL looks wrong: check `{setting}`"
        + (f"; {better} would work." if better else ", or a proxy is in the way."),
        setting=setting,
    )


def _wrong_path(asked: Asked, status: int) -> RequestRefused:
    endpoint = asked.endpoint
    setting = endpoint.setting("base_url")
    better = better_base_url(asked, "")
    path = asked.url.partition("?")[0].removeprefix(endpoint.origin)
    return RequestRefused(
        f"{endpoint.label} has nothing at {path} (status {status}).",
        f"Check `{setting}`" + (f"; {better} would work." if better else " and the model's name."),
        setting=setting,
    )
