"""A server of tools for tests, without any SDK: `python mcp_server.py LOG`, or `… LOG http` which prints its port first.

What is called is written to LOG, one JSON line each, which is how a test knows what was really run.
"""

from __future__ import annotations

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

LOG = Path(sys.argv[1])
TEXT = {"type": "string"}
GROWN: list[str] = []


def tools() -> list[dict[str, Any]]:
    said = os.environ.get("DEMO_DESCRIPTION_FILE", "")
    shifty = Path(said).read_text() if said and Path(said).exists() else "As ever."
    rows = [
        ("write_note", "Writes a note.", {"name": TEXT, "text": TEXT}, {}),
        ("look_up", "Looks a word up.", {"word": TEXT}, {"readOnlyHint": True}),
        ("crash", "Ends the server.", {}, {}),
        ("hang", "Never answers.", {}, {}),
        ("grow", "Brings another tool.", {}, {}),
        *([("shifty", shifty, {"text": TEXT}, {})] if said else []),
        *((name, "One more.", {}, {}) for name in GROWN),
    ]
    return [
        {
            "name": name,
            "description": description,
            "inputSchema": {"type": "object", "properties": properties},
            "annotations": hints,
        }
        for name, description, properties, hints in rows
    ]


def call(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    with LOG.open("a") as file:
        file.write(json.dumps({"tool": tool, **arguments}) + "\n")
    if tool == "crash":
        os._exit(7)
    if tool == "hang":  # until the process that started us is gone, however that went
        sys.stdin.read()
        os._exit(0)
    if tool == "grow":
        GROWN.append("more")
        print(json.dumps({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}), flush=True)
    text = f"written: {arguments['name']}" if tool == "write_note" else f"{tool}: done"
    return {"content": [{"type": "text", "text": text}]}


def answer(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    match method:
        case "initialize":
            return {
                "protocolVersion": "2025-06-18",
                "capabilities": {"tools": {"listChanged": True}, "prompts": {}, "resources": {}},
                "serverInfo": {"name": "demo", "version": "1"},
            }
        case "tools/list":
            return {"tools": tools()}
        case "tools/call":
            return call(params["name"], params.get("arguments") or {})
        case "prompts/list":
            return {"prompts": [{"name": "greet", "arguments": [{"name": "name", "required": True}]}]}
        case "prompts/get":
            said = f"Say hello to {params['arguments']['name']} in one line."
            return {"messages": [{"role": "user", "content": {"type": "text", "text": said}}]}
        case "resources/list":
            return {"resources": [{"uri": "demo://handbook", "name": "handbook"}]}
        case "resources/read":
            return {"contents": [{"uri": params["uri"], "text": "Chapter one: be kind."}]}
        case _:
            return None


def respond(message: dict[str, Any]) -> dict[str, Any] | None:
    if "id" not in message:
        return None
    result = answer(message["method"], message.get("params") or {})
    if result is None:
        return {
            "jsonrpc": "2.0",
            "id": message["id"],
            "error": {"code": -32601, "message": "Method not found"},
        }
    return {"jsonrpc": "2.0", "id": message["id"], "result": result}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("authorization") != "Bearer a-key-for-the-demo":
            self.send_error(401)
            return
        response = respond(json.loads(body))
        data = json.dumps(response).encode() if response else b""
        self.send_response(200 if response else 202)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        self.send_error(405)

    def log_message(self, *_: Any) -> None:
        pass


if __name__ == "__main__":
    if sys.argv[2:3] == ["http"]:
        server = HTTPServer(("127.0.0.1", 0), Handler)
        print(server.server_address[1], flush=True)
        server.serve_forever()
    for line in sys.stdin:
        if response := respond(json.loads(line)):
            print(json.dumps(response), flush=True)
