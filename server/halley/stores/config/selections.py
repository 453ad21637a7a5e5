"""What was picked: the routes chosen for a workspace or for the user, recent and favourite models.

Kept in the state folder, one small file for each workspace, so that a pick outlives the window and never leaks into
another workspace. A file is named by a hash of the root's real path and says inside which root it is for. A pick for
one session only is not here: it is the session's own.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from halley.core.errors import NotConfigured
from halley.core.models import ROLES, ModelRef, Role, Route
from halley.stores.config.layers import Layer, LayerName, roles_layer
from halley.stores.disk.looking import Signature, signature_of
from halley.stores.disk.paths import Paths
from halley.stores.disk.state import load_state, update_state

MOST_RECENT = 20


class SelectionStore:
    """Reads are cheap (one stat); another process's picks are seen immediately. Writes raise StoreFailed."""

    def __init__(self, paths: Paths) -> None:
        self._folder = paths.state / "selections"
        self._models = paths.state / "models.json"
        self._files: dict[Path | str, tuple[Path, str]] = {}
        self._routes: dict[Path, tuple[dict[str, Any], dict[Role, Route]]] = {}
        self._loaded: dict[Path, tuple[Signature, dict[str, Any]]] = {}

    def load(self, workspace: Path | str | None) -> dict[Role, Route]:
        """The routes picked for a workspace; for None, the user's."""
        path, root = self._file(workspace)
        raw = self._read(path, root)
        known = self._routes.get(path)
        if known is None or known[0] is not raw:
            known = self._routes[path] = raw, _routes(raw)
        return known[1]

    def layer(self, workspace: Path | str | None) -> Layer:
        """The same as a level of configuration (`workspace` or `user`)."""
        name: LayerName = "user" if workspace is None else "workspace"
        return roles_layer(name, self.load(workspace))

    def save(self, workspace: Path | str | None, role: Role, route: Route) -> None:
        """Picks a route; an empty one forgets the pick. The models become recent ones."""
        path, root = self._file(workspace)

        def change(value: dict[str, Any]) -> None:
            routes = _routes(value) | {role: route}
            value["root"] = root
            value["roles"] = {r: [str(m) for m in ms] for r, ms in routes.items() if ms}

        update_state(path, change, partial(_is_picks, root=root))
        for model in reversed(route[:1]):
            self.remember(model)

    def remember(self, model: ModelRef) -> None:
        """Puts a model first among the recent ones, whatever the effort it was picked with."""
        model = model.plain
        if self.recent()[:1] != (model,):
            self._change_models("recent", lambda names: [str(model), *_others(names, model)][:MOST_RECENT])

    def recent(self) -> tuple[ModelRef, ...]:
        """Newest first."""
        return _models(self._read(self._models).get("recent"))

    def favourites(self) -> tuple[ModelRef, ...]:
        """In the order they were marked."""
        return _models(self._read(self._models).get("favourites"))

    def mark_favourite(self, model: ModelRef, marked: bool = True) -> None:
        last = [str(model)] if marked else []
        self._change_models("favourites", lambda names: [*_others(names, model), *last])

    def _change_models(self, key: str, change: Any) -> None:
        def apply(value: dict[str, Any]) -> None:
            value[key] = change([str(model) for model in _models(value.get(key))])
            value["changed"] = int(time.time())

        update_state(self._models, apply, _is_picks)

    def _file(self, workspace: Path | str | None) -> tuple[Path, str]:
        known = self._files.get(workspace or "")  # where its links lead is looked up once
        if known is None:
            root = "" if workspace is None else os.path.realpath(workspace)
            known = self._files[workspace or ""] = self._file_of(root)
        return known

    def _file_of(self, root: str) -> tuple[Path, str]:
        if not root:
            return self._folder / "user.json", ""
        digest = hashlib.sha256(os.fsencode(root)).hexdigest()[:32]
        return self._folder / f"{digest}.json", root.encode(errors="surrogateescape").decode(errors="replace")

    def _read(self, path: Path, root: str | None = None) -> dict[str, Any]:
        signature = signature_of(path)
        known = self._loaded.get(path)
        if known is None or known[0] != signature:
            known = signature, load_state(path, partial(_is_picks, root=root)) if signature else {}
            self._loaded[path] = known
        return known[1]


def _is_picks(value: Mapping[str, Any], root: str | None = None) -> bool:
    """Also whether it is for `root`, where the file is a workspace's."""
    if root is not None and value.get("root", root) != root:
        return False
    return isinstance(value.get("roles", {}), dict) and all(
        isinstance(value.get(name, []), list) for name in ("recent", "favourites")
    )


def _routes(value: Mapping[str, Any]) -> dict[Role, Route]:
    """What is sound in a file; it may have been edited by hand."""
    roles = value.get("roles")
    if not isinstance(roles, dict):
        return {}
    routes: dict[Role, Route] = {role: _models(roles.get(role)) for role in ROLES}
    return {role: route for role, route in routes.items() if route}


def _models(names: Any) -> tuple[ModelRef, ...]:
    models: list[ModelRef] = []
    for name in names if isinstance(names, list) else ():
        try:
            models.append(ModelRef.parse(str(name)))
        except NotConfigured:
            continue
    return tuple(models)


def _others(names: list[str], model: ModelRef) -> list[str]:
    return [name for name in names if name != str(model)]
