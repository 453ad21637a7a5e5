"""The user's servers of tools: one connection each, for all windows of the process.

Servers come from the user's own `config.toml` alone, so they are the same for every window. One is started when a chat
or a list needs it; a changed configuration ends it and starts another.
"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from halley.core.errors import HalleyError, NotConfigured
from halley.core.settings import Settings, ToolServerSettings
from halley.engine.markdown.inert import visible
from halley.features.tools.kept_sign_in import key_name, sign_in_spec
from halley.mcp.connection import ServerConnection
from halley.mcp.values import ServerOffer, ServerSpec, ToolFailed, what_changed
from halley.stores.config.tool_picks import Approval
from halley.stores.disk.programs import absolute_path, find_program
from halley.stores.keys.sources import describe_source
from halley.stores.keys.store import SecretStore

if TYPE_CHECKING:
    import ssl

MOST_HEARD = 1000
"""Offers that are remembered for chats: what a chat that was silent the longest has heard of is forgotten."""


class ToolServers:
    """Connections by name. `on_change` is called when one's state or offer changes."""

    def __init__(
        self,
        secrets: SecretStore,
        verify: Callable[[], ssl.SSLContext] | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._secrets, self._verify, self._environ = secrets, verify, environ
        self._known: dict[str, tuple[ToolServerSettings, ServerConnection]] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._signing: dict[str, asyncio.Task[None]] = {}
        self._offered: set[str] = set()
        self.on_change: list[Callable[[], None]] = []
        self.cannot_call: set[str] = set()
        """Models whose host refused tools: they get the written form."""
        self._in_chats: dict[str, set[Approval]] = {}
        self._heard: dict[tuple[str, str], ServerOffer] = {}
        """(chat, server) → what the chat last knew it to offer; the latest at the end."""

    def approved_in(self, chat: str) -> set[Approval]:
        """What was approved for the rest of a chat; it ends with the process."""
        found = self._in_chats.pop(chat, set())
        self._in_chats[chat] = found
        if len(self._in_chats) > MOST_HEARD:
            del self._in_chats[next(iter(self._in_chats))]
        return found

    def known(self, name: str) -> ServerConnection | None:
        """The connection there is, running or not."""
        return self._known[name][1] if name in self._known else None

    async def ready(
        self, settings: Settings, names: Iterable[str], patience_s: float
    ) -> dict[str, ServerConnection]:
        """The named servers, started where they were not, as they are after at most `patience_s`."""
        found = {
            name: await self._prepare(name, settings) for name in names if name in settings.tools.servers
        }
        for connection in found.values():
            connection.start()
        await asyncio.gather(*(connection.wait(patience_s) for connection in found.values()))
        return found

    async def tried(self, settings: Settings, names: Iterable[str]) -> dict[str, ServerConnection]:
        """As `ready`, with all the time that each of them may take to start."""
        named = [name for name in names if name in settings.tools.servers]
        longest = max((settings.tools.servers[name].start_timeout_s for name in named), default=0.0)
        return await self.ready(settings, named, longest + 1)

    async def restart(self, settings: Settings, name: str) -> ServerConnection | None:
        """Ends it and starts it again, whatever happened before; None for one there is none of."""
        if name not in settings.tools.servers:
            return None
        known = self.known(name)
        if known is not None:
            await known.close()
            self._known.pop(name, None)
        connection = await self._prepare(name, settings, known.offer if known else None)
        connection.start(force=True)
        return connection

    async def sign_in(
        self, settings: Settings, name: str, show: Callable[[str], Awaitable[bool]]
    ) -> ServerConnection:
        """Signs in at a host and starts it again; `show` takes the user to a page. Raises ToolFailed, HalleyError."""
        from halley.mcp.signing import sign_in

        spec = await self._spec(name, settings.tools.servers[name])
        # A user whose page was closed tries again, and must not have to wait for the end of the first sign-in.
        if before := self._signing.get(name):
            before.cancel()
        verify = self._verify() if self._verify else None
        self._signing[name] = task = asyncio.get_running_loop().create_task(sign_in(spec, verify, show))
        try:
            await task
        except asyncio.CancelledError:
            if self._signing.get(name) is not task:
                raise ToolFailed(f"Another sign-in to {name} has begun.") from None
            raise
        finally:
            if self._signing.get(name) is task:
                del self._signing[name]
        connection = await self.restart(settings, name)
        assert connection is not None
        await connection.wait(settings.tools.servers[name].start_timeout_s + 1)
        return connection

    def wanting_sign_in(self) -> list[str]:
        """Servers that want a sign-in which was not offered yet; each once in the life of the process."""
        found = [
            name
            for name, (_, connection) in self._known.items()
            if connection.needs_sign_in and name not in self._offered
        ]
        self._offered.update(found)
        return found

    async def sign_out(self, name: str) -> bool:
        """Forgets what a sign-in gave, and ends the connection that used it; False where there was none."""
        gone = await self._secrets.remove_key(key_name(name))
        if gone:
            await self.stop(name)
            self._changed()
        return gone

    async def stop(self, name: str) -> None:
        """One that nothing needs any more."""
        if known := self._known.pop(name, None):
            await known[1].close()

    async def aclose(self) -> None:
        await asyncio.gather(*(self.stop(name) for name in list(self._known)))

    def news(self, chat: str, names: Iterable[str]) -> list[str]:
        """What servers that are ready offer otherwise than when this chat last heard of them: a sentence each, once."""
        found: list[str] = []
        for name in names:
            connection = self.known(name)
            if connection is None or connection.state != "ready":
                continue
            before = self._heard.pop((chat, name), None)
            self._heard[chat, name] = connection.offer
            if len(self._heard) > MOST_HEARD:
                del self._heard[next(iter(self._heard))]
            if before is not None and (changed := what_changed(before, connection.offer)):
                found.append(f"The tool server {name}: {visible(changed)[:500]}")
        return found

    async def _prepare(
        self, name: str, settings: Settings, before: ServerOffer | None = None
    ) -> ServerConnection:
        its = settings.tools.servers[name]
        async with self._locks[name]:
            known = self._known.get(name)
            if known is not None and known[0] == its and not known[1].is_refused:
                return known[1]
            try:
                spec, problem = await self._spec(name, its), ""
            except HalleyError as error:
                spec, problem = ServerSpec(name), f"{error.problem.message} {error.problem.help}"
                if known is not None and known[1].is_refused and known[1].problem == problem:
                    return known[1]  # nothing to tell again
            if known is not None:
                await known[1].close()
                before = known[1].offer
            connection = ServerConnection(spec, self._changed, self._verify, before)
            self._known[name] = its, connection
            if problem:
                connection.refuse(problem)
            return connection

    async def _spec(self, name: str, its: ToolServerSettings) -> ServerSpec:
        """With its keys. Raises NotConfigured for a key that is not available."""
        keys: dict[str, str] = {}
        for target, source in its.keys.items():
            key = await self._secrets.resolve_key(f"tools.servers.{name}", its.url or "", source)
            if key is None:
                raise NotConfigured(
                    f"The key {target} of the tool server {name} is missing ({describe_source(source)}).",
                    f"Provide it, or change `tools.servers.{name}.keys`.",
                    setting=f"tools.servers.{name}.keys",
                )
            keys[target] = key
        headers = {
            target: f"Bearer {key}" if target.lower() == "authorization" else key
            for target, key in keys.items()
        }
        return ServerSpec(
            name,
            (_program(its, self._environ), *its.args) if its.command else (),
            {"PATH": absolute_path(environ=self._environ)} | dict(its.env) | keys
            if its.command
            else dict(its.env),
            its.cwd,
            its.url or "",
            dict(its.headers) | (headers if its.url else {}),
            tuple(keys.values()),
            its.start_timeout_s,
            its.call_timeout_s,
            its.elicitation,
            its.sampling,
            await sign_in_spec(self._secrets, name, its),
            self._environ,
        )

    def _changed(self) -> None:
        for tell in list(self.on_change):
            tell()


def _program(its: ToolServerSettings, environ: Mapping[str, str]) -> str:
    """Its absolute path: relative folders of PATH could lie in anyone's repository. Raises NotConfigured."""
    assert its.command
    name = os.path.expanduser(its.command)  # noqa: PTH111 - `Path` takes a leading `./` away
    found = find_program(name, environ={**environ, **its.env})
    if found is None:
        raise NotConfigured(
            f"{its.command} cannot be started: no folder of PATH holds such a program.",
            "Install it, or give its whole path in `tools.servers.NAME.command`.",
        )
    return found
