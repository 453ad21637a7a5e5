"""Repositories that try to run a program, call a host, or answer with other files; and how to see whether they did."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path

DRIVER = "a=b"
"""What every `<name>` in a key becomes: `-c` would split it at the `=`."""


@dataclass
class Canary:
    """A program that leaves a mark when it runs, and an address that notices when it is called."""

    folder: Path
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        threading.Thread(target=self._listen, daemon=True).start()
        self.program.write_text(f"#!/bin/sh\necho \"$0 $*\" >> '{self.mark}'\n")
        self.program.chmod(0o755)

    @property
    def program(self) -> Path:
        return self.folder / "canary"

    @property
    def mark(self) -> Path:
        return self.folder / "ran"

    @property
    def port(self) -> int:
        return self.listener.getsockname()[1]

    def seen(self) -> str:
        """What ran or called since the last time; empty when nothing did."""
        said = self.mark.read_text() if self.mark.exists() else ""
        self.mark.unlink(missing_ok=True)
        said += "".join(self.calls)
        self.calls.clear()
        return said

    def _listen(self) -> None:
        """Closes every call that comes, so that no caller waits."""
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:  # the test is over
                return
            self.calls.append("called")
            connection.close()


class Repository:
    """A repository with one commit, one staged and one unstaged change, and any configuration."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", *options)
        (folder / "kept.txt").write_text("one\n")
        (folder / ".gitattributes").write_text(f"* filter={DRIVER} diff={DRIVER} merge={DRIVER}\n")
        self.git("add", ".")
        self.git("commit", "-qm", "the first")
        (folder / "kept.txt").write_text("two, staged\n")
        self.git("add", "kept.txt")
        (folder / "kept.txt").write_text("three, in the tree\n")
        self.plain = (folder / ".git/config").read_text()

    def git(self, *arguments: str, check: bool = True) -> str:
        command = ["git", "-c", "user.name=t", "-c", "user.email=t@t", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, check=check, capture_output=True, text=True, timeout=20
        )
        return done.stdout

    def configure(self, entries: dict[str, str]) -> None:
        """Exactly these, written as a stranger's file would be: nothing checks them."""
        lines = [self.plain]
        for key, value in entries.items():
            section, _, rest = key.partition(".")
            middle, dot, name = rest.rpartition(".")
            quoted = value.replace("\\", "\\\\").replace('"', '\\"')
            lines.append(
                f'[{section}{f" {chr(34)}{middle}{chr(34)}" if dot else ""}]\n\t{name} = "{quoted}"\n'
            )
        (self.folder / ".git/config").write_text("".join(lines))


def known_keys() -> list[str]:
    """Every key that this git's manual knows, with `DRIVER` for its placeholders."""
    listed = subprocess.run(["git", "help", "--config"], capture_output=True, text=True, check=True).stdout
    keys = [re.sub(r"<[^>]*>|\*", DRIVER, line.strip()) for line in listed.splitlines()]
    return sorted({key for key in keys if re.fullmatch(r"[A-Za-z0-9]+(\..*)?\.[A-Za-z0-9-]+", key)})


def live_attacks(canary: Canary) -> dict[str, dict[str, str]]:
    """Configurations with which plain git runs the canary on a diff: proof that the attack is one."""
    run = str(canary.program)
    return {
        "clean": {f"filter.{DRIVER}.clean": run},
        "process": {f"filter.{DRIVER}.process": run},
        "textconv": {f"diff.{DRIVER}.textconv": run},
        "driver": {f"diff.{DRIVER}.command": run},
        "external": {"diff.external": run},
        "fsmonitor": {"core.fsmonitor": run},
    }


def promisors(canary: Canary) -> dict[str, dict[str, str]]:
    """With a blob missing, git fetches it: by a program of the repository's, or from its host."""
    run, host = str(canary.program), f"127.0.0.1:{canary.port}"
    remote = {
        "core.repositoryformatversion": "1",
        "extensions.partialClone": "o",
        "remote.o.promisor": "true",
        "remote.o.fetch": "+refs/*:refs/remotes/o/*",
    }
    ext = {"protocol.ext.allow": "always", "protocol.allow": "always"}
    return {
        "ext": remote | ext | {"remote.o.url": f"ext::{run} %S"},
        "ssh": remote | {"remote.o.url": "ssh://x/y", "core.sshCommand": run},
        "uploadpack": remote | {"remote.o.url": os.sep, "remote.o.uploadpack": run},
        "proxy": remote | {"remote.o.url": f"git://{host}/x", "core.gitProxy": run},
        "host": remote | {"remote.o.url": f"git://{host}/x"},
        "insteadOf": remote | ext | {"remote.o.url": "x:y", f"url.ext::{run} .insteadOf": "x:"},
    }
