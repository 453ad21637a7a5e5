"""A window's life: it begins, works, and ends as the specification says."""

from __future__ import annotations

from pathlib import Path

import pytest
from window import RequestFailed, Window

from halley.simulator import Simulator
from halley.simulator.http import json_response
from halley.simulator.routes import GETS


async def test_initialize_says_what_there_is(daemon) -> None:
    window: Window = await daemon()
    said = window.client.raw["test-0-initialize"]["result"]
    assert said["serverInfo"]["name"] == "halley"
    assert said["capabilities"]["experimental"]["halley"]["protocol"] == 1
    assert "halley.run" in said["capabilities"]["executeCommandProvider"]["commands"]


async def test_shutdown_and_exit_end_with_zero(window: Window) -> None:
    assert await window.close() == 0


async def test_a_method_there_is_none_of_is_an_error_and_the_daemon_stays_up(window: Window) -> None:
    with pytest.raises(RequestFailed) as caught:
        await window.request("halley/noSuchThing", {})
    assert caught.value.code == -32601
    assert await window.close() == 0


async def test_a_local_server_is_looked_for_before_the_first_status(
    daemon, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nothing configured: a warning that no model is there would stand until the next request."""
    config.unlink()
    for path, answer in {"/api/version": {"version": "0.12.0"}, "/api/tags": {"models": []}}.items():
        monkeypatch.setitem(GETS, path, lambda _app, _call, answer=answer: json_response(answer))
    async with Simulator(any_key=True) as ollama:
        window: Window = await daemon(env={"OLLAMA_HOST": ollama.origin})
        await window.until(lambda: any(method == "halley/status" for method, _ in window.heard))
    said = [params for method, params in window.heard if method == "halley/status"]
    assert said[0]["message"].startswith("ollama/"), said
