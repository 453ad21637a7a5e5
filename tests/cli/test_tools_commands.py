"""Tools from the command line: which there are, switching them, asking with them, and Halley as a server of tools."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

GUARD = Path(__file__).parents[1] / "guard"
SERVER = Path(__file__).parents[1] / "e2e/mcp_server.py"


@pytest.fixture
def tooled(halley, tmp_path: Path):
    """`halley` with one server of the user's own beside the built-in tools."""
    config = halley.home / "config.toml"
    command, arguments = json.dumps(sys.executable), json.dumps([str(SERVER), str(tmp_path / "calls.jsonl")])
    config.write_text(
        config.read_text() + f"\n[tools.servers.demo]\ncommand = {command}\nargs = {arguments}\n"
    )
    (halley.folder / "geo.py").write_text("def area(width, height):\n    return width * height\n")
    return halley


def test_tools_are_listed_and_switched(tooled):
    ran = tooled("tools", "list")
    assert ran.code == 0
    assert "read_file" in ran.out and "write_note" in ran.out
    assert tooled("tools", "off", "demo").code == 0
    assert "write_note" not in tooled("tools").out
    assert tooled("tools", "on", "demo").code == 0
    assert "write_note" in tooled("tools").out
    assert tooled("tools", "off", "nowhere").code == 1
    assert tooled("tools", "forget").code == 0


def test_the_doctor_tries_the_servers(tooled):
    assert tooled("doctor").code == 0
    config = tooled.home / "config.toml"
    config.write_text(config.read_text().replace("mcp_server.py", "gone.py"))
    ran = tooled("doctor")
    assert ran.code == 1
    assert "The tool server demo does not work" in ran.out and "halley tools off demo" in ran.out
    assert tooled("tools", "off", "demo").code == 0
    assert tooled("doctor").code == 0


def test_asking_with_tools_reads_without_asking_and_writes_nothing_unasked(tooled, tmp_path):
    ran = tooled.spawn("ask", "--tools", "Read the file geo.py and tell me what is in it")
    assert ran.code == 0 and "width * height" in ran.out
    ran = tooled.spawn("ask", "Read the file geo.py and tell me what is in it")
    assert "width * height" not in ran.out
    assert not (tmp_path / "calls.jsonl").exists()
    assert tooled("tools", "off").code == 0
    ran = tooled.spawn("ask", "--tools", "Read the file geo.py and tell me what is in it")
    assert ran.code == 0 and "width * height" not in ran.out and "No tools are on" in ran.err


async def test_another_program_reads_the_workspace_through_halley(tooled):
    from mcp.client.stdio import StdioServerParameters, stdio_client

    from mcp import ClientSession

    (tooled.folder / ".env").write_text("TOKEN=hidden\n")
    environment = {**os.environ, "PYTHONPATH": str(GUARD), **tooled.environ}
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "halley", "mcp"], env=environment, cwd=str(tooled.folder)
    )
    async with (
        stdio_client(server, errlog=sys.__stderr__) as (read, write),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        names = {tool.name for tool in (await session.list_tools()).tools}
        assert {"read_file", "search_workspace", "diagnostics"} <= names and "run_macro" not in names
        shown = await session.call_tool("read_file", {"path": "geo.py"})
        assert "width * height" in shown.content[0].text
        secret = await session.call_tool("read_file", {"path": ".env"})
        assert "hidden" not in str(secret)
        async with asyncio.timeout(60):  # the first search begins the index; files are read until it is whole
            while "geo.py:1: def area" in (said := await _searched(session, "area width")):
                pass
        assert said == "geo.py:1-2  area\n  1: def area(width, height):\n  2: return width * height"


async def _searched(session, query):
    return (await session.call_tool("search_workspace", {"query": query})).content[0].text


def test_signing_in_and_out_on_the_command_line(halley, monkeypatch):
    """The page is printed; without a terminal there is no agreement to a page of another host."""
    import threading

    from sign_in_host import Office, Tools, visit

    from halley.cli import tools as commands

    office = Office()
    tools = Tools(office)
    with office.running(), tools.running():
        halley.configure(f'[tools.servers.vault]\nurl = "{tools.url}/mcp"\nstart_timeout_s = 60\n')
        ran = halley.spawn("tools", "list")
        assert ran.code == 1 and "halley tools signin vault" in ran.err
        ran = halley("tools", "signin", "vault")
        assert (
            ran.code == 1
            and "It needs your answer, which is not possible here: no." in ran.err
            and not office.access
        )
        printed = commands.terminal_page

        async def agree(_question: str) -> bool:
            return True

        async def follow(address: str) -> None:
            await printed(address)
            threading.Thread(target=visit, args=(address,)).start()

        with monkeypatch.context() as patched:
            patched.setattr(commands, "terminal_agree", agree)
            patched.setattr(commands, "terminal_page", follow)
            ran = halley("tools", "signin", "vault")
        assert ran.code == 0 and f"{office.url}/authorize?" in ran.err, ran
        assert "You are signed in to vault: 1 tools." in ran.err
        ran = halley.spawn("tools", "list")
        assert ran.code == 0 and "open_vault" in ran.out
        assert "signed out" in halley("tools", "signout", "vault").err
        assert "were not signed in" in halley("tools", "signout", "vault").err
        assert halley("tools", "signin", "nowhere").code == 1
