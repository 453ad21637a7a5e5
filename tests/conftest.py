"""What every test stands on: a home of its own, no keys, no network, and a simulator when it asks for one.

Fixtures for daemons and editor windows are in `e2e/windows.py`, those for real editors in `editors/conftest.py`.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import network_guard
import pytest

pytest_plugins = ["casefile", "tries"]

hypothesis.settings.register_profile("halley", deadline=None)  # a busy machine is not a failure
hypothesis.settings.load_profile("halley")

SCRUBBED = re.compile(
    r"(?i)^(.*_(api_)?key|.*_api_token|.*_auth_token|.*_base_url|.*_api_base|(https?|all|no|ftp)_proxy"
    r"|halley_.*|ollama_host|ssl_cert_(file|dir)|requests_ca_bundle)$"
)
"""Variables that would make a test depend on whose machine it runs."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the golden parts of tests/cases")


def pytest_configure() -> None:
    network_guard.forbid()


@pytest.fixture(autouse=True)
def halley_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """HALLEY_HOME: a folder of the test's own, nothing inherited. Fails the test if a process tried to leave."""
    for name in [name for name in os.environ if SCRUBBED.match(name)]:
        monkeypatch.delenv(name)
    home, leaks = tmp_path / "halley-home", tmp_path / "left-the-machine.txt"
    home.mkdir()
    monkeypatch.setenv("HALLEY_HOME", str(home))
    monkeypatch.setenv("HALLEY_TEST_LEAKS", str(leaks))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    yield home
    if leaks.exists():
        pytest.fail(f"tried to leave the machine:\n{leaks.read_text()}")


@pytest.fixture
async def simulator() -> AsyncIterator[object]:
    """A `halley.simulator.Simulator` in this process, fast, on a port of its own."""
    from halley.simulator import Simulator

    async with Simulator() as running:
        yield running
