"""Configuration as it is in force: loading the levels, keeping the last good ones, noticing changes.

`ConfigStore` is what a running daemon asks; it looks at the files' stat on every question and reads them again only
when they changed. `load_user_config` and its siblings load one level, for callers that need just that. What may be
where:

    config.toml     everything                  here
    .halley.toml    what a repository may ask   workspace_config.py
    the editor's    everything but endpoints    client_settings.py

How levels are merged is `layers.py`'s, how values are validated `check.py`'s, writing `writer.py`'s.
Nothing in a value is expanded: `${…}` is text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from halley.core.settings import ConfigProblem, Settings
from halley.core.snapshot import Workspace
from halley.stores.config.check import check, near_matches
from halley.stores.config.client_settings import parse_client_settings
from halley.stores.config.layers import NOTHING, Layer, get_at, merge_settings
from halley.stores.config.toml_files import Reporter, in_file_order, parse_toml
from halley.stores.config.trust import TrustRequest, TrustStore, describe_request
from halley.stores.config.workspace_config import Grant, load_workspace_config
from halley.stores.config.workspace_files import WorkspaceFiles, read_workspace_files, signatures
from halley.stores.disk.files import read_regular
from halley.stores.disk.looking import signature_of
from halley.stores.disk.paths import Paths

__all__ = [
    "ConfigStore",
    "WorkspaceConfig",
    "load_user_config",
    "load_workspace_config",
    "merge_settings",
    "parse_client_settings",
]

MOST_BYTES = 4 << 20
REMEMBERED = 64
"""How many merged settings, and how many workspaces, are kept ready."""


@dataclass(frozen=True, slots=True)
class WorkspaceConfig:
    """What one workspace's files amount to now."""

    files: WorkspaceFiles
    layer: Layer
    trusted: bool
    rules: Mapping[str, str] = field(default_factory=dict[str, str])
    """Trusted rules of folders and skills: path → SHA-256."""

    @property
    def workspace(self) -> Workspace:
        """For snapshots; the guidance is empty until trusted."""
        guidance, rules = (self.files.guidance, self.rules) if self.trusted else ("", {})
        return Workspace(self.files.root, self.trusted, guidance, rules)


class ConfigStore:
    """The levels that lie on disk, for all sessions of a process. `presets` are provider ids known without them."""

    def __init__(self, paths: Paths, trust: TrustStore | None = None, presets: Collection[str] = ()) -> None:
        self.paths = paths
        self.trust = trust or TrustStore(paths)
        self.presets = presets
        self._user: tuple[Any, Layer] | None = None
        self._workspaces: dict[Path, tuple[Any, WorkspaceConfig]] = {}
        self._merged: dict[tuple[int, ...], tuple[tuple[Layer, ...], Settings]] = {}

    def user(self) -> Layer:
        """config.toml."""
        signature = signature_of(self.paths.config_file)
        if self._user is None or self._user[0] != signature:
            last = self._user[1] if self._user else None
            self._user = signature, load_user_config(self.paths, last, self.presets)
        return self._user[1]

    def workspace(self, root: Path, providers: Collection[str] = ()) -> WorkspaceConfig:
        """`.halley.toml` and `AGENTS.md` at `root`. `providers` may be named there beside the user's own."""
        user = self.user()
        signature = (*signatures(root), self.trust.signature(), user, frozenset(providers))
        known = self._workspaces.get(root)
        if known is None or known[0] != signature:
            found = self._load_workspace(root, user, providers, known[1].layer if known else None)
            known = signature, found
            _remember(self._workspaces, root, known)
        return known[1]

    def _load_workspace(
        self, root: Path, user: Layer, providers: Collection[str], last: Layer | None
    ) -> WorkspaceConfig:
        files = read_workspace_files(root)
        trusted = self.trust.is_trusted(root, files.content_hash)
        named = {*providers, *self.presets} if trusted else providers
        return WorkspaceConfig(
            files, load_workspace_config(files, Grant(user.data, named, trusted), last), trusted,
            self.trust.rule_files(root),
        )  # fmt: skip

    def settings(self, root: Path | None = None, layers: Iterable[Layer] = ()) -> Settings:
        """The settings in force for a workspace, with the session's own levels (`client`, picks, request)."""
        return self.merge((*self.layers(root), *layers))

    def layers(self, root: Path | None = None) -> tuple[Layer, ...]:
        """The levels on disk: config.toml, and `.halley.toml` where there is a workspace."""
        return (self.user(), self.workspace(root).layer) if root else (self.user(),)

    def merge(self, layers: Iterable[Layer]) -> Settings:
        """As `merge_settings`; asked again with the same levels it answers from its cache."""
        key = tuple(layers)
        names = tuple(map(id, key))
        known = self._merged.get(names)
        if known is None:  # the layers are kept too, so that their ids stay theirs
            known = key, merge_settings(key)
            _remember(self._merged, names, known)
        return known[1]

    def problems(self, root: Path | None = None) -> tuple[ConfigProblem, ...]:
        return tuple(problem for layer in self.layers(root) for problem in layer.problems)

    def changed(self, root: Path | None = None) -> bool:
        """Whether a file changed since it was last read; a few stats. Asking for settings reads it."""
        if self._user is None or self._user[0] != signature_of(self.paths.config_file):
            return True
        known = self._workspaces.get(root) if root else None
        if root is None:
            return False
        now = (*signatures(root), self.trust.signature())
        return known is None or known[0][: len(now)] != now

    def describe_request(self, root: Path) -> TrustRequest:
        """What trusting the workspace would grant."""
        return describe_request(root, self.user().data, self.presets)


def _remember(kept: dict[Any, Any], key: Any, value: Any) -> None:
    kept.pop(key, None)
    kept[key] = value
    while len(kept) > REMEMBERED:
        del kept[next(iter(kept))]


def load_user_config(paths: Paths, last: Layer | None = None, presets: Collection[str] = ()) -> Layer:
    """config.toml. A missing file is an empty level; an unusable one leaves `last` in force."""
    path = paths.config_file
    kept = last.data if last else NOTHING
    try:
        raw = read_regular(path, MOST_BYTES)
    except FileNotFoundError:
        return Layer("config.toml", path=path)
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or type(error).__name__).lower()
        problem = Reporter(path).whole(f"The file cannot be read: {why}.")
        return Layer("config.toml", kept, path, (problem,), usable=last is not None and last.usable)
    data, report, problems = parse_toml(raw, path)
    if data is None:
        return Layer("config.toml", kept, path, tuple(problems), usable=last is not None and last.usable)
    good, found = check(data, kept, report)
    found += _unknown_providers(good, presets, report)
    return Layer("config.toml", good, path, in_file_order(found))


def _unknown_providers(
    data: dict[str, Any], presets: Collection[str], report: Reporter
) -> list[ConfigProblem]:
    """Models of providers that are neither configured nor preset: likely a slip. They stay, and fail when asked."""
    known = {*presets, *(get_at(data, ("providers",)) or ())}
    if not presets:
        return []
    problems: list[ConfigProblem] = []
    for role, value in (get_at(data, ("roles",)) or {}).items():
        route = (value,) if isinstance(value, str) else value
        for index, model in enumerate(route):
            provider = model.partition("/")[0]
            if provider not in known:
                near = near_matches(provider, sorted(known))
                hint = f" Did you mean {near[0]}?" if near else f" Add [providers.{provider}]."
                path = ("roles", role) if isinstance(value, str) else ("roles", role, index)
                problems.append(report(path, f"There is no provider '{provider}'.{hint}", near))
    return problems
