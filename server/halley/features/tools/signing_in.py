"""Signing in to servers of tools and out: asked of the user, at pages they agree to.

Servers come from the user's `config.toml`, so no repository can name one to sign in to.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from halley.core.errors import InvalidInput, ProviderUnavailable
from halley.core.settings import Settings
from halley.engine.markdown.inert import visible
from halley.features.tools.servers import ToolServers
from halley.mcp.values import ToolFailed

Agree = Callable[[str], Awaitable[bool]]
"""(question) → whether the user says yes."""
Open = Callable[[str], Awaitable[None]]
"""Brings the user to an address."""


async def sign_in(servers: ToolServers, settings: Settings, name: str, agree: Agree, open_page: Open) -> str:
    """Signs the user in, starts the server again, and says what came of it. Raises HalleyError.

    The user asked for it; they are asked again where the page is at another host than the server.
    """
    host = urlsplit(_url_of(settings, name)).netloc

    async def show(address: str) -> bool:
        page = urlsplit(address).netloc
        question = f"open a page of {visible(page)[:200]} to sign in to {name} ({visible(host)[:200]})?"
        if page != host and not await agree(question):
            return False
        await open_page(address)
        return True

    try:
        connection = await servers.sign_in(settings, name, show)
    except ToolFailed as error:
        raise ProviderUnavailable(
            visible(str(error)),
            f"Try again with `halley tools signin {name}`.",
            setting=f"tools.servers.{name}",
        ) from None
    if connection.state == "ready":
        return f"You are signed in to {name}: {len(connection.offer.tools)} tools."
    return f"You are signed in to {name}, but it does not work: {visible(connection.problem)[:500]}"


async def sign_out(servers: ToolServers, settings: Settings, name: str) -> str:
    """Forgets what a sign-in gave, also of a server that is no longer configured. Says what came of it."""
    gone = await servers.sign_out(name)
    if not gone and name not in settings.tools.servers:
        _url_of(settings, name)
    return f"You are signed out of {name}." if gone else f"You were not signed in to {name}."


def _url_of(settings: Settings, name: str) -> str:
    its = settings.tools.servers.get(name)
    if its is None:
        names = ", ".join(settings.tools.servers) or "none is configured"
        raise InvalidInput(f"There is no tool server {visible(name)[:80]}.", f"Servers: {names}.")
    if its.url is None:
        raise InvalidInput(f"{name} is a program: there is no sign-in.", "Give it its keys by `keys`.")
    return its.url
