"""What every wire does alike: the key, the headers, sending, and making sense of a refusal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from halley.core.calls import Trace
from halley.core.errors import BadReply, NotConfigured, UpstreamError
from halley.core.json_text import encode_json
from halley.providers.echoes import mask_of
from halley.providers.endpoint import Endpoint
from halley.providers.http.answer import HttpAnswer
from halley.providers.http.client import Http, HttpRequest
from halley.providers.http.forms import Form
from halley.providers.refusals.errors import Asked, error_of_answer, error_of_said, nothing_said
from halley.providers.refusals.said import is_error, read_said, said_of
from halley.providers.urls import origin_of

GetKey = Callable[[], Awaitable[str | None]]
REFUSAL_LIMIT = 256 * 1024
REFUSAL_S = 5.0
"""How long the body of a refusal is waited for; without it the status has to do."""
LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "n_predict")
"""Names of the limit of a reply in the protocols."""


class Host:
    """An endpoint with its connections and its key. A key goes to the endpoint's own origin and nowhere
    else.

    `traced` gives one for a single attempt, so that everything which sends through it is noted without
    handing the trace from function to function.
    """

    __slots__ = ("_get_key", "_trace", "endpoint", "http")

    def __init__(self, endpoint: Endpoint, http: Http, get_key: GetKey, trace: Trace | None = None) -> None:
        self.endpoint = endpoint
        self.http = http
        self._get_key = get_key
        self._trace = trace or Trace()

    def traced(self, trace: Trace | None) -> Host:
        """The same host for one attempt; the key it takes and the time of each answer are noted in `trace`."""
        return Host(self.endpoint, self.http, self._get_key, trace)

    async def send(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        model: str | None = None,
        headers: Mapping[str, str] | None = None,
        private: tuple[str, ...] = (),
        form: Form | None = None,
        stream: bool = True,
        public: bool = False,
        method: str = "",
    ) -> tuple[HttpAnswer, Asked]:
        """An answer with a good status, still to be read; POST with a body or a form, else GET, unless `method` says.

        `path` is an operation of the API (`/models`) or a whole address of the same origin. Raises what a
        refusal stands for.
        """
        endpoint = self.endpoint
        url = path if "://" in path else endpoint.url(path)
        key = "" if public else await self.find_key()
        sent = dict(headers or {})
        content = b""
        if body is not None:
            content = encode_json(body)
            sent["content-type"] = "application/json"
        if key:
            sent |= self._auth(key, url)
        mask = mask_of((key if key != endpoint.public_key else "", *self.http.known_keys()))
        limit = next((body[name] for name in LIMITS if body.get(name)), None) if body else None
        asked = Asked(endpoint, model, url, tuple(body or ()), (key, *private), mask, limit)
        method = method or ("POST" if content or form else "GET")
        answer = await self.http.send(endpoint, HttpRequest(method, url, sent, content, form, not stream))
        answer.headers = {name: mask.text(value) for name, value in answer.headers.items()}
        self._trace.answered_at = answer.began_at
        if not 200 <= answer.status < 300:
            raise await _refusal(answer, asked)
        return answer, asked

    async def send_for_json(self, path: str, body: Mapping[str, Any] | None = None, **options: Any) -> Any:
        """The whole answer as JSON. Raises what a refusal, an error in its body, or a body that is no JSON
        stands for.
        """
        answer, asked = await self.send(path, body, stream=False, **options)
        try:
            data = await answer.read()
        finally:
            await answer.aclose()
        return read_json(data, asked, answer)

    async def headers_for(self, url: str) -> dict[str, str]:
        """The header with the key, for an address of the endpoint's own origin."""
        key = await self.find_key()
        return self._auth(key, url) if key else {}

    async def find_key(self) -> str:
        """The key, or an empty text where none is needed. Raises NotConfigured."""
        endpoint = self.endpoint
        self._trace.key = (await self._get_key()) or ""
        key = self._trace.key.strip() or endpoint.public_key
        setting = endpoint.setting("key")
        if not key and endpoint.key_needed:
            names = [source.env for source in endpoint.keys if source.env]
            hint = f", or set {' or '.join(names)}" if names else ""
            raise NotConfigured(
                f"There is no key for {endpoint.label}.",
                f"Enter one with `halley key set {endpoint.id}`{hint}.",
                provider=endpoint.id,
                setting=setting,
            )
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise NotConfigured(
                f"The key for {endpoint.label} contains characters that no key has.",
                f"Enter it again with `halley key set {endpoint.id}`.",
                provider=endpoint.id,
                setting=setting,
            )
        return key

    def _auth(self, key: str, url: str) -> dict[str, str]:
        if origin_of(url) != self.endpoint.origin:
            raise AssertionError(f"a key of {self.endpoint.origin} was about to be sent elsewhere")
        auth = self.endpoint.quirks.auth
        return {"authorization": f"Bearer {key}"} if auth == "bearer" else {auth: key}


def read_json(data: bytes, asked: Asked, answer: HttpAnswer) -> Any:
    """The parsed body of a good status, which may still hold an error, a web page or nothing."""
    text = data.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not text:
        raise nothing_said(asked)
    try:
        value = orjson.loads(text)
    except ValueError:
        said = read_said(text)
        if said.is_html:
            raise error_of_answer(answer.status, answer.headers, data, asked) from None
        raise BadReply(
            f"{asked.endpoint.label} answered with something that is not JSON.",
            f"Check `{asked.endpoint.setting('base_url')}`.",
            provider=asked.endpoint.id,
            setting=asked.endpoint.setting("base_url"),
        ) from None
    if is_error(value):
        raise error_of_said(said_of(value), asked, answer.status, answer.headers)
    return asked.mask.value(value)


async def _refusal(answer: HttpAnswer, asked: Asked) -> UpstreamError:
    body = b""
    try:
        async with asyncio.timeout(REFUSAL_S):
            body = await answer.read(REFUSAL_LIMIT)
    except (UpstreamError, TimeoutError):
        pass  # the status says enough
    finally:
        await answer.aclose()
    return error_of_answer(answer.status, answer.headers, body, asked)
