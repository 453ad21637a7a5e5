"""The workspace folders of a window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from halley.core.errors import InvalidInput
from halley.lsp.text.uris import home_of_uri, path_of_uri

Json = dict[str, Any]


@dataclass(slots=True)
class Folders:
    """Root folders, in the client's order. `home_of` says which file a document belongs to."""

    roots: list[Path]
    home_of: Callable[[str], Path | None] = home_of_uri

    def root_of(self, uri: str) -> Path | None:
        """The innermost folder that holds the document; the first folder for anything that lies in none."""
        return _innermost(self.home_of(uri), tuple(self.roots))

    def named(self, cwd: str | None, uri: str | None) -> Path:
        """The folder a request names, else the document's. Raises InvalidInput without one."""
        folder = (path_of_uri(cwd) or Path(cwd)) if cwd else self.root_of(uri or "")
        if folder is None:
            raise InvalidInput("There is no workspace here.", "Open a folder, or name one as `cwd`.")
        if not folder.is_absolute() or "\0" in str(folder):
            raise InvalidInput("`cwd` is no folder's path or URI.", "Give the whole path of a folder.")
        return folder

    def change(self, event: Json) -> None:
        """`workspace/didChangeWorkspaceFolders`."""
        gone = {path_of_uri(folder["uri"]) for folder in event.get("removed", [])}
        added = [path_of_uri(folder["uri"]) for folder in event.get("added", [])]
        self.roots = [root for root in self.roots if root not in gone]
        self.roots += [path for path in added if path is not None and path not in self.roots]


@lru_cache(maxsize=256)  # each key in a document asks several times
def _innermost(path: Path | None, roots: tuple[Path, ...]) -> Path | None:
    inside = [root for root in roots if path is not None and path.is_relative_to(root)]
    return max(inside, key=lambda root: len(root.parts), default=roots[0] if roots else None)


def folders_of(params: Json) -> Folders:
    """From `InitializeParams`: `workspaceFolders`, else `rootUri`, else `rootPath`."""
    named = [
        folder.get("uri", "") for folder in params.get("workspaceFolders") or [] if isinstance(folder, dict)
    ]
    if not named and isinstance(params.get("rootUri"), str):
        named = [params["rootUri"]]
    roots = [path for uri in named if (path := path_of_uri(uri)) is not None]
    if not roots and isinstance(params.get("rootPath"), str):
        roots = [Path(params["rootPath"])]
    return Folders(list(dict.fromkeys(roots)))
