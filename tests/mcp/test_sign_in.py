"""Signing in to servers of tools: what it takes, where what it gives is kept, and who does not get it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sign_in_host import Host, Office, Tools, visit

from halley.core.errors import HalleyError
from halley.core.settings import Settings
from halley.features.tools.servers import ToolServers
from halley.features.tools.signing_in import sign_in, sign_out
from halley.mcp import signing
from halley.mcp.hosts import check_address
from halley.mcp.values import ToolFailed
from halley.stores.disk.paths import find_paths
from halley.stores.keys.store import SecretStore

START_S = 60.0
PAGE = "<!doctype html><title>Halley</title><p>Halley has your answer. You can close this page.</p>"
Open = Callable[[str], Awaitable[None]]


class Vault:
    """The two servers, a third one that nothing should ever reach, and Halley's side of them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.office, self.evil = Office(), Host()
        self.tools = Tools(self.office)
        self.asked: list[str] = []
        self.pages: list[str] = []
        self.yes = True
        self.visits: list[asyncio.Task[Any]] = []
        self.how: dict[str, Any] = {}
        self.url = f"{self.tools.url}/mcp"

    @property
    def settings(self) -> Settings:
        row = {"url": self.url, "start_timeout_s": START_S, **self.how}
        return Settings.model_validate({"tools": {"servers": {"vault": row}}})

    async def agree(self, question: str) -> bool:
        self.asked.append(question)
        return self.yes

    async def open(self, address: str) -> None:
        """The user's browser, which follows where it is sent."""
        self.pages.append(address)
        self.visits.append(asyncio.create_task(asyncio.to_thread(visit, address)))

    async def sign_in(self, servers: ToolServers, open_page: Open | None = None) -> str:
        return await sign_in(servers, self.settings, "vault", self.agree, open_page or self.open)

    @property
    def kept(self) -> dict[str, Any]:
        path = self.home / "data" / "secrets.json"
        return json.loads(path.read_text()) if path.exists() else {}


@pytest.fixture
def vault(halley_home: Path) -> Iterator[Vault]:
    made = Vault(halley_home)
    with ExitStack() as stack:
        for host in (made.office, made.tools, made.evil):
            stack.enter_context(host.running())
        yield made


@pytest.fixture
async def servers() -> AsyncIterator[Callable[[], ToolServers]]:
    """Each is as of a process of its own."""
    made: list[ToolServers] = []

    def make() -> ToolServers:
        made.append(ToolServers(SecretStore(find_paths())))
        return made[-1]

    yield make
    for one in made:
        await one.aclose()


async def test_a_sign_in_is_kept_renewed_and_taken_back(vault: Vault, servers: Any, tmp_path: Path) -> None:
    first = servers()
    (closed,) = (await first.ready(vault.settings, ["vault"], START_S)).values()
    assert closed.state == "failed" and closed.needs_sign_in and "halley tools signin vault" in closed.problem
    assert not vault.office.seen, "nothing is begun that the user did not ask for"

    assert await vault.sign_in(first) == "You are signed in to vault: 1 tools."
    (question,) = vault.asked
    assert vault.office.url.removeprefix("http://") in question and "vault" in question
    (registered,) = vault.office.clients.values()
    (landing,) = registered["redirect_uris"]
    assert urlsplit(landing).hostname == "127.0.0.1"
    with pytest.raises(OSError):
        visit(landing)  # it is open for one sign-in
    known = first.known("vault")
    (access,) = vault.office.access
    vault.tools.said = f"your token is {access}"
    outcome = await known.call("open_vault", {}, START_S)
    assert outcome.text == "your token is [key removed]"

    entry = vault.kept["tools/vault"]
    assert entry["origin"] == vault.tools.url
    holding = [
        path for path in tmp_path.rglob("*") if path.is_file() and entry["key"] in path.read_text("latin-1")
    ]
    assert [path.name for path in holding] == ["secrets.json"]

    # In another process, after its time: renewed where it was given, without a page.
    vault.office.access.clear()
    second = servers()
    (again,) = (await second.ready(vault.settings, ["vault"], START_S)).values()
    assert again.state == "ready", again.problem
    assert vault.office.forms[-1]["grant_type"] == "refresh_token"
    assert len(vault.pages) == 1 and "POST /token" not in vault.tools.seen
    vault.office.access.clear()
    (third,) = (await servers().ready(vault.settings, ["vault"], START_S)).values()
    assert third.state == "ready", "what was renewed is kept in its place"

    # Taken back by the server while it is used: the call says so, and the user is asked to sign in.
    vault.office.access.clear()
    vault.office.refresh.clear()
    with pytest.raises(ToolFailed, match="wants you to sign in"):
        await third.call("open_vault", {}, START_S)

    assert await sign_out(second, vault.settings, "vault") == "You are signed out of vault."
    assert "tools/vault" not in vault.kept
    (last,) = (await second.ready(vault.settings, ["vault"], START_S)).values()
    assert last.needs_sign_in
    assert vault.tools.tokens[-1] == "", "no token is left to send"
    assert not vault.evil.seen


