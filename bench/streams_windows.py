"""Chats of several editors at one daemon: `python -m bench.streams_windows 10 60`, editors and chats of each.

All begin together. Each editor also asks for code actions after its last chat. Prints the delay of chunks, how long all
took, and when the last editor had its code actions.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import orjson

from bench.daemon import CAPABILITIES, HALLEY, environment, home
from bench.peers.pace import figures
from bench.streams import MEASURED, OTHERS, config, on_core, upstream

POLL_S = 0.02


class Editor:
    """One editor's end of the daemon's socket."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._file = self._socket.makefile("rb", 65536)
        self.id = 0
        self.delays: list[float] = []
        self.acted_s = 0.0

    def send(self, method: str, params: Any) -> None:
        self.id += 1
        self._write({"id": self.id, "method": method, "params": params})

    def begin(self, root: Path) -> None:
        experimental = {"experimental": {"halley": {"batchedProgress": True}}}
        params = {"processId": None, "rootUri": root.as_uri(), "capabilities": CAPABILITIES | experimental}
        self.send("initialize", params)
        self._until(self.id)
        self._write({"method": "initialized", "params": {}})

    def chat(self, count: int) -> None:
        """That many chats, all of them to their end."""
        began = time.monotonic()
        for number in range(count):
            params = {"prompt": "Go.", "partialResultToken": f"{id(self)}-{self.id}-{number}"}
            self.send("halley/chat/send", params)
        start = {"line": 0, "character": 0}
        at = {"textDocument": {"uri": "file:///none.py"}, "range": {"start": start, "end": start}}
        self.send("textDocument/codeAction", at | {"context": {"diagnostics": []}})
        left = count
        while left:
            message = self._read()
            if message.get("method") == "halley/progress":
                now = time.monotonic()
                for event in [event for one in message["params"]["values"] for event in one["value"]]:
                    if event.get("type") == "text":
                        self.delays += [now - float(sent) for sent in event["delta"].split()]
            elif "method" not in message and message["id"] == self.id:
                self.acted_s = time.monotonic() - began
            elif "method" not in message:
                left -= 1

    def _until(self, id: int) -> None:
        while True:
            message = self._read()
            if message.get("id") == id and "method" not in message:
                return

    def _write(self, message: Any) -> None:
        body = orjson.dumps({"jsonrpc": "2.0"} | message)
        self._socket.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def _read(self) -> dict[str, Any]:
        length = 0
        while line := self._file.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        message: dict[str, Any] = orjson.loads(self._file.read(length))
        if "method" in message and "id" in message:
            self._write({"id": message["id"], "result": None})
        return message


def measure(count: int, chats: int) -> str:
    with upstream() as (url, _), home(url) as at:
        (at / "config.toml").write_text(config(url))
        path = at / "socket"
        with on_core(MEASURED):
            daemon = subprocess.Popen([*HALLEY, "--pipe", str(path)], env=environment(at))
        try:
            while not path.exists():
                time.sleep(POLL_S)
            with on_core(OTHERS):
                return _chat(path, at / "workspace", count, chats)
        finally:
            daemon.terminate()
            daemon.wait()


def _chat(path: Path, root: Path, count: int, chats: int) -> str:
    editors = [Editor(path) for _ in range(count)]
    for editor in editors:
        editor.begin(root)
    editors[0].chat(1)  # imports
    editors[0].delays.clear()
    began = time.monotonic()
    threads = [threading.Thread(target=editor.chat, args=(chats,)) for editor in editors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    delays = [delay for editor in editors for delay in editor.delays]
    found = figures(delays, time.monotonic() - began, 0, 0.0)
    acted_s = max(editor.acted_s for editor in editors)
    return (
        f"{count} editors, {chats} chats each: p50 {found['p50_ms']:.0f} ms, p95 {found['p95_ms']:.0f} ms, "
        f"all in {found['wall_s']:.1f} s, code actions after {acted_s:.1f} s at most"
    )


if __name__ == "__main__":
    if not hasattr(os, "sched_setaffinity"):
        print("note: the daemon shares its core with what asks it", file=sys.stderr)
    print(measure(*(int(number) for number in sys.argv[1:3] or ("10", "60"))))
