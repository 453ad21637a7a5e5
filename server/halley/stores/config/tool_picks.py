"""What was picked about tools: which are on or off, which calls were agreed to for good, and the mode of chats.

Kept in the state folder beside the picked routes, one small file for each workspace and one for the user, so that no
repository can switch a tool on or approve a call. What holds for one chat only is stored with the chat.

A switch is keyed `*` (all tools), `server` or `server/tool`. A permanent approval names what it was given for:
hashes of how the server is run and of what the tool says of itself, and the shape of the arguments.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from halley.stores.disk.looking import Signature, signature_of
from halley.stores.disk.paths import Paths
from halley.stores.disk.state import load_state, update_state

ALL = "*"


@dataclass(frozen=True, slots=True)
class Approval:
    """A permanent approval in one workspace. `command` and `schema` are hashes, `shape` is for people to read."""

    server: str
    tool: str
    shape: str
    command: str
    schema: str
    created: float = 0.0

    @property
    def id(self) -> str:
        """One for each tool and shape: a new approval replaces the old one."""
        return hashlib.sha256(f"{self.server}\0{self.tool}\0{self.shape}".encode()).hexdigest()[:16]


class ToolPicks:
    """Reads are cheap (one stat); another process's picks are seen immediately. Writes raise StoreFailed."""

    def __init__(self, paths: Paths) -> None:
        self._folder = paths.state / "tools"
        self._files: dict[Path | str, tuple[Path, str]] = {}
        self._loaded: dict[Path, tuple[Signature, dict[str, Any]]] = {}

    def switches(self, workspace: Path | str | None) -> Mapping[str, bool]:
        """What was switched in a workspace; for None, by the user everywhere."""
        found = self._read(workspace).get("switches")
        rows = found.items() if isinstance(found, dict) else ()
        return {str(key): value for key, value in rows if isinstance(value, bool)}

    def switch(self, workspace: Path | str | None, key: str, enabled: bool | None) -> None:
        """None forgets what was set."""

        def change(value: dict[str, Any]) -> None:
            switches = value.setdefault("switches", {})
            switches.pop(key, None)
            if enabled is not None:
                switches[key] = enabled

        self._change(workspace, change)

    def mode(self, workspace: Path | str) -> str:
        """The mode of chats that was last chosen in a workspace; empty where none was."""
        found = self._read(workspace).get("mode")
        return found if isinstance(found, str) else ""

    def pick_mode(self, workspace: Path | str, mode: str) -> None:
        self._change(workspace, lambda value: value.update(mode=mode))

    def approvals(self, workspace: Path | str | None) -> tuple[Approval, ...]:
        """The oldest first; what is not sound is not there."""
        rows = self._read(workspace).get("approvals") if workspace is not None else None
        found: list[Approval] = []
        for row in rows.values() if isinstance(rows, dict) else ():
            try:
                approval = Approval(**row)
            except TypeError:
                continue
            if _is_sound(approval):
                found.append(approval)
        return tuple(sorted(found, key=lambda one: one.created))

    def approve(self, workspace: Path | str, approval: Approval) -> None:
        row = asdict(approval) | {"created": approval.created or time.time()}
        self._change(workspace, lambda value: value.setdefault("approvals", {}).update({approval.id: row}))

    def forget(self, workspace: Path | str, ids: set[str]) -> int:
        """How many there were of them."""
        before = {approval.id for approval in self.approvals(workspace)} & ids
        if before:
            self._change(workspace, lambda value: [value["approvals"].pop(id, None) for id in ids])
        return len(before)

    def _change(self, workspace: Path | str | None, change: Any) -> None:
        path, root = self._file(workspace)

        def apply(value: dict[str, Any]) -> None:
            value["root"] = root
            change(value)

        update_state(path, apply, partial(_is_picks, root=root))

    def _file(self, workspace: Path | str | None) -> tuple[Path, str]:
        known = self._files.get(workspace or "")  # where its links lead is looked up once
        if known is None:
            known = self._files[workspace or ""] = self._file_of(workspace)
        return known

    def _file_of(self, workspace: Path | str | None) -> tuple[Path, str]:
        if workspace is None:
            return self._folder / "user.json", ""
        root = os.path.realpath(workspace)
        digest = hashlib.sha256(os.fsencode(root)).hexdigest()[:32]
        return self._folder / f"{digest}.json", root.encode(errors="surrogateescape").decode(errors="replace")

    def _read(self, workspace: Path | str | None) -> dict[str, Any]:
        path, root = self._file(workspace)
        signature = signature_of(path)
        known = self._loaded.get(path)
        if known is None or known[0] != signature:
            known = signature, load_state(path, partial(_is_picks, root=root)) if signature else {}
            self._loaded[path] = known
        return known[1]


def _is_picks(value: Mapping[str, Any], root: str) -> bool:
    if value.get("root", root) != root:
        return False
    return isinstance(value.get("switches", {}), dict) and isinstance(value.get("approvals", {}), dict)


def _is_sound(approval: Approval) -> bool:
    names = ("server", "tool", "shape", "command", "schema")
    return isinstance(approval.created, int | float) and all(
        isinstance(getattr(approval, name), str) for name in names
    )
