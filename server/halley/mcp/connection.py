"""One server of tools: started when it is needed, listed, called; and known for what it is when it hangs or dies.

    off ──need──▶ starting ──▶ ready ──▶ failed ──need, after a pause that grows──▶ starting
                      └──────────────────▲

One task holds the SDK's client from its beginning to its end, as the SDK demands. Nothing here raises anything but
ToolFailed, and a call that was cut short by the server's end is never made again: it may have had its effect.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from halley.mcp.values import (
    CallHelp,
    Outcome,
    PromptArgument,
    RemotePrompt,
    RemoteResource,
    RemoteTool,
    ServerOffer,
    ServerSpec,
    State,
    ToolFailed,
    what_changed,
)

if TYPE_CHECKING:
    import ssl

    from mcp.client.client import Client

    from halley.mcp.programs import Stderr
    from halley.mcp.signing import SignedIn

MOST_PAGES, MOST_ENTRIES = 20, 500
MOST_SCHEMA = 32_000
"""Characters of one tool's schema."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 300.0
USER_S = 3600.0
"""How long a call may be held up by what its server asks the user."""
HANGS = 2
"""Calls in a row without an answer, after which a server counts as hanging."""
MOST_NAME = 128
MOST_QUESTIONS = 20
"""What a server may ask of the user during one call."""


@dataclass(slots=True, eq=False)
class _RunningCall:
    limit: asyncio.Timeout
    help: CallHelp
    ended: asyncio.Future[None]
    asked: int = 0


