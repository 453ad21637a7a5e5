"""A question to the client comes after the events it is about, which may wait for others."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from talk import EVENT, REPLY, Host, client, host

from halley.lsp.window import partial_results

ARGUMENTS = orjson.dumps(orjson.dumps({"path": "new.py", "text": "n = 1\n"}).decode())
CALL = b'{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"create_file","arguments":%b}}]}'
ASKS = (
    EVENT % b'{"content":"I "}' + EVENT % b'{"content":"look."}' + EVENT % (CALL % ARGUMENTS)
    + EVENT.replace(b'"delta":%b', b'"delta":{},"finish_reason":"tool_calls"') + b"data: [DONE]\n\n"
)  # fmt: skip


class Asking(Host):
    def reply(self) -> None:
        is_first = self.asked["model"] == "m" and self.asked["messages"][-1]["role"] == "user"
        self.wfile.write(ASKS if is_first else REPLY)


@pytest.mark.skipif(sys.platform == "win32", reason="unix sockets")
@pytest.mark.parametrize("batched", [True, False])
async def test_a_question_comes_after_the_events_it_is_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batched: bool
) -> None:
    monkeypatch.setattr(partial_results, "COALESCE_S", 300.0)
    events: list[dict[str, Any]] = []
    with host(Asking) as url:
        async with client(tmp_path, url, tools=True, batchedProgress=batched) as talk:
            params = {"prompt": "Go.", "mode": "edit", "partialResultToken": "t"}
            talk.send({"id": "chat", "method": "halley/chat/send", "params": params})
            while (message := await talk.read()).get("method") != "halley/tools/approve":
                if message.get("method") in ("$/progress", "halley/progress"):
                    values = message["params"].get("values", [message["params"]])
                    events += [event for one in values for event in one["value"]]
            assert "".join(event["delta"] for event in events if event["type"] == "text") == "I look."
            assert events[-1]["type"] == "toolCall"
            assert events[-1]["callId"] == message["params"]["callId"]
            talk.send({"id": message["id"], "result": {"decision": "deny"}})
            while (message := await talk.read()).get("id") != "chat":
                pass
    assert message["result"]["replies"][0]["status"] == "complete"
