"""A key belongs to an origin, and is nowhere but where it is kept."""

from __future__ import annotations

import asyncio
import base64
import logging
import stat
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.errors
import pytest
from keyring.backend import KeyringBackend
from stores_help import assert_private, files_with, finished

from halley.core.errors import InvalidInput, NotConfigured
from halley.core.settings import KeySource
from halley.stores.disk.paths import Paths
from halley.stores.keys import keyrings
from halley.stores.keys.keyrings import KeyringUnusable
from halley.stores.keys.origins import normalise_origin, same_origin
from halley.stores.keys.sources import COMMAND_TIME_LIMIT_S, clean_key
from halley.stores.keys.store import SecretStore, mask

KEY = "sk-CANARY-0123456789abcdef"
HOME = "https://api.cometapi.com"
ELSEWHERE = "https://evil.example"


class MemoryKeyring(KeyringBackend):
    priority = 9  # type: ignore[assignment]

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.error: Exception | None = None
        self.reads = 0

    def _check(self) -> None:
        if self.error:
            raise self.error

    def get_password(self, service: str, username: str) -> str | None:
        self._check()
        self.reads += 1
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._check()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._check()
        del self.kept[service, username]


@pytest.fixture
def ring() -> Iterator[MemoryKeyring]:
    before = keyring.get_keyring()
    memory = MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


def source(**kind) -> KeySource:
    return KeySource(**kind)