class ServerConnection:
    """Everything about one server that one process knows. `on_change` is called when its state or its offer changes."""

    def __init__(
        self,
        spec: ServerSpec,
        on_change: Callable[[], None] = lambda: None,
        verify: Callable[[], ssl.SSLContext] | None = None,
        before: ServerOffer | None = None,
    ) -> None:
        """`before` is what the same server offered when it ran last, so that differences can be reported."""
        self.spec = spec
        self.state: State = "off"
        self.problem = ""
        self.is_refused = False
        self.note = ""
        """What a user should know of a server that works: what changed, what of its offer was refused."""
        self.offer = before or ServerOffer()
        self._on_change, self._verify = on_change, verify
        self._task: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()
        self._wanted_end, self._stale, self._died = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._client: Client | None = None
        self._auth: SignedIn | None = None
        self._failures = self._hangs = 0
        self._rest_until = 0.0
        self._running: list[_RunningCall] = []
        self._question = asyncio.Lock()

    @property
    def needs_sign_in(self) -> bool:
        """It failed because the user is not signed in there, or with too few rights."""
        return self.state == "failed" and self._auth is not None and self._auth.is_needed

    # -- its life

    def start(self, *, force: bool = False) -> None:
        """Begins to start it, unless it runs, is starting, or failed a moment ago (`force` starts it anyway)."""
        if self.is_refused or (self._task is not None and not self._task.done()):
            return
        if not force and self.state == "failed" and time.monotonic() < self._rest_until:
            return
        if force:
            self._failures = 0
        for event in (self._settled, self._wanted_end, self._stale, self._died):
            event.clear()
        self._become("starting")
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"tools {self.spec.name}")

    def refuse(self, why: str) -> None:
        """It cannot even be tried, for instance because a key is missing."""
        self.is_refused = True
        self._become("failed", why)

    async def wait(self, seconds: float) -> bool:
        """Whether it is ready, at the latest after so many seconds."""
        if self.state == "starting":
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._settled.wait()
        return self.state == "ready"

    async def close(self) -> None:
        """Ends it; a program goes with all that it started."""
        self._wanted_end.set()
        task, self._task = self._task, None
        if task is not None and not task.done():
            if self.state == "starting":
                task.cancel()
            await asyncio.wait([task], timeout=10)
            task.cancel()
        self.state = "off"

    async def _run(self) -> None:
        # beside the loop: the SDK takes a second or more to import, and every window waits meanwhile
        await asyncio.to_thread(_load_sdk)
        from halley.mcp.programs import Stderr

        # A program that ends at the start explains itself on stderr, if anywhere.
        said = Stderr()
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(self.spec.start_timeout_s):
                    self._client = await stack.enter_async_context(self._connected(said))
                    await self._list(self._client)
                self._failures = self._hangs = 0
                self._become("ready")
                listening = asyncio.create_task(_listen(self._client, self._stale))
                stack.callback(listening.cancel)
                await self._until_the_end(self._client)
            if self._wanted_end.is_set():
                self._become("off")
            else:
                self._fail("It exited." if not self.problem else self.problem, said)
        except TimeoutError:
            self._fail(f"It did not start within {self.spec.start_timeout_s:g} s.", said)
        except asyncio.CancelledError:
            self._become("off")
            raise
        except Exception as error:  # whatever a server can make the SDK raise is its failure, not ours
            if self._wanted_end.is_set():
                self._become("off")
            else:
                self._fail(self.problem if self.state == "ready" and self.problem else _reason(error), said)
        finally:
            self._client = None
            self._settled.set()

    async def _until_the_end(self, client: Client) -> None:
        """Lists again whatever changed, until it is to end or has died."""
        while True:
            waits = [asyncio.create_task(e.wait()) for e in (self._wanted_end, self._died, self._stale)]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in waits:
                    one.cancel()
            if self._wanted_end.is_set() or self._died.is_set():
                return
            self._stale.clear()
            async with asyncio.timeout(self.spec.start_timeout_s):
                await self._list(client)
            self._on_change()

    @asynccontextmanager
    async def _connected(self, said: Stderr) -> AsyncIterator[Client]:
        from mcp.client.client import Client
        from mcp_types import Implementation

        from halley.version import __version__

        if self.spec.command:
            from halley.mcp.programs import talk_to_program

            transport: Any = talk_to_program(self.spec, said, self._died)
        else:
            from halley.mcp.hosts import talk_to_host
            from halley.mcp.signing import SignedIn

            self._auth = SignedIn(self.spec, self.spec.sign_in) if self.spec.sign_in else None
            transport = talk_to_host(self.spec, self._verify() if self._verify else None, self._auth)
        async with Client(
            transport,
            client_info=Implementation(name="halley", version=__version__),
            message_handler=self._hear,
            read_timeout_seconds=max(self.spec.start_timeout_s, self.spec.call_timeout_s),
            cache=None,
            elicitation_callback=self._on_form if self.spec.may_ask else None,
            sampling_callback=self._on_sample if self.spec.may_sample else None,
        ) as client:
            yield client

    async def _hear(self, message: Any) -> None:
        if str(getattr(message, "method", "")).endswith("list_changed"):
            self._stale.set()

    def _become(self, state: State, problem: str = "") -> None:
        self.state, self.problem = state, problem
        if state != "starting":
            self._settled.set()
        self._on_change()

    def _fail(self, why: str, said: Stderr) -> None:
        if self._auth is not None and self._auth.is_needed:
            why = self._sign_in_first()
        pause = min(FIRST_PAUSE_S * 2**self._failures, LONGEST_PAUSE_S)
        self._failures += 1
        self._rest_until = time.monotonic() + pause
        last = f" It said: {said.last}" if said.last and said.last not in why else ""
        self._become("failed", self._clean(f"{why}{last}"))

    # -- what it offers

    async def _list(self, client: Client) -> None:
        can = client.server_capabilities
        refused: list[str] = []
        tools = await _pages(client.list_tools, "tools") if can.tools else []
        prompts = await _pages(client.list_prompts, "prompts") if can.prompts else []
        resources = await _pages(client.list_resources, "resources") if can.resources else []
        offer = ServerOffer(
            tuple(_once((found for tool in tools if (found := _tool(tool, refused))), refused)),
            tuple(_prompt(one) for one in prompts if _is_name(one.name)),
            tuple(_resource(one) for one in resources),
            tuple(refused),
        )
        changed = what_changed(self.offer, offer) if self.offer.tools else ""
        self.offer = offer
        self.note = self._clean(" ".join([*([changed] if changed else []), *refused[:3]]))

    # -- using it

    async def call(
        self, tool: str, arguments: Mapping[str, Any], limit_s: float, help: CallHelp | None = None
    ) -> Outcome:
        """What the tool answers. Raises ToolFailed for a server that does not. `help` answers what the server asks
        meanwhile; the time that takes does not count."""
        patience_s = limit_s + 1 + (USER_S if help and (self.spec.may_ask or self.spec.may_sample) else 0)

        async def work(client: Client) -> Outcome:
            result = await client.call_tool(tool, dict(arguments), patience_s)
            return Outcome(self._clean(_text_of(result)), bool(result.is_error))

        return await self._ask(work, min(limit_s, self.spec.call_timeout_s), help)

    async def _on_form(self, context: Any, params: Any) -> Any:
        from halley.mcp.asking import fill_form

        return await self._helped(lambda help: fill_form(help, params))

    async def _on_sample(self, context: Any, params: Any) -> Any:
        from halley.mcp.asking import sample

        return await self._helped(lambda help: sample(help, params))

    async def _helped(self, answer: Callable[[CallHelp], Awaitable[Any]]) -> Any:
        """Asks the maker of the call that runs, one question at a time. With calls of several chats the server does not
        say whose it means, and without any it has no business with the user: both are refused."""
        from mcp_types import INVALID_REQUEST, ErrorData

        running = self._running
        if not running or any(one.help is not running[0].help for one in running):
            return ErrorData(
                code=INVALID_REQUEST, message="No single call is running that this could belong to."
            )
        call = running[0]
        call.asked += 1
        if call.asked > MOST_QUESTIONS:
            return ErrorData(code=INVALID_REQUEST, message="This call has asked too often.")
        async with self._question:
            if call in self._running and (said := await self._answered(call, answer)) is not None:
                return said
        return ErrorData(code=INVALID_REQUEST, message="The call that this belonged to has ended.")

    async def _answered(self, call: _RunningCall, answer: Callable[[CallHelp], Awaitable[Any]]) -> Any:
        """None where the call ends first: the question is withdrawn, and no answer counts any more."""
        now = asyncio.get_running_loop().time
        paused = [(one, (one.limit.when() or now()) - now()) for one in self._running]
        for one, _ in paused:
            one.limit.reschedule(None)
        answering = asyncio.ensure_future(answer(call.help))
        try:
            await asyncio.wait((answering, call.ended), return_when=asyncio.FIRST_COMPLETED)
            return None if call.ended.done() else answering.result()
        finally:
            answering.cancel()
            await asyncio.wait((answering,))
            for one, seconds in paused:
                if one in self._running:
                    one.limit.reschedule(now() + seconds)

    async def get_prompt(self, name: str, arguments: Mapping[str, str]) -> str:
        """The prompt's messages as one text."""

        async def work(client: Client) -> str:
            result = await client.get_prompt(name, dict(arguments))
            return self._clean("\n\n".join(_block(message.content) for message in result.messages))

        return await self._ask(work, self.spec.call_timeout_s)

    async def read_resource(self, uri: str) -> str:
        async def work(client: Client) -> str:
            result = await client.read_resource(uri)
            return self._clean("\n\n".join(_contents(one) for one in result.contents))

        return await self._ask(work, self.spec.call_timeout_s)

    async def _ask(
        self, work: Callable[[Client], Awaitable[Any]], limit_s: float, help: CallHelp | None = None
    ) -> Any:
        client = self._client
        if client is None or self.state != "ready":
            raise ToolFailed(f"The server {self.spec.name} is not running. {self.problem}".strip())
        try:
            async with asyncio.timeout(limit_s) as limit:
                with self._counted(limit, help):
                    result = await work(client)
        except TimeoutError:
            self._hangs += 1
            # One slow call says little; several in a row mean that the program is stuck, and a new one may not be.
            if self._hangs >= HANGS:
                self.problem = f"It left {self._hangs} calls in a row unanswered."
                self._died.set()
            raise ToolFailed(f"{self.spec.name} did not answer within {limit_s:g} s.") from None
        except Exception as error:
            why = self._clean(_reason(error))
            if self._auth is not None and self._auth.is_needed:
                self.problem = self._sign_in_first()
                self._died.set()
                raise ToolFailed(f"{self.spec.name} did not answer. {self.problem}") from None
            if _is_lost(error):
                self.problem = why
                self._died.set()
                raise ToolFailed(f"{self.spec.name} was lost while working: {why}") from None
            raise ToolFailed(why) from None
        self._hangs = 0
        return result

    @contextlib.contextmanager
    def _counted(self, limit: asyncio.Timeout, help: CallHelp | None) -> Iterator[None]:
        """A call with `help` is one that the server's questions can belong to, while it runs."""
        ended = asyncio.get_running_loop().create_future()
        call = _RunningCall(limit, help, ended) if help else None
        if call:
            self._running.append(call)
        try:
            yield
        finally:
            if call:
                self._running.remove(call)
                ended.set_result(None)

    def _sign_in_first(self) -> str:
        return f"It wants you to sign in: `/tools {self.spec.name} signin`, or `halley tools signin {self.spec.name}`."

    def _clean(self, text: str) -> str:
        """Without the keys that we gave it."""
        for secret in (*self.spec.secrets, *(self._auth.secrets if self._auth else ())):
            text = text.replace(secret, "[key removed]")
        return text


