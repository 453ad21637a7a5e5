"""`halley acp` as a process, with the SDK's own client on the other side; killed, and asked again."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from acp.schema import AllowedOutcome, ClientCapabilities, RequestPermissionResponse
from demo_tools import call, script
from setting import guarded

import acp
from halley.simulator import Simulator


class Client(acp.Client):
    """Says yes once, and keeps what it is shown."""

    def __init__(self) -> None:
        self.updates: list[Any] = []
        self.came = asyncio.Event()

    async def request_permission(self, **_asked: Any) -> RequestPermissionResponse:
        return RequestPermissionResponse(outcome=AllowedOutcome(option_id="once", outcome="selected"))

    async def session_update(self, update: Any, **_rest: Any) -> None:
        self.updates.append(update)
        self.came.set()

    @property
    def text(self) -> str:
        kinds = [u for u in self.updates if u.session_update == "agent_message_chunk"]
        return "".join(getattr(u.content, "text", "") for u in kinds)


@asynccontextmanager
async def agent(folder: Path) -> AsyncIterator[tuple[Any, Client, asyncio.subprocess.Process]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "halley", "acp", cwd=folder, env=os.environ | guarded(),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    client = Client()
    connection = acp.connect_to_agent(client, process.stdin, process.stdout)
    try:
        await connection.initialize(protocol_version=1, client_capabilities=ClientCapabilities())
        yield connection, client, process
    finally:
        await connection.close()
        if process.returncode is None:
            assert process.stdin is not None
            process.stdin.close()
        await asyncio.wait_for(process.wait(), 90)


async def test_the_sdks_client_edits_a_file_kills_and_loads(
    simulator: Simulator, config: Path, workspace: Path
) -> None:
    (workspace / "a.py").write_text("one = 1\n")
    async with agent(workspace) as (connection, client, process):
        session = (await connection.new_session(cwd=str(workspace), mcp_servers=[])).session_id
        await connection.set_session_mode(session_id=session, mode_id="edit")
        script(simulator, tool_calls=[call("edit_file", path="a.py", old_text="one = 1", new_text="one = 2")])
        script(simulator, "Done.")
        answer = await connection.prompt(session_id=session, prompt=[acp.text_block("Change it")])
        assert answer.stop_reason == "end_turn" and client.text == "Done."
        assert (workspace / "a.py").read_text() == "one = 2\n"
        script(simulator, "half of it " * 200, tokens_per_s=100)
        asked = asyncio.ensure_future(
            connection.prompt(session_id=session, prompt=[acp.text_block("And more")])
        )
        while "half" not in client.text:
            client.came.clear()
            await client.came.wait()
        process.kill()
        await asyncio.gather(asked, return_exceptions=True)
        await process.wait()
    async with agent(workspace) as (connection, client, process):
        await connection.load_session(cwd=str(workspace), session_id=session, mcp_servers=[])
        assert "Done." in client.text and [u for u in client.updates if u.session_update == "tool_call"]
        script(simulator, "Still here.")
        answer = await connection.prompt(session_id=session, prompt=[acp.text_block("Are you there?")])
        assert answer.stop_reason == "end_turn" and client.text.endswith("Still here.")
    assert process.returncode == 0


async def test_nothing_but_the_protocol_on_stdout(
    simulator: Simulator, config: Path, workspace: Path
) -> None:
    """Also where a library prints, and where the editor goes away in the middle of a line."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import sys; sys.argv[1:] = ['acp']; from halley.cli import main; main()",
        cwd=workspace, env=os.environ | guarded(), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate(
        b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":1}}\n{"jsonrpc'
    )
    assert process.returncode == 0
    assert [line[:16] for line in out.splitlines()] == [b'{"jsonrpc":"2.0"'] * 2


async def test_the_first_answer_waits_for_nothing_heavy() -> None:
    """What `initialize` is answered with loads neither models of data nor features."""
    seen = (
        "import sys, halley.cli.agents.serving, halley.acp.server, halley.lsp.logs, halley.lsp.process; "
        "print([name for name in sys.modules if name.split('.')[0] in ('pydantic', 'click') or "
        "name.startswith(('halley.features', 'halley.routing', 'halley.providers', 'halley.stores', 'halley.engine'))])"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", seen, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert out.strip() == b"[]"


async def test_requests_that_come_before_all_is_loaded_are_answered_in_order(
    simulator: Simulator, config: Path, workspace: Path
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "halley", "acp", cwd=workspace, env=os.environ | guarded(),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    asked = [
        ("initialize", {"protocolVersion": 1}),
        ("session/new", {"cwd": str(workspace), "mcpServers": []}),
        ("no/such", {}),
        ("session/list", {"cwd": str(workspace)}),
    ]
    for number, (method, params) in enumerate(asked):
        line = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        process.stdin.write(json.dumps(line).encode() + b"\n")
    answers: dict[int, Any] = {}
    while len(answers) < len(asked):
        line = json.loads(await process.stdout.readline())
        if "id" in line:
            answers[line["id"]] = line
    assert next(iter(answers)) == 0 and answers[1]["result"]["sessionId"]
    assert answers[2]["error"]["code"] == -32601 and answers[3]["result"] == {"sessions": []}
    process.stdin.close()
    assert await process.wait() == 0
