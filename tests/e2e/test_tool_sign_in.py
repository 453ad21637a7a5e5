"""Signing in to a server of tools from an editor: offered once, opened in the browser, taken back in a chat."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from demo_tools import servers
from lspclient import RequestFailed
from sign_in_host import Office, Tools, visit
from window import CAPABILITIES, Json, Window

ASKABLE = CAPABILITIES | {"experimental": {"halley": {"chat": True, "questions": True}}}


@pytest.fixture
def office(config: Path) -> Iterator[Office]:
    """An authorization server, with a configured server of tools behind it."""
    office = Office()
    tools = Tools(office)
    with office.running(), tools.running(), config.open("a") as file:
        file.write(f'\n[tools.servers.vault]\nurl = "{tools.url}/mcp"\nstart_timeout_s = 60\n')
        file.flush()
        yield office


def use_browser(window: Window, *titles: str) -> tuple[list[str], list[asyncio.Task[Any]]]:
    """Answers message boxes by the first of `titles` that they offer, and follows pages; (questions, visits)."""
    asked: list[str] = []
    visits: list[asyncio.Task[Any]] = []

    async def box(params: Json) -> Json | None:
        asked.append(params["message"])
        offered = [action["title"] for action in params["actions"]]
        return next(({"title": title} for title in titles if title in offered), None)

    async def show(params: Json) -> Json:
        assert params["external"] is True
        visits.append(asyncio.create_task(asyncio.to_thread(visit, params["uri"])))
        return {"success": True}

    window._window_showMessageRequest = box  # type: ignore[attr-defined]
    window._window_showDocument = show  # type: ignore[method-assign]
    return asked, visits


async def test_a_sign_in_is_offered_once_and_the_tools_are_there(daemon: Any, office: Office) -> None:
    window = await daemon(capabilities=ASKABLE)
    asked, visits = use_browser(window, "Sign in", "Yes")
    listed = await servers(window, "ready", "vault")
    assert [tool["name"] for tool in listed["vault"]["tools"]] == ["open_vault"]
    assert len(asked) == 2 and "vault wants you to sign in" in asked[0]
    assert office.url.removeprefix("http://") in asked[1]
    assert [(await one)[0] for one in visits] == [200]

    result, _ = await window.chat("/tools vault signout")
    assert "You are signed out of vault." in json.dumps(result)
    await servers(window, "failed", "vault")
    assert len(asked) == 2, "a user who has just signed out is not asked"
    result, _ = await window.chat("/tools vault signin")
    assert "You are signed in to vault: 1 tools." in json.dumps(result)
    assert len(visits) == 2


async def test_no_one_is_signed_in_unasked(daemon: Any, office: Office) -> None:
    """A client that may not be asked at any time reads how; a no, a cancelled request and nonsense are ends."""
    window = await daemon()
    asked, visits = use_browser(window)
    listed = await servers(window, "failed", "vault")
    assert "halley tools signin vault" in listed["vault"]["problem"] and not asked
    with pytest.raises(RequestFailed, match="You did not sign in"):
        await window.request("halley/tools/signIn", {"server": "vault"})
    assert len(asked) == 1 and not visits and not office.access
    with pytest.raises(RequestFailed, match="There is no tool server"):
        await window.request("halley/tools/signIn", {"server": "nowhere"})

    opened = asyncio.Event()

    async def show(params: Json) -> Json:
        opened.set()
        return {"success": True}

    use_browser(window, "Yes")
    window._window_showDocument = show  # type: ignore[method-assign]
    waiting = window.start("halley/tools/signIn", {"server": "vault"})
    await opened.wait()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    _, visits = use_browser(window, "Yes")
    signed = await window.command("halley.tools.signIn", {"server": "vault"})
    assert "signed in" in signed["text"] and len(visits) == 1