# An origin


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://api.cometapi.com", "https://api.cometapi.com:443/v1"),
        ("HTTPS://API.CometAPI.com./v1#", "https://api.cometapi.com"),
        ("http://[::1]:8080", "http://[::1]:8080/x?y"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_the_same_origin_in_other_words(one: str, other: str) -> None:
    assert same_origin(one, other)


@pytest.mark.parametrize(
    "other",
    [
        "http://api.cometapi.com",
        "https://api.cometapi.com:8443",
        "https://api.cometapi.com.evil.example",
        "https://evil.example/api.cometapi.com",
        "https://api.cometapi.com@evil.example",
        "https://xapi.cometapi.com",
        "//api.cometapi.com",
        "api.cometapi.com",
        "https://",
        "https://[",
        "",
    ],
)
def test_another_origin(other: str) -> None:
    assert not same_origin(HOME, other)


def test_an_origin_is_scheme_host_and_port() -> None:
    assert normalise_origin("https://Host/v1") == "https://host:443"


# Keys that were entered


async def test_the_file_where_there_is_no_keyring(paths: Paths) -> None:
    store = SecretStore(paths)
    info = await store.set_key("comet", f"{HOME}/v1", f"  {KEY}\n")
    assert (info.store, info.origin, info.masked) == ("file", "https://api.cometapi.com:443", "sk-…cdef")
    assert await store.resolve_keys("comet", HOME) == (KEY,)
    assert files_with(paths.config, b"CANARY") == ["data/secrets.json"]
    assert_private(paths.data)
    with pytest.raises(KeyringUnusable):
        await store.set_key("comet", HOME, KEY, "keyring")


async def test_the_keyring_where_there_is_one(paths: Paths, ring: MemoryKeyring) -> None:
    store = SecretStore(paths)
    assert (await store.set_key("comet", HOME, KEY)).store == "keyring"
    assert files_with(paths.config, b"CANARY") == []
    fresh = SecretStore(paths)
    assert await asyncio.gather(*(fresh.resolve_keys("comet", HOME) for _ in range(5))) == [(KEY,)] * 5
    assert ring.reads == 2, "once to see that it was kept, and once for five requests"
    assert await fresh.remove_key("comet")
    assert ring.kept == {} and fresh.list_keys() == ()
    assert not await fresh.remove_key("comet")


async def test_one_process_only(paths: Paths) -> None:
    store = SecretStore(paths)
    await store.set_key("comet", HOME, KEY, "session")
    assert await store.resolve_keys("comet", HOME) == (KEY,)
    assert await SecretStore(paths).resolve_keys("comet", HOME) == ()
    assert files_with(paths.config, b"CANARY") == []


@pytest.mark.parametrize("where", ["file", "keyring", "session"])
async def test_never_for_another_origin_until_entered_again(paths: Paths, ring: MemoryKeyring, where) -> None:
    store = SecretStore(paths)
    await store.set_key("comet", HOME, KEY, where)
    for other in (ELSEWHERE, "http://api.cometapi.com", f"{HOME}:8443", "nonsense"):
        with pytest.raises(NotConfigured) as caught:
            await store.resolve_keys("comet", other)
        assert "halley key set comet" in caught.value.problem.help
        assert "CANARY" not in str(caught.value.problem)
        assert (await store.key_status("comet", other)).status == "otherOrigin"
    assert (await store.key_status("comet", HOME)).status == "present"
    await store.set_key("comet", ELSEWHERE, "sk-another", where)
    assert await store.resolve_keys("comet", ELSEWHERE) == ("sk-another",)
    with pytest.raises(NotConfigured):
        await store.resolve_keys("comet", HOME)


async def test_the_index_cannot_redirect_a_key_in_the_keyring(paths: Paths, ring: MemoryKeyring) -> None:
    await SecretStore(paths).set_key("comet", HOME, KEY)
    index = paths.data / "secrets.json"
    index.write_text(index.read_text().replace("api.cometapi.com", "evil.example"))
    with pytest.raises(NotConfigured):
        await SecretStore(paths).resolve_keys("comet", ELSEWHERE)


async def test_another_process_entering_a_key_is_noticed(paths: Paths, start) -> None:
    store = SecretStore(paths)
    await store.set_key("comet", HOME, "sk-old", "file")
    assert await store.resolve_keys("comet", HOME) == ("sk-old",)
    code = """
        from halley.stores.disk.paths import find_paths
        from halley.stores.keys.store import SecretStore
        await SecretStore(find_paths()).set_key("comet", args[0], sys.stdin.read(), "file")
    """
    process = start(code, HOME)
    process.stdin.write("sk-new")
    process.stdin.close()
    process.stdin = None
    await finished(process)
    assert await store.resolve_keys("comet", HOME) == ("sk-new",)


async def test_a_locked_or_silent_keyring_says_so(paths: Paths, ring: MemoryKeyring, monkeypatch) -> None:
    store = SecretStore(paths)
    await store.set_key("comet", HOME, KEY)
    ring.error = keyring.errors.KeyringLocked(f"CANARY {KEY}")
    fresh = SecretStore(paths)
    with pytest.raises(KeyringUnusable) as caught:
        await fresh.resolve_keys("comet", HOME)
    assert "CANARY" not in str(caught.value.problem)
    assert (await fresh.key_status("comet", HOME)).status == "present", (
        "asking for status does not wait for it"
    )

    never = asyncio.Event()
    monkeypatch.setattr(keyrings, "TIME_LIMIT_S", 0.05)
    monkeypatch.setattr(ring, "get_password", lambda *_: __import__("threading").Event().wait(5))
    with pytest.raises(KeyringUnusable, match="did not answer"):
        await SecretStore(paths).resolve_keys("comet", HOME)
    assert not never.is_set()


@pytest.mark.parametrize("wrong", ["", "  ", "two words", "line\nbreak", "sk-“quoted”", "ключ", "a\x00b"])
async def test_what_cannot_be_a_key(paths: Paths, wrong: str) -> None:
    with pytest.raises(InvalidInput):
        await SecretStore(paths).set_key("comet", HOME, wrong)
    with pytest.raises(InvalidInput):
        await SecretStore(paths).set_key("comet", "nonsense", KEY)
    assert not (paths.data / "secrets.json").exists()


@pytest.mark.parametrize("junk", ["", "[]", "{", '{"comet": 3}', '{"comet": {"key": "x"}}', "\xff"])
async def test_a_secrets_file_that_is_not_ours(paths: Paths, junk: str) -> None:
    paths.data.mkdir(parents=True)
    (paths.data / "secrets.json").write_bytes(junk.encode("latin-1"))
    store = SecretStore(paths)
    assert await store.resolve_keys("comet", HOME) == ()
    assert store.list_keys() == ()
    await store.set_key("comet", HOME, KEY, "file")
    assert await store.resolve_keys("comet", HOME) == (KEY,)


# Keys that are kept elsewhere


async def test_environment_file_and_client(paths: Paths, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    store = SecretStore(paths, {"MINE": f" {KEY} ", "EMPTY": " ", "BAD": "a b"})
    asked: list[tuple[str, str]] = []

    async def ask_key(provider: str, origin: str) -> str | None:
        asked.append((provider, origin))
        return KEY if origin == HOME else None

    assert await store.resolve_key("c", HOME, source(env="MINE")) == KEY
    assert await store.resolve_key("c", HOME, source(env="EMPTY")) is None
    assert await store.resolve_key("c", HOME, source(env="MISSING")) is None
    assert await store.resolve_key("c", HOME, source(file=str(tmp_path / "key"))) == KEY
    assert await store.resolve_key("c", HOME, source(file=str(tmp_path / "none"))) is None
    assert await store.resolve_key("c", HOME, source(client=True), ask_key) == KEY
    assert await store.resolve_key("c", ELSEWHERE, source(client=True), ask_key) is None
    assert await store.resolve_key("c", HOME, source(client=True)) is None
    assert asked == [("c", HOME), ("c", ELSEWHERE)]
    for wrong in (source(env="BAD"), source(file=str(tmp_path))):
        with pytest.raises(NotConfigured) as caught:
            await store.resolve_key("c", HOME, wrong)
        assert caught.value.problem.setting == "providers.c.key"


def command(code: str, *arguments: str) -> KeySource:
    return source(command=(sys.executable, "-c", code, *arguments))


async def test_a_command_without_a_shell(paths: Paths, tmp_path: Path) -> None:
    store = SecretStore(paths)
    shown = "import sys, os; print('sk-' + sys.argv[1]); print('user: me'); print('CANARY', file=sys.stderr)"
    injected = f"$(touch {tmp_path}/pwned);`id`"
    assert await store.resolve_key("c", HOME, command(shown, "x")) == "sk-x"
    with pytest.raises(NotConfigured):  # it is text, and no key
        await store.resolve_key("d", HOME, command(shown, f"{injected} y"))
    assert not (tmp_path / "pwned").exists()
    assert await store.resolve_key("e", HOME, command("pass")) is None


async def test_a_command_runs_once_for_many_and_again_when_refused(paths: Paths, tmp_path: Path) -> None:
    code = f"open({str(tmp_path / 'runs')!r}, 'a').write('x'); print('sk-1')"
    store = SecretStore(paths)
    keys = await asyncio.gather(*(store.resolve_keys("c", HOME, (command(code),)) for _ in range(8)))
    assert set(keys) == {("sk-1",)}
    assert (tmp_path / "runs").read_text() == "x"
    store.forget("c")
    await store.resolve_keys("c", HOME, (command(code),))
    assert (tmp_path / "runs").read_text() == "xx"


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (command("raise SystemExit(3)"), "exit 3"),
        (source(command=("/nowhere/op", "read", "CANARY")), "cannot be run"),
        (command("print('\\x1b[31mred')"), "cannot be a key"),
        (command("print('CANARY' * 300_000)"), "too much output"),
    ],
)
async def test_a_command_that_fails_says_so_without_its_arguments(
    paths: Paths, how: KeySource, said: str
) -> None:
    with pytest.raises(NotConfigured, match=said) as caught:
        await SecretStore(paths).resolve_keys("c", HOME, (how,))
    assert "CANARY" not in str(caught.value.problem)


