"""A terminal for editors in tests: real keys in, the screen out, and pictures of it.

The program runs on a pty of its own; `pyte` keeps the screen as a terminal would. Nothing here sleeps: `wait` reads
what the program writes until the screen is as it should be.
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pyte

PATIENCE_S = 120.0
_CONTROL_STRING = re.compile(rb"\x1bP.*?\x1b\\", re.DOTALL)
ROWS, COLUMNS = 30, 100


class _Screen(pyte.Screen):
    """What pyte takes for sequences it knows are private ones of newer terminals: they change nothing here."""

    def report_device_status(self, mode: int = 0, **private: bool) -> None:
        if not private:
            super().report_device_status(mode)

    def select_graphic_rendition(self, *attributes: int, **private: bool) -> None:
        if not private:
            super().select_graphic_rendition(*attributes)


class Terminal:
    """Started now; ends with `close`."""

    def __init__(self, command: list[str | Path], env: dict[str, str], folder: Path) -> None:
        self._screen = _Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._unread = b""
        """The beginning of a control string whose end has not come."""
        self._fd, inner = os.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        its = {"PATH": path, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            cwd=folder,
            env=os.environ | its | env,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(inner)
        self._screen.write_process_input = lambda data: self.type(data)  # answers to the program's questions

    def type(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def wait(self, condition: Callable[[str], object], what: str = "") -> str:
        """Until the condition holds for the screen; the screen."""
        end = time.monotonic() + PATIENCE_S
        while not condition(screen := self.text()):
            assert time.monotonic() < end, f"it did not happen: {what}\n{screen}"
            self._read(0.2)
        return screen

    def shows(self, *parts: str) -> str:
        """Waits until all of this stands on the screen; the screen."""
        return self.wait(lambda screen: all(part in screen for part in parts), f"{parts} is shown")

    def hides(self, part: str) -> str:
        return self.wait(lambda screen: part not in screen, f"{part!r} is gone")

    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display)

    def picture(self, path: Path, title: str) -> None:
        """The screen as an SVG, in its colours."""
        from io import StringIO
        from itertools import groupby

        from rich.console import Console
        from rich.text import Text

        console = Console(width=COLUMNS, record=True, file=StringIO(), force_terminal=True)
        last = max((row for row, line in enumerate(self._screen.display) if line.strip()), default=0)
        for row in range(last + 1):
            cells = [self._screen.buffer[row][column] for column in range(COLUMNS)]
            line = Text(no_wrap=True)
            for style, run in groupby(cells, _style):  # an element for a run, not for a character
                line.append("".join(char.data for char in run), style)
            console.print(line, overflow="crop")
        drawn = console.export_svg(
            title=title
        )  # with the reader's own fonts: nothing in it is fetched from anywhere
        path.write_text(re.sub(r"@font-face \{.*?\}|<!-- Generated.*?-->", "", drawn, flags=re.DOTALL))

    def _read(self, timeout_s: float) -> None:
        ready, _, _ = select.select([self._fd], [], [], timeout_s)
        if ready:
            try:
                self._feed(os.read(self._fd, 1 << 16))
            except OSError:  # the program has ended
                time.sleep(timeout_s)

    def _feed(self, data: bytes) -> None:
        """Without device control strings (questions to newer terminals), which pyte takes for text."""
        data = _CONTROL_STRING.sub(b"", self._unread + data)
        begins = data.find(b"\x1bP")
        self._unread = b"" if begins < 0 else data[begins:]
        self._stream.feed(data if begins < 0 else data[:begins])

    def ended(self) -> int:
        """Waits for the program's own end; its exit code."""
        end = time.monotonic() + PATIENCE_S
        while self.process.poll() is None:
            assert time.monotonic() < end, f"it does not end\n{self.text()}"
            self._read(0.05)
        return self.process.returncode

    def close(self) -> None:
        """Ends the program and what it started. A second call does nothing."""
        if self._fd < 0:
            return
        try:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(90)
        finally:
            os.close(self._fd)
            self._fd = -1


def _style(char: pyte.screens.Char) -> str:
    front, back = (
        (_colour(char.fg), _colour(char.bg)) if not char.reverse else (_colour(char.bg), _colour(char.fg))
    )
    if char.reverse:
        front, back = (
            front if char.bg != "default" else "#0c0c0c",
            back if char.fg != "default" else "#c5c8c6",
        )
    words = ["bold"] if char.bold else []
    return " ".join([*words, front, "on", back])


def _colour(name: str) -> str:
    if len(name) == 6 and all(digit in "0123456789abcdefABCDEF" for digit in name):
        return f"#{name}"
    name = name.replace("bright", "bright_").replace("brown", "yellow")
    return name if name != "default" else "default"
