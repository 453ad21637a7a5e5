"""Which repositories are believed, and in exactly which content.

Trust is the user's word for one root folder and one hash of its Halley files (`workspace_files.content_hash`). A
changed file is a new question. `describe_request` says what is being asked for, before the word is given.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from halley.stores.config.layers import NOTHING, Data, get_at
from halley.stores.config.rule_files import SKILLS, find_rule_files
from halley.stores.config.toml_files import HIDDEN
from halley.stores.config.workspace_config import Grant, load_workspace_config
from halley.stores.config.workspace_files import WorkspaceFiles, read_workspace_files
from halley.stores.disk.looking import Signature, signature_of
from halley.stores.disk.paths import Paths
from halley.stores.disk.state import load_state, update_state


class TrustStore:
    """`state/trust.json`: real root path → hash of the content that was trusted."""

    def __init__(self, paths: Paths) -> None:
        self._path = paths.state / "trust.json"
        self._signature: Signature | tuple[()] = ()
        self._roots: dict[str, Any] = {}

    def is_trusted(self, root: Path, content_hash: str) -> bool:
        # The real path: a link to a trusted folder can be pointed at another one.
        entry = self._load().get(os.path.realpath(root))
        return isinstance(entry, dict) and entry.get("hash") == content_hash

    def rule_files(self, root: Path) -> Mapping[str, str]:
        """The rules and skills that were trusted with it: path → SHA-256."""
        entry = self._load().get(os.path.realpath(root))
        files = entry.get("files") if isinstance(entry, dict) else None
        return {str(name): str(digest) for name, digest in files.items()} if isinstance(files, dict) else {}

    def is_granted(self, asked: TrustRequest) -> bool:
        """Whether all that it describes is trusted already."""
        return self.is_trusted(asked.root, asked.root_hash) and dict(asked.files) == self.rule_files(
            asked.root
        )

    def grant(self, asked: TrustRequest) -> None:
        """As `trust`, with everything that was described."""
        self.trust(asked.root, asked.root_hash, asked.files)

    def trust(self, root: Path, content_hash: str, files: Mapping[str, str] = NOTHING) -> None:
        """`files` are rules and skills (`rule_files.py`). Raises StoreFailed when it cannot be written down."""
        entry: dict[str, Any] = {"hash": content_hash, "at": int(time.time())}
        if files:
            entry["files"] = dict(files)
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
    root_hash: str = ""
    """Of the files at the root alone."""
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    """Rules of folders and skills: path → SHA-256."""
    guidance_names: tuple[str, ...] = ()

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
    rules = find_rule_files(root)
    if files.guidance:
        digest = hashlib.sha256(files.guidance.encode()).hexdigest()[:12]
        lines = files.guidance.count("\n") + 1
        names = ", ".join(files.guidance_names)
        asks.append(f"{names}: {lines} lines of guidance in every prompt (sha256 {digest})")
    asks += [f"{name}: {_what(name)} (sha256 {digest[:12]})" for name, digest in rules.items()]
    refused = tuple(visible(str(problem)) for problem in layer.problems)
    whole = files.content_hash
    if rules:
        whole = hashlib.sha256(f"{whole}{sorted(rules.items())}".encode()).hexdigest()
    return TrustRequest(
        files.root, whole, tuple(visible(line) for line in asks), refused, files.content_hash, rules,
        files.guidance_names if files.guidance else (),
    )  # fmt: skip


def _what(name: str) -> str:
    if name.startswith(f"{SKILLS}/"):
        return "a skill that models may load in chats"
    return "guidance for its folder in every chat"


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
