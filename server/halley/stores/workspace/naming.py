"""What a workspace is called where several machines count it: by its repository's address, else by its folder.

Paths differ from one machine to the next, and say more than a team needs. The address is read from the file that git
keeps, without running git; what a user or token is named in it is left out.
"""

from __future__ import annotations

import re
from pathlib import Path

from halley.core.errors import InvalidInput
from halley.stores.disk.files import read_regular
from halley.stores.workspace.git.repository import find_repository

MOST_BYTES = 256 * 1024
_ORIGIN = re.compile(r'^\[remote "origin"\][^\[]*?^\s*url\s*=\s*(\S+)\s*$', re.MULTILINE)
_ADDRESS = re.compile(
    r"(?:[a-z+]+://)?(?:[^@/]*@)?([A-Za-z0-9.-]+)(?::\d+)?[:/]+(.+?)(?:\.git)?/*", re.IGNORECASE
)


def workspace_name(folder: str | None) -> str:
    """`github.com/acme/shop` or `shop`; empty where there is no workspace."""
    if not folder:
        return ""
    path = Path(folder)
    try:
        git = find_repository(path).common_dir
        config = read_regular(git / "config", MOST_BYTES).decode(errors="replace")
    except (OSError, ValueError, InvalidInput):
        return path.name
    found = _ORIGIN.search(config)
    return (_named(found[1]) if found else "") or path.name


def _named(url: str) -> str:
    """Host and path; nothing for a path on this machine."""
    if url.startswith(("/", ".", "~", "file:")) or re.match(r"[A-Za-z]:\\", url):
        return ""
    found = _ADDRESS.fullmatch(url)
    return f"{found[1].lower()}/{found[2].strip('/')}"[:300] if found else ""
