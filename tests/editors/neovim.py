"""A real Neovim, headless and without plugins, driven over its own RPC socket."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pynvim

PATIENCE_MS = 90_000
SLICE_MS = 50
PAGE = Path(__file__).parents[2] / "docs/editors/neovim.md"


class Neovim:
    """Started now; ends with `close`. Keys are typed as a user would; Lua inspects the result."""

    def __init__(self, binary: Path, folder: Path, env: dict[str, str]) -> None:
        socket = folder / "nvim.sock"
        self.log = folder / "nvim-state"
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        at = {"XDG_STATE_HOME": str(self.log), "PATH": path, "TERM": "xterm-256color"}
        self.process = subprocess.Popen(
            [
                binary,
                "--clean",
                "--headless",
                "--cmd",
                "let g:loaded_python3_provider=0",
                "--listen",
                str(socket),
            ],
            env=os.environ | at | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self.api = _attach(socket, self.process)

    def lua(self, code: str, *arguments: Any) -> Any:
        return self.api.exec_lua(code, *arguments)

    def wait(self, condition: str, *arguments: Any) -> Any:
        """Until the Lua expression is true; its value. It sees `arguments` as `...`.

        In slices: while Neovim waits it reads no keys, and those typed just before may still be unread.
        """
        code = f"""
            local arguments = {{ ... }}
            local value
            vim.wait({SLICE_MS}, function()
              value = (function(...) return {condition} end)(unpack(arguments))
              return value
            end, 5)
            return value
        """
        end, value = time.monotonic() + PATIENCE_MS / 1000, None
        while not value and time.monotonic() < end:
            value = self.lua(code, *arguments)
        assert value, f"it did not happen: {condition}\nmessages: {self.messages()}\n{self.text()}"
        return value

    def wait_outside(self, is_so: Callable[[], object]) -> None:
        """Until something outside Neovim is so, for which Neovim continues to run."""
        end = time.monotonic() + PATIENCE_MS / 1000
        while not is_so():
            assert time.monotonic() < end, f"it did not happen\nmessages: {self.messages()}\n{self.text()}"
            self.lua("vim.wait(5)")

    def type(self, keys: str) -> None:
        self.api.input(keys)

    def edit(self, path: Path) -> None:
        self.api.command(f"edit {path}")

    def attached(self) -> None:
        """Waits until Halley serves the current buffer."""
        self.wait(
            "#vim.lsp.get_clients({ name = 'halley', bufnr = 0 }) > 0 and vim.lsp.get_clients()[1].initialized"
        )

    def text(self) -> str:
        return "\n".join(self.api.current.buffer[:]) + "\n"

    def messages(self) -> str:
        return self.api.command_output("messages")

    def close(self) -> None:
        """Leaves as `:qall!` does. A second call does nothing."""
        if self.process.stderr and self.process.stderr.closed:
            return
        try:
            self.api.command("qall!", async_=True)
            self.api.close()
            self.process.wait(90)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            assert self.process.stderr
            self.process.stderr.close()


def _attach(socket: Path, process: subprocess.Popen[bytes]) -> Any:
    """Connects as soon as Neovim listens."""
    end = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < end:
        assert process.poll() is None, "Neovim ended right after starting"
        if socket.exists():
            try:
                return pynvim.attach("socket", path=str(socket))
            except (ConnectionRefusedError, FileNotFoundError):
                pass
        time.sleep(0.01)
    raise AssertionError("Neovim does not listen")


def documented_setup(number: int = 0) -> str:
    """A block of Lua from docs/editors/neovim.md."""
    page = PAGE.read_text()
    return page.split("```lua\n")[number + 1].split("```")[0]
