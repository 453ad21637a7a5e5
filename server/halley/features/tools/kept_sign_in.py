"""What a sign-in to a server of tools gave, kept with the user's keys.

It is a key like any other: in the keyring or in Halley's own file, and for the origin of the server's URL alone.
"""

from __future__ import annotations

from halley.core.errors import NotConfigured
from halley.core.settings import ToolServerSettings
from halley.mcp.values import SignInSpec
from halley.stores.keys.keyrings import KeyringUnusable
from halley.stores.keys.store import SecretStore


def key_name(server: str) -> str:
    """What a sign-in is kept as; no provider can have this name."""
    return f"tools/{server}"


class KeptSignIn:
    """What one server's sign-in gave. Implements `SignInKeep`."""

    def __init__(self, secrets: SecretStore, server: str, url: str) -> None:
        self._secrets, self._name, self._url = secrets, key_name(server), url

    async def load(self) -> str | None:
        """None where there is none for this origin. Raises KeyringUnusable."""
        try:
            return await self._secrets.resolve_key(self._name, self._url)
        except KeyringUnusable:
            raise
        except NotConfigured:
            return None

    async def save(self, text: str) -> None:
        await self._secrets.set_key(self._name, self._url, text)


async def sign_in_spec(secrets: SecretStore, name: str, its: ToolServerSettings) -> SignInSpec | None:
    """None for a program, and for a host that the user gave a key for. Raises NotConfigured."""
    given = {header.lower() for header in (*its.headers, *its.keys)}
    if its.url is None or "authorization" in given:
        return None
    keep, how, secret = KeptSignIn(secrets, name, its.url), its.sign_in, None
    await keep.load()  # a keyring that is locked is reported now, and not as a sign-in that is missing
    if how.client_secret is not None:
        assert how.issuer is not None
        secret = await secrets.resolve_key(key_name(name), how.issuer, how.client_secret)
        if secret is None:
            raise NotConfigured(
                f"The client secret of the tool server {name} is missing.",
                f"Provide it, or change `tools.servers.{name}.sign_in`.",
                setting=f"tools.servers.{name}.sign_in",
            )
    return SignInSpec(keep, how.client_id or "", secret or "", how.issuer or "", how.scopes)
