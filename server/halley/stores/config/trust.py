"""Which repositories are believed, and in exactly which content.

Trust is the user's word for one root folder and one hash of its Halley files (`workspace_files.content_hash`). A
changed file is a new question. `describe_request` says what is being asked for, before the word is given.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from halley.stores.config.layers import NOTHING, Data, get_at
from halley.stores.config.toml_files import HIDDEN
from halley.stores.config.workspace_config import Grant, load_workspace_config
from halley.stores.config.workspace_files import GUIDANCE_FILE, WorkspaceFiles, read_workspace_files
from halley.stores.disk.files import Signature, signature_of
from halley.stores.disk.paths import Paths
from halley.stores.disk.state import load_state, update_state


class TrustStore:
    """`state/trust.json`: real root path → hash of the content that was trusted."""

    def __init__(self, paths: Paths) -> None:
        self._path = paths.state / "trust.json"
        self._signature: Signature | tuple[()] = ()
        self._roots: dict[str, Any] = {}

    def is_trusted(self, root: Path, content_hash: str) -> bool:
        entry = self._load().get(os.path.realpath(root))
        return isinstance(entry, dict) and entry.get("hash") == content_hash

    def trust(self, root: Path, content_hash: str) -> None:
        """Raises StoreFailed when it cannot be written down."""
        entry = {"hash": content_hash, "at": int(time.time())}
        update_state(self._path, lambda roots: roots.update({os.path.realpath(root): entry}))

    def untrust(self, root: Path) -> bool:
        """False when it was not trusted."""
        if os.path.realpath(root) not in self._load():
            return False
        update_state(self._path, lambda roots: roots.pop(os.path.realpath(root), None) and None)
        return True

    def signature(self) -> Signature:
        """Differs once trust was given or taken, also by another process."""
        return signature_of(self._path)

    def _load(self) -> dict[str, Any]:
        signature = self.signature()
        if signature != self._signature:
            self._roots, self._signature = load_state(self._path), signature
        return self._roots


@dataclass(frozen=True, slots=True)
class TrustRequest:
    """What a repository's files ask for, for a user to read before trusting them."""

    root: Path
    content_hash: str
    asks: tuple[str, ...]
    """One line each, fit for a terminal: nothing invisible, nothing that moves the cursor."""
    refused: tuple[str, ...]
    """What stays refused even when trusted."""

    def to_json(self) -> dict[str, Any]:
        return {
            "root": str(self.root),
            "contentHash": self.content_hash,
            "asks": list(self.asks),
            "refused": list(self.refused),
        }


def describe_request(
    root: Path, user: Data = NOTHING, providers: Collection[str] = (), files: WorkspaceFiles | None = None
) -> TrustRequest:
    """What trusting `root` as it is now would grant. The hash is of what was described."""
    files = files or read_workspace_files(root)
    layer = load_workspace_config(files, Grant(user, providers, trusted=True))
    asks = [*_roles(layer.data), *_macros(layer.data), *_others(layer.data)]
    if files.guidance:
        digest = hashlib.sha256(files.guidance.encode()).hexdigest()[:12]
        lines = files.guidance.count("\n") + 1
        asks.append(f"{GUIDANCE_FILE}: {lines} lines of guidance in every prompt (sha256 {digest})")
    refused = tuple(visible(str(problem)) for problem in layer.problems)
    return TrustRequest(files.root, files.content_hash, tuple(visible(line) for line in asks), refused)


def _roles(data: Data) -> list[str]:
    roles = get_at(data, ("roles",)) or {}
    return [f"roles.{role}: {', '.join(route)}" for role, route in roles.items()]


def _macros(data: Data) -> list[str]:
    macros = get_at(data, ("macros",)) or {}
    return [f"macros.{name}: {_prompts(macro)}" for name, macro in macros.items()]


def _prompts(macro: Any) -> str:
    prompts = [macro.get("prompt"), *(step.get("prompt") for step in macro.get("steps", ()))]
    return " | ".join(prompt for prompt in prompts if prompt)


def _others(data: Data) -> list[str]:
    sections = (section for section in data if section not in ("roles", "macros"))
    return [f"{section}.{key}: {value}" for section in sections for key, value in data[section].items()]


def visible(text: str) -> str:
    """`text` on one line, with everything that is not seen written as its code."""
    flat = text.replace("\n", "⏎").replace("\r", "").replace("\t", " ")
    return HIDDEN.sub(lambda match: f"<U+{ord(match.group()):04X}>", flat)
