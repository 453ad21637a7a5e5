"""What a reply is for: a part of a document, and the files that may be named beside it.

`Target` is all that is known when a reply is read. `find_file` says which file a path in a reply means, and refuses the
ones that nothing may be written to. Whether a file is protected, or leads elsewhere by a symbolic link, is decided
where the disk is known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal
from urllib.parse import quote

from halley.core.snapshot import Document, Selection
from halley.engine.guards.invisible import invisible_characters

_FORBIDDEN = re.compile(r'[:*?"<>|\x00-\x1f\x7f]')
_RESERVED = re.compile(r"^(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Target:
    """A part of one document (`selection`; empty: a place to insert at) and what surrounds it.

    `path` is the document's, and the keys of `files` those of others that are known, relative to `root_uri`, with `/`.
    Without `root_uri` no new file can be named.
    """

    uri: str
    text: str
    selection: Selection
    version: int | None = None
    language_id: str = "plaintext"
    path: str = ""
    truncated: bool = False
    """The reply broke off, as its stream told: nothing of it is applied."""
    exists: bool = True
    """False for a file that the reply is to fill: it becomes a CreateFile."""
    layout: Literal["keep", "free"] = "keep"
    """`free` where laying out is the task: the reply's own tabs, spaces and blank lines stand."""
    files: Mapping[str, Document] = field(default_factory=lambda: MappingProxyType({}))
    root_uri: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A file that a reply names. `document` is None for a new one."""

    path: str
    uri: str
    document: Document | None = None

    @property
    def text(self) -> str:
        return self.document.text if self.document else ""


def target_file(target: Target) -> File:
    document = (
        Document(target.uri, target.text, target.language_id, target.version) if target.exists else None
    )
    return File(target.path, target.uri, document)


def find_file(path: str, target: Target) -> File | str:
    """The file a path means: the target's own, a known one, or a new one. A string says why there is none."""
    wanted = _plain(path)
    if not wanted or _same(wanted, target.path):
        return target_file(target)
    for known, document in target.files.items():
        if wanted == known:
            return File(known, document.uri, document)
    alike = [known for known in target.files if known.endswith(f"/{wanted}")]
    if len(alike) == 1:
        return File(alike[0], target.files[alike[0]].uri, target.files[alike[0]])
    if not alike and (found := _in_other_case(wanted, target)) is not None:
        return found
    if target.path.endswith(".ipynb") and _same(_as_notebook(wanted), target.path):
        return target_file(target)  # `analysis.py` is what a model calls the script in `analysis.ipynb`
    # Only here: a file that is open may have a name that no new file may get.
    if reason := refuse_path(path):
        return reason
    if alike:
        return f"'{path}' is ambiguous: it could be any of {', '.join(sorted(alike))}"
    if not target.root_uri:
        return f"'{path}' is in no workspace folder"
    return File(wanted, f"{target.root_uri.rstrip('/')}/{quote(wanted)}")


def _in_other_case(wanted: str, target: Target) -> File | None:
    """A file whose name differs in case alone: on many systems it is the same file, and a second one is never meant."""
    folded = wanted.casefold()
    if _same(folded, target.path.casefold()):
        return target_file(target)
    alike = [known for known in target.files if _same(folded, known.casefold())]
    return File(alike[0], target.files[alike[0]].uri, target.files[alike[0]]) if len(alike) == 1 else None


def refuse_path(path: str) -> str:
    """Why nothing may be written there; empty when something may. Stricter than any one file system."""
    parts = path.split("/")
    if path.startswith(("/", "~")) or "\\" in path or _FORBIDDEN.search(path):
        return f"'{path}' is not a path inside the workspace"
    if ".." in parts:
        return f"'{path}' leads outside the workspace"
    if not path.strip() or len(path) > 400 or invisible_characters(path):
        return f"{path!r} is not a valid file name"
    if any((part.endswith((" ", ".")) and part != ".") or _RESERVED.match(part) for part in parts):
        return f"'{path}' is not a valid file name on every system"
    return ""


def _plain(path: str) -> str:
    path = path.strip()
    while path.startswith("./"):
        path = path[2:]
    return re.sub(r"/(?:\./)+", "/", path)


def _as_notebook(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{name.partition('.')[0]}.ipynb"


def _same(wanted: str, path: str) -> bool:
    """The target's own path, whole or its end; or it with the workspace's name before it."""
    return bool(path) and (wanted == path or path.endswith(f"/{wanted}") or wanted.endswith(f"/{path}"))
