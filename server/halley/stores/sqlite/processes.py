"""Which process wrote something, and whether it still runs.

Rows that a killed process left open are recognised by this. A process id alone is not enough, because the system
uses it again; the id with the start time is. A process of another machine or container, which shares our home
folder, cannot be looked at from here: the answer is `None`.
"""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ProcessId:
    place: str
    """Machine and process namespace, within which `pid` means something."""
    pid: int
    started: str
    """When it was started, in whatever unit the system reports exactly."""


def this_process() -> ProcessId:
    return _known(os.getpid())


@lru_cache(maxsize=1)  # by id: a fork is another process
def _known(pid: int) -> ProcessId:
    return ProcessId(_place(), pid, _started(pid) or "")


def is_alive(process: ProcessId) -> bool | None:
    """None when it belongs to a place that cannot be seen from here."""
    if process.place != _place():
        return None
    return _started(process.pid) == process.started


def _place() -> str:
    """Machine and process namespace. (The boot is part of `started`: after a reboot nothing of before lives.)"""
    try:
        namespace = Path("/proc/self/ns/pid").readlink()
    except OSError:
        namespace = ""
    return f"{platform.node()} {namespace}".strip()


def _started(pid: int) -> str | None:
    """None when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _started_elsewhere(pid)
    except OSError:
        return _started_elsewhere(pid)
    fields = text.rpartition(")")[2].split()  # the name in parentheses may hold anything
    if fields[0] in ("Z", "X"):
        return None
    return f"{_boot()} {fields[19]}"


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return ""


def _started_elsewhere(pid: int) -> str | None:
    import psutil

    try:
        return f"{psutil.Process(pid).create_time():.2f}"
    except psutil.NoSuchProcess:
        return None
    except psutil.Error:
        return ""