def _load_sdk() -> None:
    import_module("mcp.client.client")
    import_module("halley.mcp.programs")


async def _listen(client: Client, stale: asyncio.Event) -> None:
    """Servers of the newest protocol tell of changes only to those who listen; older ones just tell."""
    with contextlib.suppress(Exception):
        async with client.listen(
            tools_list_changed=True, prompts_list_changed=True, resources_list_changed=True
        ) as news:
            async for _ in news:
                stale.set()


async def _pages(ask: Callable[..., Awaitable[Any]], field: str) -> list[Any]:
    """All pages of a list, within bounds."""
    found: list[Any] = []
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await ask(cursor=cursor)
        found += getattr(page, field)
        cursor = page.next_cursor
        if not cursor or len(found) >= MOST_ENTRIES:
            break
    return found[:MOST_ENTRIES]


def _is_name(name: str) -> bool:
    return 0 < len(name) <= MOST_NAME and name.isprintable() and not any(c.isspace() for c in name)


def _tool(tool: Any, refused: list[str]) -> RemoteTool | None:
    schema: Any = tool.input_schema
    if not _is_name(tool.name):
        refused.append("A tool whose name cannot be displayed is skipped.")
        return None
    # Schemas go into every prompt: one of them must not use up the model's window or the user's money.
    if len(json.dumps(schema)) > MOST_SCHEMA:
        refused.append(f"{tool.name} is skipped: its schema is longer than {MOST_SCHEMA} characters.")
        return None
    hints = tool.annotations
    title = tool.title or (hints.title if hints else None) or tool.name
    # Only a clear statement counts; a server that also calls the tool destructive contradicts itself.
    read_only = bool(hints and hints.read_only_hint is True and hints.destructive_hint is not True)
    return RemoteTool(tool.name, title, tool.description or "", schema, read_only)


