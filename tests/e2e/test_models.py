"""Which model answers: listed, chosen, kept across restarts, and never leaked from one window into another."""

from __future__ import annotations

from pathlib import Path

import pytest
from window import RequestFailed, Window

from halley.simulator import Simulator


async def select(window: Window, scope: str, model: str = "simulator/sim-fast") -> None:
    await window.request("halley/models/select", {"role": "chat", "route": [model], "scope": scope})


async def chosen(window: Window) -> tuple[list[str], str]:
    role = (await window.request("halley/models/selection", {}))["roles"]["chat"]
    return role["route"], role["scope"]


async def answered_by(window: Window) -> str:
    result, _ = await window.chat("Who are you?")
    return result["replies"][0]["model"]


async def test_the_catalogue_is_the_providers(window: Window, simulator: Simulator) -> None:
    await window.request("halley/models/list", {"refresh": True})
    listed = await window.request("halley/models/list", {"role": "chat"})
    found = {model["id"]: model for model in listed["models"]}
    assert "simulator/sim-chat" in found
    assert found["simulator/sim-chat"]["context"] == 128_000


async def test_favourites_and_recent_ones_come_first_and_say_so(daemon) -> None:
    window: Window = await daemon()

    async def listed() -> list[tuple[str, bool, bool]]:
        found = (await window.request("halley/models/list", {"role": "chat"}))["models"]
        return [(model["name"], model.get("favourite", False), model.get("recent", False)) for model in found]

    plain = [name for name, *_ in await listed()]
    await select(window, "session", "simulator/sim-fast")
    marked = await window.request("halley/models/favourite", {"model": "simulator/sim-reason"})
    assert marked == {"favourites": ["simulator/sim-reason"]}
    await window.until(lambda: ("halley/changed", {"what": "models"}) in window.heard)
    first, second, *rest = await listed()
    assert (first, second) == (("sim-reason", True, False), ("sim-fast", False, True))
    assert [name for name, *_ in rest] == [name for name in plain if name not in ("sim-reason", "sim-fast")]

    again: Window = await daemon()  # another daemon, another day
    await again.command("halley.models.favourite", {"model": "simulator/sim-reason", "favourite": False})
    assert (await listed())[0] == ("sim-fast", False, True)


async def test_a_model_that_is_not_there_is_no_favourite(window: Window) -> None:
    await window.request("halley/models/list", {"refresh": True})
    with pytest.raises(RequestFailed, match="model_not_found") as told:
        await window.request("halley/models/favourite", {"model": "simulator/sim-raeson"})
    assert "simulator/sim-reason" in told.value.problem["help"]


async def test_a_choice_for_the_workspace_outlives_the_daemon(daemon, tmp_path: Path) -> None:
    first: Window = await daemon()
    assert (await chosen(first))[0] == ["simulator/sim-chat"]
    await select(first, "workspace")
    assert await chosen(first) == (["simulator/sim-fast"], "workspace")
    assert await answered_by(first) == "simulator/sim-fast"
    await first.close()

    again: Window = await daemon()
    assert await chosen(again) == (["simulator/sim-fast"], "workspace")
    assert await answered_by(again) == "simulator/sim-fast"

    other = tmp_path / "other"
    other.mkdir()
    elsewhere: Window = await daemon(folder=other)
    assert (await chosen(elsewhere))[0] == ["simulator/sim-chat"]


async def test_a_choice_for_the_session_ends_with_it(daemon) -> None:
    first: Window = await daemon()
    await select(first, "session")
    assert await chosen(first) == (["simulator/sim-fast"], "session")
    assert await answered_by(first) == "simulator/sim-fast"
    await first.close()
    again: Window = await daemon()
    assert (await chosen(again))[0] == ["simulator/sim-chat"]


async def test_a_choice_for_the_user_holds_everywhere(daemon, tmp_path: Path) -> None:
    first: Window = await daemon()
    await select(first, "user")
    await first.close()
    other = tmp_path / "other"
    other.mkdir()
    elsewhere: Window = await daemon(folder=other)
    assert (await chosen(elsewhere))[0] == ["simulator/sim-fast"]


async def test_two_windows_in_one_process_keep_their_choices_apart(shared_daemon, workspace: Path) -> None:
    one, two = await shared_daemon(workspace, workspace)
    await select(one, "session", "simulator/sim-fast")
    assert await chosen(one) == (["simulator/sim-fast"], "session")
    assert (await chosen(two))[0] == ["simulator/sim-chat"]
    assert await answered_by(one) == "simulator/sim-fast"
    assert await answered_by(two) == "simulator/sim-chat"


async def test_two_windows_in_one_process_keep_their_texts_and_answers_apart(
    shared_daemon, workspace: Path, simulator: Simulator
) -> None:
    """The same file open in both, with other unsaved text in each."""
    one, two = await shared_daemon(workspace, workspace)
    (workspace / "same.py").write_text("x = 1\n")
    first, second = await one.open("same.py"), await two.open("same.py")
    await one.type(first, 0, "# only in the first\n")
    for window, buffer in ((one, first), (two, second)):
        action = await window.action(buffer, buffer.range("x = 1"), "halley.explain")
        await window.run(action)
    asked = [seen.body.decode() for seen in simulator.requests if seen.path.startswith("/v1/chat")]
    assert "only in the first" in asked[0]
    assert "only in the first" not in asked[1]
    assert len(one.shown) == len(two.shown) == 1
    assert one.shown[0]["uri"] != two.shown[0]["uri"]


async def test_one_window_closing_leaves_the_other(shared_daemon, workspace: Path) -> None:
    one, two = await shared_daemon(workspace, workspace)
    await one.close()
    assert await answered_by(two) == "simulator/sim-chat"


async def test_the_editors_settings_win_over_the_file(daemon) -> None:
    window: Window = await daemon(settings={"roles": {"chat": ["simulator/sim-fast"]}})
    assert (await chosen(window))[0] == ["simulator/sim-fast"]
    assert await answered_by(window) == "simulator/sim-fast"
