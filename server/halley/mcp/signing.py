"""Signing in at a host: OAuth by the SDK's flow (PKCE, metadata, registration), with what Halley adds to it.

Without a sign-in the user asked for, nothing is begun: a connection sends the token there is, renews it, and says when
it needs another. During a sign-in every address that a server names is looked at before anything is sent there, and
what was given is kept where `SignInKeep` says, with what is needed to renew it after a restart.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp.client.auth.exceptions import OAuthFlowError
from mcp.client.auth.oauth2 import OAuthClientProvider
from mcp.client.auth.utils import extract_field_from_www_auth, issuers_match
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthMetadata,
    OAuthToken,
    ProtectedResourceMetadata,
)
from mcp.shared.inbound import MCP_PROTOCOL_VERSION_HEADER
from pydantic import ValidationError

from halley.mcp.hosts import check_address, host_client, is_here
from halley.mcp.landing import Landing, open_landing
from halley.mcp.values import ServerSpec, SignInSpec, ToolFailed

if TYPE_CHECKING:
    import ssl

# The user learns what went wrong; the SDK's own lines would hold the bodies of answers.
logging.getLogger("mcp.client.auth").setLevel(logging.CRITICAL)

SIGN_IN_S = 300.0
"""How long a user may take."""
_PROTOCOL = "2025-06-18"

Show = Callable[[str], Awaitable[bool]]
"""Shows the user the address of the sign-in page; False when they will not go there."""


class _Signed(OAuthClientProvider):
    """The SDK's provider, which keeps what it was given as one text."""

    def __init__(self, spec: ServerSpec, its: SignInSpec, metadata: OAuthClientMetadata) -> None:
        super().__init__(spec.url, metadata, self)
        self.spec, self.its = spec, its

    async def get_tokens(self) -> OAuthToken | None:
        kept = _read(await self.its.keep.load())
        try:
            token = OAuthToken.model_validate(kept["token"])
            self.context.token_expiry_time = kept["until"]
            self.context.oauth_metadata = OAuthMetadata.model_validate(kept["metadata"])
            self.context.client_info = OAuthClientInformationFull.model_validate(kept["client"])
            if kept["resource"]:
                self.context.protected_resource_metadata = ProtectedResourceMetadata.model_validate(
                    kept["resource"]
                )
        except (KeyError, TypeError, ValidationError):
            return None
        return token

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """With all that renewing them takes. A secret of the user's own configuration stays there."""
        about, client = self.context, self.context.client_info
        metadata, resource = about.oauth_metadata or self._old_places(), about.protected_resource_metadata
        assert client is not None
        hidden = {"client_secret"} if self.its.client_id else set[str]()
        await self.its.keep.save(
            _write(
                {
                    "token": tokens.model_dump(mode="json", exclude_none=True),
                    "until": about.token_expiry_time,
                    "metadata": metadata.model_dump(
                        mode="json", include={"issuer", "authorization_endpoint", "token_endpoint"}
                    ),
                    "client": client.model_dump(mode="json", exclude_none=True, exclude=hidden),
                    "resource": resource and resource.model_dump(
                        mode="json", include={"resource", "authorization_servers"}
                    ),
                }
            )
        )  # fmt: skip

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        client = self.context.client_info
        if client is not None and self.its.client_id:
            return client.model_copy(update={"client_secret": self.its.client_secret or None})
        return client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Kept with the token."""

    def _old_places(self) -> OAuthMetadata:
        """Where a server of the old kind, which publishes nothing, takes sign-ins."""
        origin = self.context.get_authorization_base_url(self.spec.url)
        places = {"authorization_endpoint": f"{origin}/authorize", "token_endpoint": f"{origin}/token"}
        return OAuthMetadata.model_validate({"issuer": origin, **places})

    @property
    def secrets(self) -> tuple[str, ...]:
        """What a server must not say back."""
        token, client = self.context.current_tokens, self.context.client_info
        found = (
            token.access_token if token else None,
            token.refresh_token if token else None,
            client.client_secret if client else None,
        )
        return tuple(filter(None, found))


class SignedIn(_Signed):
    """For a connection: the token there is, renewed when its time is over or it is refused. Begins no sign-in."""

    def __init__(self, spec: ServerSpec, its: SignInSpec) -> None:
        # No one is ever sent to this address: a connection begins no sign-in.
        metadata = OAuthClientMetadata.model_validate({"redirect_uris": ["http://127.0.0.1/"]})
        super().__init__(spec, its, metadata)
        self.is_needed = False
        """The server wants a sign-in, or one with more rights."""

    async def _auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        about = self.context
        # Held only while renewing: a call may take minutes, and others are made meanwhile.
        async with about.lock:
            about.protocol_version = request.headers.get(MCP_PROTOCOL_VERSION_HEADER)
            if not about.is_token_valid():
                await self._initialize()  # another process may have renewed it
            if not about.is_token_valid() and about.can_refresh_token():
                await self._handle_refresh_response((yield await self._refresh_token()))
        sent = about.current_tokens
        if sent:
            self._add_auth_header(request)
        response = yield request
        if response.status_code == 401 and sent:
            async with about.lock:
                if about.current_tokens is sent:
                    await self._initialize()
                    if about.current_tokens == sent and about.can_refresh_token():
                        await self._handle_refresh_response((yield await self._refresh_token()))
            if about.current_tokens and about.current_tokens != sent:
                self._add_auth_header(request)
                response = yield request
        short = response.status_code == 403 and _error_of(response) == "insufficient_scope"
        self.is_needed = response.status_code == 401 or short


class _SigningIn(_Signed):
    """For one sign-in: the SDK's flow from its beginning, with a client of its own or the one of the configuration."""

    def __init__(self, spec: ServerSpec, its: SignInSpec, landing: Landing, show: Show) -> None:
        metadata = OAuthClientMetadata.model_validate(
            {
                "client_name": "Halley",
                "redirect_uris": [landing.address],
                "token_endpoint_auth_method": "none",
            }
        )
        super().__init__(spec, its, metadata)
        self._landing, self._show = landing, show
        self.context.redirect_handler, self.context.callback_handler = self._send_user, self._wait
        self.is_done = False

    async def get_tokens(self) -> OAuthToken | None:
        """None: what was kept is what the server refused, and a registration names the port of its own landing."""
        if self.its.client_id:
            method = "client_secret_post" if self.its.client_secret else "none"
            self.context.client_info = OAuthClientInformationFull.model_validate(
                {
                    "client_id": self.its.client_id,
                    "client_secret": self.its.client_secret or None,
                    "redirect_uris": [self._landing.address],
                    "token_endpoint_auth_method": method,
                    "issuer": self.its.issuer or None,
                }
            )
        return None

    async def set_tokens(self, tokens: OAuthToken) -> None:
        await super().set_tokens(tokens)
        self.is_done = True

    def _expected_issuer(self) -> str:
        """Raises where it is not the one of the configuration: its client and secret are for that one alone."""
        found = super()._expected_issuer()
        if self.its.issuer and not issuers_match(found, self.its.issuer):
            raise OAuthFlowError(f"It sends users to {found}, and `sign_in.issuer` is {self.its.issuer}")
        return found

    async def _perform_authorization_code_grant(self) -> tuple[str, str]:
        about = self.context
        if self.its.scopes:
            about.client_metadata.scope = " ".join(self.its.scopes)
        metadata, client = about.oauth_metadata, about.client_info
        if metadata and "S256" not in (metadata.code_challenge_methods_supported or ["S256"]):
            raise OAuthFlowError(
                "Its sign-in does not know PKCE with S256, without which a code can be stolen"
            )
        if metadata and client and self.its.client_secret:
            methods = metadata.token_endpoint_auth_methods_supported or ["client_secret_basic"]
            if "client_secret_post" not in methods:
                client.token_endpoint_auth_method = "client_secret_basic"
        return await super()._perform_authorization_code_grant()

    async def _send_user(self, address: str) -> None:
        check_address(address, self.spec.url)
        self._landing.expect(parse_qs(urlsplit(address).query)["state"][-1])
        if not await self._show(address):
            raise ToolFailed("You did not sign in.")

    async def _wait(self) -> AuthorizationCodeResult:
        answer = await self._landing.answer()
        return AuthorizationCodeResult(code=answer.code, state=answer.state, iss=answer.issuer)