def _once(tools: Iterable[RemoteTool], refused: list[str]) -> list[RemoteTool]:
    """The first of each name: a second one could stand in for it."""
    found: dict[str, RemoteTool] = {}
    for tool in tools:
        if tool.name in found:
            refused.append(f"{tool.name} is offered twice; the second is skipped.")
        else:
            found[tool.name] = tool
    return list(found.values())


def _prompt(prompt: Any) -> RemotePrompt:
    arguments = tuple(
        PromptArgument(one.name, one.description or "", bool(one.required)) for one in prompt.arguments or ()
    )
    return RemotePrompt(prompt.name, prompt.title or prompt.name, prompt.description or "", arguments)


def _resource(resource: Any) -> RemoteResource:
    return RemoteResource(
        str(resource.uri),
        resource.name,
        resource.title or resource.name,
        resource.description or "",
        resource.mime_type,
    )


def _text_of(result: Any) -> str:
    """All blocks as text; structured content where there are none."""
    text = "\n\n".join(filter(None, (_block(block) for block in result.content or ())))
    if not text and result.structured_content is not None:
        return json.dumps(result.structured_content, ensure_ascii=False, indent=1)
    return text


def _block(block: Any) -> str:
    match block.type:
        case "text":
            return block.text
        case "image" | "audio":
            return f"({block.type}, {block.mime_type}, {len(block.data) * 3 // 4} bytes, not shown)"
        case "resource":
            return _contents(block.resource)
        case "resource_link":
            return f"({block.name}: {block.uri})"
        case _:
            return f"(a block of kind {block.type}, not shown)"


def _contents(contents: Any) -> str:
    text = getattr(contents, "text", None)
    return text if isinstance(text, str) else f"({contents.uri}: bytes, not shown)"


def _reason(error: BaseException) -> str:
    """One sentence; the innermost reason of a group."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    said = " ".join(str(error).split())[:300] or type(error).__name__
    return said if said.endswith((".", "!", "?")) else f"{said}."


def _is_lost(error: BaseException) -> bool:
    """Whether the connection itself is gone, and not only the call.

    A server that forgot the session is `INVALID_REQUEST` (the SDK makes it from its 404): our requests are well formed,
    so nothing else can be meant, and a new session is what helps.
    """
    from mcp.shared.exceptions import MCPError
    from mcp_types import CONNECTION_CLOSED, INVALID_REQUEST

    if isinstance(error, MCPError):
        return error.code in (CONNECTION_CLOSED, INVALID_REQUEST)
    return not isinstance(error, ValueError | RuntimeError | KeyError)