LIES: dict[str, tuple[Callable[[Vault], object], str]] = {
    "the page is at plain http elsewhere": (
        lambda v: v.office.lies.update(metadata={"authorization_endpoint": "http://login.example.com/a"}),
        "not safe",
    ),
    "the page brings a name and a password": (
        lambda v: v.office.lies.update(
            metadata={"authorization_endpoint": f"{v.office.url}/a".replace("://", "://bank.example.com@")}
        ),
        "not safe",
    ),
    "codes go to plain http elsewhere": (
        lambda v: v.office.lies.update(metadata={"token_endpoint": "http://login.example.com/t"}),
        "not safe",
    ),
    "the registration goes to plain http elsewhere": (
        lambda v: v.office.lies.update(metadata={"registration_endpoint": "http://login.example.com/r"}),
        "not safe",
    ),
    "the office says that it is another": (
        lambda v: v.office.lies.update(metadata={"issuer": "https://login.example.com"}),
        "issuer",
    ),
    "the answer comes from another office": (
        lambda v: v.office.lies.update(back={"iss": "https://login.example.com"}),
        "iss mismatch",
    ),
    "the code is sent on to another host": (
        lambda v: v.office.lies.update(token_redirect=f"{v.evil.url}/token"),
        "not followed",
    ),
    "PKCE is not known": (
        lambda v: v.office.lies.update(metadata={"code_challenge_methods_supported": ["plain"]}),
        "PKCE",
    ),
    "the token would be for another server": (
        lambda v: v.tools.lies.update(resource=f"{v.evil.url}/mcp"),
        "does not match",
    ),
    "the page refuses": (
        lambda v: v.office.lies.update(back={"error": "access_denied"}),
        "access_denied",
    ),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
async def test_a_sign_in_that_leads_elsewhere_is_refused(vault: Vault, servers: Any, lie: str) -> None:
    do, words = LIES[lie]
    do(vault)
    with pytest.raises(HalleyError, match=words):
        await vault.sign_in(servers())
    assert not vault.kept and not vault.evil.seen
    assert not vault.office.access, "no token was given"


async def test_only_the_answer_with_the_state_of_this_sign_in_counts(vault: Vault, servers: Any) -> None:
    refused: list[tuple[int, str]] = []

    async def open_page(address: str) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        landing = asked["redirect_uri"]
        for query in (
            "code=stolen",
            "code=stolen&state=",
            "code=stolen&state=guessed",
            f"code=stolen&state={asked['state']}&state=guessed",
            "error=access_denied&state=guessed",
        ):
            refused.append(await asyncio.to_thread(visit, f"{landing}?{query}"))
        whole = f"{landing}?code=stolen&state={asked['state']}"
        refused.append(await asyncio.to_thread(visit, whole, host="rebound.example.com"))
        refused.append(await asyncio.to_thread(visit, whole.replace("/signed-in", "/other")))
        await vault.open(address)

    assert "signed in" in await vault.sign_in(servers(), open_page)
    assert [status for status, _ in refused] == [400] * 5 + [404] * 2
    assert "stolen" not in str(vault.office.forms) + str(refused)
    assert [await one for one in vault.visits] == [(200, PAGE)]


async def test_a_no_a_cancel_and_a_long_wait_end_it(
    vault: Vault, servers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = servers()
    vault.yes = False
    with pytest.raises(HalleyError, match="You did not sign in"):
        await vault.sign_in(own)
    assert not vault.pages

    vault.yes = True
    opened = asyncio.Event()
    landings: list[str] = []

    async def never(address: str) -> None:
        landings.append(parse_qs(urlsplit(address).query)["redirect_uri"][0])
        opened.set()

    waiting = asyncio.create_task(vault.sign_in(own, never))
    await opened.wait()
    opened.clear()
    newer = asyncio.create_task(vault.sign_in(own, never))
    with pytest.raises(HalleyError, match="Another sign-in to vault has begun"):
        await waiting
    waiting = newer
    await opened.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    for landing in landings:
        with pytest.raises(OSError):
            await asyncio.to_thread(visit, landing)

    monkeypatch.setattr(signing, "SIGN_IN_S", 0.6)
    with pytest.raises(HalleyError, match="was not finished within"):
        await vault.sign_in(own, never)
    assert not vault.kept


async def test_a_client_of_the_users_own_and_its_secret_go_to_its_issuer_alone(
    vault: Vault, servers: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the-secret-of-the-client")
    vault.how = {
        "sign_in": {
            "client_id": "mine",
            "client_secret": {"file": str(secret)},
            "issuer": vault.office.url,
            "scopes": ["vault:open"],
        }
    }

    async def open_page(address: str) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert (asked["client_id"], asked["scope"]) == ("mine", "vault:open")
        # As servers do for programs: any port of loopback.
        vault.office.clients["mine"] = {"redirect_uris": [asked["redirect_uri"]]}
        await vault.open(address)

    assert "signed in" in await vault.sign_in(servers(), open_page)
    assert "POST /register" not in vault.office.seen
    assert vault.office.forms[-1]["authorization"].startswith("Basic ")
    kept = signing._read(vault.kept["tools/vault"]["key"])
    assert kept["client"]["client_id"] == "mine" and "the-secret" not in json.dumps(kept)
    vault.office.access.clear()
    (again,) = (await servers().ready(vault.settings, ["vault"], START_S)).values()
    assert again.state == "ready" and vault.office.forms[-1]["authorization"].startswith("Basic ")

    vault.how["sign_in"]["issuer"] = "https://login.example.com"
    before = len(vault.office.forms)
    with pytest.raises(HalleyError, match=r"sign_in\.issuer"):
        await vault.sign_in(servers(), open_page)
    assert len(vault.office.forms) == before


async def test_a_token_stays_with_the_origin_it_was_given_for(vault: Vault, servers: Any) -> None:
    await vault.sign_in(servers())
    elsewhere = Tools(vault.office)
    with elsewhere.running():
        vault.url = f"{elsewhere.url}/mcp"
        (moved,) = (await servers().ready(vault.settings, ["vault"], START_S)).values()
        assert moved.needs_sign_in and set(elsewhere.tokens) == {""}


@pytest.mark.parametrize(
    ("address", "server", "fine"),
    [
        ("https://login.example.com/a", "https://mcp.example.com/mcp", True),
        ("https://mcp.example.com/a", "https://mcp.example.com/mcp", True),
        ("http://mcp.example.com/a", "https://mcp.example.com/mcp", False),
        ("https://127.0.0.1/a", "https://mcp.example.com/mcp", False),
        ("http://localhost:8000/a", "https://mcp.example.com/mcp", False),
        ("https://169.254.169.254/latest", "https://mcp.example.com/mcp", False),
        ("https://[::1]/a", "https://mcp.example.com/mcp", False),
        ("https://10.0.0.7/a", "https://10.0.0.8/mcp", True),
        ("http://mcp.lan/mcp", "http://MCP.lan:80/mcp", True),
        ("http://127.0.0.1:9/a", "http://127.0.0.1:8/mcp", True),
        ("https://you@login.example.com/a", "https://mcp.example.com/mcp", False),
        ("file:///etc/passwd", "https://mcp.example.com/mcp", False),
        ("javascript:alert(1)", "https://mcp.example.com/mcp", False),
    ],
)
def test_where_a_server_may_send_us(address: str, server: str, fine: bool) -> None:
    if fine:
        check_address(address, server)
    else:
        with pytest.raises(ToolFailed, match="not safe"):
            check_address(address, server)


@pytest.mark.parametrize(
    "sign_in_row",
    [
        {"client_secret": {"env": "A"}, "client_id": "mine"},
        {"client_secret": {"env": "A"}, "issuer": "https://login.example.com"},
        {"client_secret": {"keyring": True}, "client_id": "mine", "issuer": "https://login.example.com"},
        {"issuer": "login.example.com"},
    ],
)
def test_a_secret_names_where_it_may_go(sign_in_row: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"issuer|env, file or command|address"):
        Settings.model_validate(
            {"tools": {"servers": {"vault": {"url": "https://a.example", "sign_in": sign_in_row}}}}
        )
