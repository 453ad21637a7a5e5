"""Hosts that others wrote, each in a process of its own. What is not available on this machine is skipped, with the reason."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from halley.core.settings import ProviderSettings
from halley.providers.http.client import Http
from halley.providers.presets import resolve_endpoint
from halley.providers.wires.table import build_provider
from hosts.home import CannotHave, python_with_hosts

START_S = 90.0


@pytest.fixture(scope="session")
def hosts_python() -> Path:
    """An interpreter with llama.cpp's server and a mock of many makers."""
    try:
        return python_with_hosts()
    except CannotHave as error:
        pytest.skip(f"LLAMA.CPP AND LLMOCK ARE NOT TESTED: {error}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command: list[str], ready: str, start_s: float = START_S) -> Iterator[str]:
    """A server, from the line of its output that matches `ready` until it is ended; its first group.

    One that ends by itself fails the test that used it last, with its status and its last lines.
    """
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environ |= {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "PYTHONUNBUFFERED": "1",
    }  # it would fetch its price list
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environ,
    )
    guard = threading.Timer(start_s, process.kill)
    guard.start()
    said: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if found := re.search(ready, line):
                break
        else:
            pytest.fail(f"{command[1]} did not start:\n{''.join(said[-20:])}")
        guard.cancel()
        reading = threading.Thread(target=said.extend, args=(process.stdout,), daemon=True)
        reading.start()  # so that its pipe never fills
        yield found[1]
        if process.poll() is not None:
            reading.join()
            pytest.fail(f"{command[1]} died with status {process.returncode}:\n{''.join(said[-40:])}")
    finally:
        guard.cancel()
        process.kill()
        process.wait()


SERVE = str(Path(__file__).parent / "serve_llamacpp.py")


@pytest.fixture(scope="session")
def llamacpp(hosts_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """llama.cpp's server with a tiny random model whose template refuses much; its origin."""
    model = tmp_path_factory.mktemp("model") / "tiny.gguf"
    with running([str(hosts_python), SERVE, f"tiny:{model}", str(free_port())], r"^at (http\S+)") as origin:
        yield origin


@pytest.fixture(scope="session")
def llamacpp_embeddings(hosts_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    model = tmp_path_factory.mktemp("model") / "tiny.gguf"
    command = [str(hosts_python), SERVE, f"tiny:{model}", str(free_port()), "embed"]
    with running(command, r"^at (http\S+)") as origin:
        yield origin


@pytest.fixture
def llmock(hosts_python: Path) -> Callable[..., Any]:
    """`with llmock("--error-rate", "429=1") as origin`."""

    def start(*options: str) -> Any:
        program = str(hosts_python.parent / "llmock")
        command = [program, "serve", "--port", str(free_port()), *options]
        return running(command, r"Uvicorn running on (http\S+)")

    return start


@pytest.fixture
async def host_of() -> AsyncIterator[Callable[..., Any]]:
    """`host_of(base_url, preset, **settings)` is a provider there."""
    http = Http({})

    async def get_key() -> str:
        return "sk-nothing-secret"

    def make(base_url: str, preset: str = "openai", **settings: Any) -> Any:
        values = {"base_url": base_url, "preset": preset, **settings}
        return build_provider(resolve_endpoint("host", ProviderSettings(**values), {}), http, get_key)

    yield make
    await http.aclose()
