"""The team's policy as it was last seen, so that it holds while the database is away, too.

`state/team.json`: the team's address → its policy. Nothing of PostgreSQL is loaded to read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from halley.core.errors import InvalidInput
from halley.core.team import NO_POLICY, Policy, read_policy
from halley.stores.disk.looking import Signature, signature_of
from halley.stores.disk.paths import Paths
from halley.stores.disk.state import load_state, update_state


class PolicyStore:
    """Reads the file again only when it has changed."""

    def __init__(self, paths: Paths) -> None:
        self._path = paths.state / "team.json"
        self._signature: Signature | tuple[()] = ()
        self._known: dict[str, Policy] = {}

    def load(self, address: str) -> Policy:
        signature = signature_of(self._path)
        if signature != self._signature:
            self._known, self._signature = {}, signature
        if address not in self._known:
            entry = load_state(self._path).get(address)
            self._known[address] = _policy(entry) if isinstance(entry, dict) else NO_POLICY
        return self._known[address]

    def save(self, address: str, version: int, body: Mapping[str, Any]) -> None:
        """Raises StoreFailed when it cannot be written down."""
        if self.load(address).version != version:
            update_state(
                self._path, lambda all: all.update({address: {"version": version, "policy": dict(body)}})
            )


def _policy(entry: Mapping[str, Any]) -> Policy:
    """What an older or newer Halley wrote and this one cannot read allows no model at all."""
    try:
        return read_policy(entry["policy"], int(entry["version"]))
    except (InvalidInput, KeyError, TypeError, ValueError, AttributeError):
        return Policy(-1, providers=())
