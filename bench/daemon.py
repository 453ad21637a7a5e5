"""Language servers as child processes, spoken to with as little in between as can be: blocking pipes and bytes."""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import orjson

HALLEY = [sys.executable, "-m", "halley", "serve"]
BARE_PYGLS = [sys.executable, str(Path(__file__).parent / "peers" / "bare_pygls.py")]

TEXT = "".join(
    f"def total_{n}(items):\n    return sum(item.price for item in items)\n\n\n" for n in range(50)
)
CAPABILITIES: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-16"]},
    "textDocument": {
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "refactor"]}}
        },
        "inlineCompletion": {},
    },
    "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}},
}


class Daemon:
    """A server started now. Use it in a `with` statement."""

    def __init__(self, command: list[str], home: Path, env: dict[str, str] | None = None) -> None:
        self.home = home
        self.uri = (home / "workspace" / "sample.py").as_uri()
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(home) if env is None else env,
        )
        assert self.process.stdin and self.process.stdout
        self._in, self._out = self.process.stdin.fileno(), self.process.stdout.fileno()
        self._rest, self._at = b"", 0
        """What was read, and how much of it is used up: cutting it off for each message copies it all."""
        self._id = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.request("shutdown", None)
        self.notify("exit", None)
        self.process.wait(120)

    def initialize(self, experimental: dict[str, Any] | None = None) -> None:
        root = (self.home / "workspace").as_uri()
        params = {"processId": os.getpid(), "rootUri": root, "capabilities": CAPABILITIES}
        if experimental:
            params["capabilities"] = CAPABILITIES | {"experimental": {"halley": experimental}}
        self.request("initialize", params)

    def open(self) -> None:
        """The rest of what an editor says at its start."""
        self.notify("initialized", {})
        item = {"uri": self.uri, "languageId": "python", "version": 1, "text": TEXT}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def code_actions(self) -> list[Any]:
        at = {"line": 0, "character": 4}
        params = {
            "textDocument": {"uri": self.uri},
            "range": {"start": at, "end": at},
            "context": {"diagnostics": []},
        }
        listed = self.request("textDocument/codeAction", params)
        assert listed, "no code actions"
        return listed

    def request(self, method: str, params: Any) -> Any:
        id = self.send(method, params)
        while True:
            message = self.read()
            if message.get("id") == id and "method" not in message:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]

    def send(self, method: str, params: Any) -> int:
        """Sends a request; its id."""
        self._id += 1
        self._write({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params})
        return self._id

    def notify(self, method: str, params: Any) -> None:
        self._write({"jsonrpc": "2.0", "method": method, "params": params})

    def read(self) -> dict[str, Any]:
        """The next message, whatever it is; what the server asks is answered with null."""
        while (end := self._rest.find(b"\r\n\r\n", self._at)) < 0:
            self._more()
        length = int(self._rest[self._at : end].lower().split(b"content-length:")[1].split(b"\r\n")[0])
        end += 4 - self._at
        while len(self._rest) < self._at + end + length:
            self._more()
        body = self._rest[self._at + end : self._at + end + length]
        self._at += end + length
        message: dict[str, Any] = orjson.loads(body)
        if "method" in message and "id" in message:
            self._write({"jsonrpc": "2.0", "id": message["id"], "result": None})
        return message

    def _more(self) -> None:
        data = os.read(self._out, 65536)
        if not data:
            raise RuntimeError("the server ended")
        self._rest, self._at = self._rest[self._at :] + data, 0

    def _write(self, message: Any) -> None:
        body = orjson.dumps(message)
        os.write(self._in, b"Content-Length: %d\r\n\r\n" % len(body) + body)


def compile_bytecode() -> None:
    """Both sides start from bytecode, as they do once installed, also where PYTHONDONTWRITEBYTECODE is set."""
    for folder in (Path(__file__).parents[1] / "server", Path(sysconfig.get_path("purelib"))):
        compileall.compile_dir(folder, quiet=2)


@contextmanager
def home(simulator_url: str = "http://127.0.0.1:9/v1") -> Iterator[Path]:
    """A folder for HALLEY_HOME with a configuration that an ordinary user would have."""
    with tempfile.TemporaryDirectory(prefix="halley-bench-") as folder:
        at = Path(folder)
        (at / "workspace").mkdir()
        (at / "workspace" / "sample.py").write_text(TEXT)
        (at / "config.toml").write_text(_CONFIG.format(url=simulator_url))
        yield at


_CONFIG = """\
[providers.simulator]
base_url = "{url}"

[roles]
chat = ["simulator/sim-chat"]
complete = ["simulator/sim-fim"]
"""


def environment(home: Path) -> dict[str, str]:
    return os.environ | {"HALLEY_HOME": str(home), "PYTHONPATH": ""}


def both(first: int) -> tuple[list[str], list[str]]:
    """Halley and the bare server, in turns."""
    return (HALLEY, BARE_PYGLS) if first % 2 == 0 else (BARE_PYGLS, HALLEY)


def in_turns(rounds: int, measure: Any) -> Iterator[tuple[float, float]]:
    """`measure(command, home)` for Halley and the bare server in each round, in turns which goes first."""
    with ExitStack() as stack:
        compile_bytecode()
        at = stack.enter_context(home())
        for number in range(rounds):
            figures = {command[-1]: measure(command, at) for command in both(number)}
            yield figures[HALLEY[-1]], figures[BARE_PYGLS[-1]]
