"""A host of the test's own, configured beside the simulator: it answers what a test says and keeps what it was sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import fault_server as f
from fault_server import FaultServer, Received

Json = dict[str, Any]


def configure(config: Path, url: str, name: str = "strict", kind: str = "openai") -> str:
    """Adds the host as a provider; its id."""
    with config.open("a") as file:
        file.write(f'\n[providers.{name}]\nkind = "{kind}"\nbase_url = "{url}"\nkey_needed = false\n')
    return name


class Strict:
    """Answers chat requests by `rule(number, body)`: a list of chunks to stream, or a string to refuse with.

    Anything else (model lists and the like) gets 404.
    """

    def __init__(self, rule: Callable[[int, Json], list[Any] | str]) -> None:
        self.rule, self.bodies, self.refused = rule, list[Json](), list[str]()
        self.server = FaultServer(choose=self._answer)

    def _answer(self, request: Received) -> Any:
        if request.method != "POST":
            return [f.reply(404, {"error": "not here"})]
        body = request.json
        self.bodies.append(body)
        said = self.rule(len(self.bodies) - 1, body)
        if isinstance(said, str):
            self.refused.append(said)
            return [f.reply(400, {"error": {"message": said, "type": "invalid_request_error"}})]
        return f.stream(*said)


def openai_chunks(text: str = "", *calls: Json, finish: str | None = None, **delta: Any) -> list[Json]:
    """A streamed reply of chat completions; `calls` are pieces of tool calls."""
    chunks: list[Json] = [{"index": 0, "delta": {"role": "assistant"} | delta}]
    chunks += [{"index": 0, "delta": {"content": text}}] if text else []
    chunks += [{"index": 0, "delta": {"tool_calls": [call]}} for call in calls]
    chunks.append({"index": 0, "delta": {}, "finish_reason": finish or ("tool_calls" if calls else "stop")})
    return [{"choices": [chunk]} for chunk in chunks]


def call(name: str, arguments: str = "{}", **more: Any) -> Json:
    return {"type": "function", "function": {"name": name, "arguments": arguments}} | more
