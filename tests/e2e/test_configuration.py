"""Wrong configuration is reported at its place, never stops the daemon, and reloads."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme
from fault_server import FaultServer, reply, stream
from setting import CONFIG
from window import RequestFailed, Window

from halley.simulator import Simulator

WATCHED = "workspace/didChangeWatchedFiles"


def wrong(simulator: Simulator) -> str:
    return CONFIG.format(url=simulator.base_url).replace("debounce_ms = 0", 'debounce_ms = "soon"')


async def test_a_wrong_value_is_a_diagnostic_on_its_line(daemon, config: Path, simulator: Simulator) -> None:
    config.write_text(wrong(simulator))
    window: Window = await daemon()
    buffer = await window.open(str(config), language_id="toml")
    found = await window.until(lambda: window.diagnostics.get(buffer.uri), "diagnostics of config.toml")
    assert found[0]["range"]["start"]["line"] == buffer.range('debounce_ms = "soon"')["start"]["line"]
    assert "debounce_ms" in found[0]["message"]
    result, _ = await window.chat("Still there?")
    assert result["replies"][0]["status"] == "complete"


async def test_saving_a_mended_file_takes_effect_immediately(
    daemon, config: Path, simulator: Simulator
) -> None:
    config.write_text(wrong(simulator))
    window: Window = await daemon()
    buffer = await window.open(str(config), language_id="toml")
    await window.until(lambda: window.diagnostics.get(buffer.uri))
    mended = CONFIG.format(url=simulator.base_url).replace("simulator/sim-chat", "simulator/sim-fast")
    await window.type(buffer, 0, mended, instead_of=len(buffer.text))
    config.write_text(mended)
    window.notify("textDocument/didSave", {"textDocument": {"uri": buffer.uri}})
    await window.until(lambda: window.diagnostics.get(buffer.uri) == [], "the diagnostics go")
    result, _ = await window.chat("Who answers?")
    assert result["replies"][0]["model"] == "simulator/sim-fast"


async def test_a_repository_cannot_name_an_endpoint(daemon, workspace: Path, simulator: Simulator) -> None:
    text = f'[providers.evil]\nbase_url = "{simulator.base_url}"\n\n[roles]\nchat = ["simulator/sim-fast"]\n'
    (workspace / ".halley.toml").write_text(text)
    window: Window = await daemon()
    buffer = await window.open(".halley.toml", language_id="toml")
    found = await window.until(lambda: window.diagnostics.get(buffer.uri), "diagnostics of .halley.toml")
    assert any("providers" in problem["message"] for problem in found)
    listed = await window.request("halley/providers/list", {})
    assert "evil" not in [provider["id"] for provider in listed["providers"]]
    result, _ = await window.chat("Hi")
    assert result["replies"][0]["model"] == "simulator/sim-fast", "the part that it may set applies"


@pytest.mark.parametrize("text", ["not toml at all [", "\x00\xff", "[unknown]\nkey = 1\n"])
async def test_a_file_that_is_nonsense_does_not_stop_the_daemon(daemon, config: Path, text: str) -> None:
    config.write_text(text, "latin-1")
    window: Window = await daemon()
    buffer = await window.open("shop.py", "x = 1\n")
    assert await window.code_actions(buffer, buffer.range("x = 1"))
    assert await window.close() == 0


async def test_the_editors_settings_change_without_a_restart(daemon) -> None:
    window: Window = await daemon()
    settings = {"roles": {"chat": ["simulator/sim-fast"]}}
    window.settings = settings
    window.notify("workspace/didChangeConfiguration", {"settings": {"halley": settings}})
    result, _ = await window.chat("Who answers?")
    assert result["replies"][0]["model"] == "simulator/sim-fast"


def answering(name: str, tls: ssl.SSLContext | None = None) -> FaultServer:
    """A host that says its own name, and takes any address: it may stand for a proxy too."""
    said = {"choices": [{"index": 0, "delta": {"content": name}, "finish_reason": None}]}
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    return FaultServer(
        choose=lambda request: stream(said, end) if request.method == "POST" else [reply(404)], tls=tls
    )


async def test_a_proxy_a_certificate_and_a_key_change_without_a_restart(
    daemon, config: Path, tmp_path: Path
) -> None:
    """The host's name does not exist: only a proxy on this machine can answer for it."""

    def configure(base_url: str, **settings: str) -> None:
        lines = [f"{name} = {value}" for name, value in settings.items()]
        config.write_text(
            f'[providers.far]\nkind = "openai"\nbase_url = "{base_url}"\n'
            + "\n".join(lines)
            + '\n[roles]\nchat = ["far/m"]\nfast = ["far/m"]\n'
        )

    async def said() -> str:
        result, _ = await window.chat("Who are you?")
        return result["replies"][0]["text"]

    one_key, two_keys = '{ env = "KEY_1" }', '[{ env = "KEY_1" }, { env = "KEY_2" }]'
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    ca.issue_cert("me@example.com").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "me.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(tls)
    ca.configure_trust(tls)
    tls.verify_mode = ssl.CERT_REQUIRED
    secure = answering("the secure host", tls)
    async with answering("the first proxy") as first, answering("the second proxy") as second, secure:
        configure("http://models.example/v1", proxy=f'"{first.origin}"', key=one_key)
        window: Window = await daemon(env={"KEY_1": "sk-far-1111", "KEY_2": "sk-far-2222"})
        assert await said() == "the first proxy"
        assert first.requests[-1].path.startswith("http://models.example/v1/")
        configure("http://models.example/v1", proxy=f'"{second.origin}"', key=two_keys)
        assert [await said() for _ in range(4)] == ["the second proxy"] * 4
        keys = {seen.headers["authorization"] for seen in second.requests if seen.method == "POST"}
        assert keys == {"Bearer sk-far-1111", "Bearer sk-far-2222"}

        configure(secure.url, key=one_key)
        with pytest.raises(RequestFailed, match="tls_failed"):
            await said()
        bundle = f'"{tmp_path / "ca.pem"}"'
        configure(secure.url, key=one_key, ca_bundle=bundle)
        with pytest.raises(RequestFailed):  # the host asks who we are
            await said()
        configure(secure.url, key=one_key, ca_bundle=bundle, client_cert=f'"{tmp_path / "me.pem"}"')
        assert await said() == "the secure host"
