"""The guard guards: nothing leaves the machine, from this process or from one that it starts."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import network_guard
import pytest
from network_guard import USUAL_PORTS, is_loopback

from halley.providers.presets import PRESETS, load_preset

GUARD = Path(__file__).parents[1] / "guard"
TRY = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=5)"


@pytest.fixture
def expected(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the tries of this test are written down, so that they do not fail it."""
    monkeypatch.setenv("HALLEY_TEST_LEAKS", str(tmp_path / "expected.txt"))
    return tmp_path / "expected.txt"


def test_an_address_outside_is_refused(expected: Path) -> None:
    with pytest.raises(ConnectionRefusedError, match="stay on this machine"):
        socket.create_connection(("192.0.2.1", 80), timeout=5)
    assert "192.0.2.1:80" in expected.read_text()


def test_a_name_outside_does_not_resolve(expected: Path) -> None:
    with pytest.raises(socket.gaierror, match="stay on this machine"):
        socket.getaddrinfo("example.org", 443)


def test_a_child_process_is_held_back_too(expected: Path) -> None:
    env = os.environ | {"PYTHONPATH": str(GUARD)}
    done = subprocess.run([sys.executable, "-c", TRY], env=env, capture_output=True, text=True, check=False)
    assert "stay on this machine" in done.stderr
    assert "192.0.2.1:80" in expected.read_text()


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=5).close()


def test_servers_of_this_machine_are_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = {preset.port for name in PRESETS if (preset := load_preset(name)) and preset.port}
    assert ports == USUAL_PORTS
    with pytest.raises(ConnectionRefusedError, match="no local server on port 11434"):
        socket.create_connection(("127.0.0.1", 11434), timeout=5)
    monkeypatch.setenv("HALLEY_TEST_USUAL_PORTS", "1234,11434")
    with socket.socket() as opened:  # whether a server is there or not
        assert opened.connect_ex(("127.0.0.1", 11535)) == errno.ECONNREFUSED
    assert not network_guard._is_shut(11434)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", None, b"localhost", "0.0.0.0"]
)
def test_this_machine(host: object) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "192.168.1.1", "example.org", "localhost.example.org", "fe80::1%eth0"]
)
def test_not_this_machine(host: object) -> None:
    assert not is_loopback(host)


def test_no_keys_or_proxies_are_inherited() -> None:
    found = [name for name in os.environ if name.endswith("_API_KEY") or name.lower().endswith("_proxy")]
    assert not found
    assert "halley-home" in os.environ["HALLEY_HOME"]
