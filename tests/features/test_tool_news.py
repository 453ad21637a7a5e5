"""What chats report of a server whose offer has changed: each change once, as long as it is remembered."""

from __future__ import annotations

import sys
from pathlib import Path

from halley.core.settings import Settings
from halley.features.tools.servers import MOST_HEARD, ToolServers
from halley.stores.disk.paths import find_paths
from halley.stores.keys.store import SecretStore

SERVER = Path(__file__).parents[1] / "e2e" / "mcp_server.py"
START_S = 60.0


async def test_chats_are_informed_once_and_the_longest_silent_are_forgotten(
    halley_home: Path, tmp_path: Path
) -> None:
    said = tmp_path / "said.txt"
    said.write_text("As ever.")
    row = {
        "command": sys.executable,
        "args": [str(SERVER), str(tmp_path / "ran.jsonl")],
        "env": {"DEMO_DESCRIPTION_FILE": str(said)},
        "start_timeout_s": START_S,
    }
    settings = Settings.model_validate({"tools": {"servers": {"demo": row}}})
    servers = ToolServers(SecretStore(find_paths()))
    try:
        await servers.ready(settings, ["demo"], START_S)
        for number in range(MOST_HEARD + 1):
            assert servers.news(f"chat {number}", ["demo"]) == []
        servers.news("chat 1", ["demo"])  # it speaks again
        servers.news("another", ["demo"])
        said.write_text("Now it deletes everything.")
        connection = await servers.restart(settings, "demo")
        assert connection is not None
        await connection.wait(START_S)
        told = {number: servers.news(f"chat {number}", ["demo"]) for number in (1, 3, MOST_HEARD)}
        assert all("shifty" in news for (news,) in told.values())
        assert servers.news("chat 1", ["demo"]) == [], "once"
        assert servers.news("chat 0", ["demo"]) == servers.news("chat 2", ["demo"]) == []
    finally:
        await servers.aclose()
