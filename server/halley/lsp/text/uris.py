"""URIs and the files they stand for (RFC 8089), however a client chose to write them."""

from __future__ import annotations

import base64
import os
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit


@lru_cache(maxsize=1024)
def path_of_uri(uri: str) -> Path | None:
    """The file a `file:` URI stands for; None for any other URI, and for what is none."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    path = unquote(parts.path)
    if parts.scheme != "file" or not path or "\0" in path:
        return None
    if len(path) > 2 and path[0] == "/" and path[2] == ":" and path[1].isalpha():  # a drive: /c:/…
        path = path[1:]
    return Path(f"//{parts.netloc}{path}" if parts.netloc not in ("", "localhost") else path)


@lru_cache(maxsize=1024)
def uri_key(uri: str) -> str:
    """Equal for URIs of one document: clients differ in what they escape (`c%3A` or `C:`, `%40` or `@`)."""
    path = path_of_uri(uri)
    return uri if path is None else f"file:{os.path.normcase(path)}"


@lru_cache(maxsize=1024)
def notebook_of_cell(uri: str) -> str | None:
    """The notebook whose cell VS Code gives this URI; None for any other URI.

    `vscode-notebook-cell:/w/a.ipynb#W0sZmlsZQ==` is cell `W0` of `file:///w/a.ipynb`: its scheme comes in base64 after
    the `s`. Clients with notebook support say it themselves (`notebookDocument/didOpen`).
    """
    if not uri.startswith("vscode-notebook-cell:"):
        return None
    place, _, fragment = uri.removeprefix("vscode-notebook-cell:").partition("#")
    encoded = unquote(fragment).partition("s")[2].rstrip("=")
    try:
        scheme = base64.b64decode(encoded + "=" * (-len(encoded) % 4), "-_").decode("ascii")
    except (ValueError, UnicodeDecodeError):
        scheme = ""
    if not scheme.isascii() or not scheme.replace("-", "").replace("+", "").isalnum():
        scheme = "file"
    return f"{scheme}:{place if place.startswith('//') or scheme != 'file' else f'//{place}'}"


def home_of_uri(uri: str) -> Path | None:
    """The file a document belongs to: for a cell its notebook's."""
    return path_of_uri(notebook_of_cell(uri) or uri)
