"""A server of tools that asks while its tools run: `python asking_server.py LOG`, which gets what it heard, a line each.

`ask` sends what its argument `request` says (method and params), and returns the answer as JSON. With `times` it sends
that many and returns a list; with `leaves` it does not wait for the answer.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

LOG = Path(sys.argv[1])


def log(value: Any) -> None:
    with LOG.open("a") as file:
        file.write(json.dumps(value) + "\n")


def send(message: dict[str, Any]) -> None:
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


def ask(request: dict[str, Any]) -> Any:
    """What the client answers: a result or an error."""
    times, leaves = request.pop("times", 1), request.pop("leaves", False)
    for number in range(times):
        send({"id": f"ours-{number}", **request})
    answers: list[Any] = []
    while not leaves and len(answers) < times:
        message = json.loads(sys.stdin.readline())
        if "method" not in message:
            answers.append(said(message))
    return answers[0] if len(answers) == 1 else answers


def said(answer: dict[str, Any]) -> Any:
    return answer.get("result") or {"error": answer["error"]["message"]}


def answer(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    if method == "initialize":
        log(params["capabilities"])
        about = {"name": "asking", "version": "1"}
        return {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": about}
    if method == "tools/list":
        schema = {"type": "object", "properties": {"request": {"type": "object"}}}
        return {"tools": [{"name": "ask", "description": "Asks.", "inputSchema": schema}]}
    if method == "tools/call":
        heard = ask(params["arguments"]["request"])
        log(heard)
        return {"content": [{"type": "text", "text": json.dumps(heard)}]}
    return None


for line in sys.stdin:
    message = json.loads(line)
    if "id" in message and "method" in message:
        result = answer(message["method"], message.get("params") or {})
        error = {"code": -32601, "message": "Method not found"}
        send({"id": message["id"], **({"error": error} if result is None else {"result": result})})
    elif "method" not in message:
        log(said(message))