async def test_a_command_that_never_ends_is_ended_with_all_it_started(
    paths: Paths, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("halley.stores.keys.sources.COMMAND_TIME_LIMIT_S", 0.5)
    code = f"""
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(tmp_path / "pids")!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
time.sleep(600)
"""
    with pytest.raises(NotConfigured, match="took more than"):
        await SecretStore(paths).resolve_key("c", HOME, command(code))
    async with asyncio.timeout(90):  # a killed process takes a moment to be gone
        for pid in (tmp_path / "pids").read_text().split():
            while not _is_gone(pid):  # noqa: ASYNC110 - nothing tells us when
                await asyncio.sleep(0.01)
    assert COMMAND_TIME_LIMIT_S > 30


def _is_gone(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


async def test_a_presets_variable_stays_at_home_unless_named_by_the_user(paths: Paths) -> None:
    store = SecretStore(paths, {"COMETAPI_KEY": KEY})
    preset = (source(env="COMETAPI_KEY"),)
    assert await store.resolve_keys("comet", f"{HOME}/v1", preset, explicit=False, home=HOME) == (KEY,)
    with pytest.raises(NotConfigured, match="COMETAPI_KEY") as caught:
        await store.resolve_keys("comet", ELSEWHERE, preset, explicit=False, home=HOME)
    assert caught.value.problem.setting == "providers.comet.base_url"
    assert (
        await store.key_status("comet", ELSEWHERE, preset, explicit=False, home=HOME)
    ).status == "otherOrigin"
    assert await store.resolve_keys("comet", ELSEWHERE, preset, explicit=True, home=HOME) == (KEY,)
    nothing = SecretStore(paths, {})
    assert await nothing.resolve_keys("comet", ELSEWHERE, preset, explicit=False, home=HOME) == ()


async def test_an_entered_key_goes_before_a_presets_variable(paths: Paths) -> None:
    store = SecretStore(paths, {"COMETAPI_KEY": "sk-env"})
    await store.set_key("comet", HOME, "sk-entered", "file")
    preset = (source(env="COMETAPI_KEY"),)
    assert await store.resolve_keys("comet", HOME, preset, explicit=False, home=HOME) == (
        "sk-entered",
        "sk-env",
    )
    assert await store.resolve_keys("comet", HOME, preset) == ("sk-env",), (
        "a source that is named is the only one"
    )


async def test_several_keys_one_of_them_broken(paths: Paths) -> None:
    store = SecretStore(paths, {"A": "sk-a", "B": "no key", "C": "sk-c"})
    sources = tuple(source(env=name) for name in ("A", "B", "C", "A", "D"))
    assert await store.resolve_keys("c", HOME, sources) == ("sk-a", "sk-c")
    with pytest.raises(NotConfigured):
        await store.resolve_keys("c", HOME, (source(env="B"), source(env="D")))


async def test_status(paths: Paths, tmp_path: Path) -> None:
    store = SecretStore(paths, {"MINE": KEY})

    async def status(*sources: KeySource, **more) -> tuple[str, str | None]:
        found = await store.key_status("c", HOME, sources, **more)
        return found.status, found.source

    assert await status() == ("missing", None)
    assert await status(needed=False) == ("notNeeded", None)
    assert await status(source(env="MINE")) == ("present", "env MINE")
    assert await status(source(env="NOPE"), source(env="MINE")) == ("present", "env MINE")
    assert await status(source(command=("sh", "-c", "CANARY"))) == ("present", "command sh")
    assert await status(source(command=("no-such-program",))) == ("missing", None)
    assert (await status(source(file=str(tmp_path / "no"))))[0] == "missing"


# Nowhere else


@pytest.mark.parametrize(("key", "shown"), [(KEY, "sk-…cdef"), ("short", "…"), ("", "…")])
def test_masked(key: str, shown: str) -> None:
    assert mask(key) == shown


async def test_no_key_in_any_log_error_or_other_file(paths: Paths, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    store = SecretStore(paths, {"MINE": KEY})
    told: list[object] = [await store.set_key("comet", HOME, KEY, "file")]
    told += [await store.set_key("other", HOME, KEY, "session"), store._session]
    told += [store, store.list_keys(), await store.key_status("comet", ELSEWHERE)]
    for provider in ("comet", "other"):
        with pytest.raises(NotConfigured) as caught:
            await store.resolve_keys(provider, ELSEWHERE)
        told += [
            caught.value,
            caught.value.problem.to_json(),
            caught.value.__cause__,
            caught.value.__context__,
        ]
    everything = caplog.text + "".join(str(thing) + repr(thing) for thing in told)
    for form in (
        KEY,
        "CANARY",
        base64.b64encode(KEY.encode()).decode()[:20],
        urllib.parse.quote(KEY, safe=""),
    ):
        assert form not in everything
    assert files_with(paths.config, b"CANARY") == ["data/secrets.json"]
    assert stat.S_IMODE((paths.data / "secrets.json").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "pasted",
    [
        "sk-abc-123",
        " sk-abc-123\r\n",
        '"sk-abc-123"',
        "'sk-abc-123'",
        "“sk-abc-123”",
        "`sk-abc-123`",
        "Bearer sk-abc-123",
        "bearer  sk-abc-123",
        '"Bearer sk-abc-123"',
        "Authorization: Bearer sk-abc-123",
        "x-api-key: sk-abc-123",
        "OPENAI_API_KEY=sk-abc-123",
        'export OPENAI_API_KEY="sk-abc-123"',
        "\ufeffsk-abc-123",
        "sk-abc-123;",
    ],
)
def test_what_is_copied_along_with_a_key_is_taken_off(pasted):
    assert clean_key(pasted, "openai", "the test") == "sk-abc-123"


@pytest.mark.parametrize(
    "key", ["a=b", "abc=", "key==", "Bearer", "Basic-abc", "id.secret", "user:pass", "x/y+z="]
)
def test_a_key_stays_as_it_is(key):
    assert clean_key(key, "openai", "the test") == key


@pytest.mark.parametrize("pasted", ["sk-abc 123", "my key is sk-abc", "schlüssel"])
def test_what_cannot_be_a_key_is_refused(pasted):
    with pytest.raises(NotConfigured):
        clean_key(pasted, "openai", "the test")