async def sign_in(spec: ServerSpec, verify: ssl.SSLContext | None, show: Show) -> None:
    """Signs in and keeps what it was given. Raises ToolFailed; what was kept before stays then."""
    its = spec.sign_in
    if its is None:
        raise ToolFailed(f"{spec.name} has keys of its own, or is no host: there is no sign-in.")
    if urlsplit(spec.url).scheme != "https" and not is_here(urlsplit(spec.url).hostname or ""):
        raise ToolFailed(f"{spec.name} is reached by plain http, where a token can be read: use https.")
    auth: _SigningIn | None = None
    try:
        async with asyncio.timeout(SIGN_IN_S), open_landing() as landing:
            auth = _SigningIn(spec, its, landing, show)
            status = await _knock(spec, auth, verify)
    except TimeoutError:
        raise ToolFailed(f"The sign-in was not finished within {SIGN_IN_S / 60:g} minutes.") from None
    except ToolFailed:
        raise
    except Exception as error:  # whatever a server can make the SDK raise
        said = " ".join(str(error).split())[:300] or type(error).__name__
        for secret in (*spec.secrets, *(auth.secrets if auth else ())):
            said = said.replace(secret, "[key removed]")
        raise ToolFailed(f"Signing in to {spec.name} failed: {said.rstrip('.')}.") from None
    if not auth.is_done:
        raise ToolFailed(f"{spec.name} did not ask for a sign-in (it answered with status {status}).")
    if status == 401:
        raise ToolFailed(f"{spec.name} refuses the token that its own sign-in gave.")


async def _knock(spec: ServerSpec, auth: _SigningIn, verify: ssl.SSLContext | None) -> int:
    """Sends what any connection begins with, upon which a server asks for a sign-in; the status of its answer."""
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": _PROTOCOL,
            "capabilities": {},
            "clientInfo": {"name": "halley", "version": "1"},
        },
    }
    headers = {"Accept": "application/json, text/event-stream", MCP_PROTOCOL_VERSION_HEADER: _PROTOCOL}
    async with (
        host_client(spec, verify, auth) as http,
        http.stream("POST", spec.url, json=hello, headers=headers) as response,
    ):
        if session := response.headers.get("mcp-session-id"):
            await http.request("DELETE", spec.url, headers={"mcp-session-id": session})
        return response.status_code


def _error_of(response: httpx2.Response) -> str | None:
    return extract_field_from_www_auth(response, "error")


def _write(kept: dict[str, Any]) -> str:
    """One word, as a key store takes it."""
    return base64.urlsafe_b64encode(json.dumps(kept | {"at": time.time()}).encode()).decode()


def _read(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(text or ""))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
