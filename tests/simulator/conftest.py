"""The simulator in the test's own loop, and the official SDKs pointed at it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from halley.simulator import KEY, Simulator


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator() as simulator:
        yield simulator


@pytest.fixture
async def openai_client(sim: Simulator) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=sim.base_url, api_key=KEY, max_retries=0, timeout=90) as client:
        yield client


@pytest.fixture
async def anthropic_client(sim: Simulator) -> AsyncIterator[AsyncAnthropic]:
    async with AsyncAnthropic(base_url=sim.origin, api_key=KEY, max_retries=0, timeout=90) as client:
        yield client


@pytest.fixture
def simulator_process() -> Iterator[str]:
    """`halley simulator` as a user starts it; its base URL."""
    command = [sys.executable, "-c", "from halley.cli.simulator import simulator; simulator()", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        assert process.wait(90) == 0
        process.stdout.close()
