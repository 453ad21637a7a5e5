"""A key of its own through every inlet, and hosts that say it back in every form: it is found at its own host only."""

from __future__ import annotations

import base64
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import quote

import pytest
from window import CAPABILITIES, Json, RequestFailed, Window

from halley.simulator import Simulator

INLETS = ("env", "file", "command", "stored", "client")
KEYS = {inlet: f"sk-sim-canary/{inlet}+7f3a9c" for inlet in INLETS}


def forms(key: str) -> dict[str, bytes]:
    """A key as it may hide: as it is, in base64 at any offset, URL-encoded, in hexadecimal."""
    encoded = {
        f"base64 at {offset}": base64.b64encode(b"x" * offset + key.encode())[4:-4] for offset in range(3)
    }
    return {
        "plain": key.encode(),
        "URL-encoded": quote(key, safe="").encode(),
        "hex": key.encode().hex().encode(),
        **encoded,
    }


class KeyKeeper(Window):
    """An editor that keeps a key."""

    async def _halley_secrets_get(self, params: Json) -> Json:
        return {"key": KEYS["client"] if params["provider"] == "client" else None}


def found_in(data: bytes, where: str) -> list[str]:
    return [
        f"{inlet} ({form}) in {where}"
        for inlet, key in KEYS.items()
        for form, hidden in forms(key).items()
        if hidden in data
    ]


@pytest.fixture
def config(halley_home: Path, tmp_path: Path) -> Path:
    (tmp_path / "key.txt").write_text(KEYS["file"])
    (tmp_path / "print_key.py").write_text(f"print({KEYS['command']!r})")
    return halley_home / "config.toml"


async def test_every_inlet_every_sink(
    daemon, config: Path, halley_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = {
        "env": '{ env = "CANARY_ENV" }',
        "file": f'{{ file = "{tmp_path / "key.txt"}" }}',
        "command": f'{{ command = ["{sys.executable}", "{tmp_path / "print_key.py"}"] }}',
        "stored": "{ keyring = true }",
        "client": "{ client = true }",
    }
    async with AsyncExitStack() as stack:
        hosts = {inlet: await stack.enter_async_context(Simulator()) for inlet in INLETS}
        config.write_text(
            '[log]\nlevel = "debug"\n'
            + "".join(
                f'[providers.{inlet}]\npreset = "simulator"\nbase_url = "{host.base_url}"\nkey = {sources[inlet]}\n'
                for inlet, host in hosts.items()
            )
            + '[roles]\nchat = ["env/sim-chat"]\n'
        )
        monkeypatch.setitem(daemon.__globals__, "Window", KeyKeeper)
        experimental = {"experimental": {"halley": {"chat": True, "secrets": True}}}
        window: Window = await daemon(
            env={"CANARY_ENV": KEYS["env"]}, capabilities=CAPABILITIES | experimental
        )
        await window.request(
            "halley/secrets/set", {"provider": "stored", "key": KEYS["stored"], "store": "session"}
        )
        for inlet, host in hosts.items():
            await window.chat("Hello", models=[f"{inlet}/sim-chat"])
            assert host.requests[-1].key == KEYS[inlet], "it is where it belongs"
            echo = b" ".join(forms(KEYS[inlet]).values()).decode()
            host.script(status=401, body={"error": {"message": f"Incorrect API key: {echo}"}}, repeat=-1)
            with pytest.raises(RequestFailed, match="auth_failed"):
                await window.chat("And now?", models=[f"{inlet}/sim-chat"])
            await window.request("halley/providers/verify", {"provider": inlet})
        for method in ("halley/doctor", "halley/providers/list", "halley/models/list"):
            await window.request(method, {})
        said = str(window.client.raw) + str([h for h in window.heard if h[0] != "halley/secrets/get"])
        await window.close()

    leaks = found_in(said.encode(), "messages to the editor")
    for path in halley_home.rglob("*"):
        if path.is_file():
            leaks += found_in(path.read_bytes(), path.name)
    for inlet, host in hosts.items():
        for request in host.requests:
            everything = f"{request.path} {request.headers} {request.body}".encode()
            leaks += [leak for leak in found_in(everything, f"{inlet}'s host") if not leak.startswith(inlet)]
    assert not leaks
