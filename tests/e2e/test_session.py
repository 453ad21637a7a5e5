"""A window's life: it begins, works, and ends as the specification says."""

from __future__ import annotations

import pytest
from window import RequestFailed, Window


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
