"""Pictures on disk: `data/blobs/ab/abcdef…`, named by the SHA-256 of their bytes, so that one is kept once."""

from __future__ import annotations

import contextlib
import hashlib
import re
from pathlib import Path

from halley.stores.files import read_regular, save_private

MOST_BYTES = 64 << 20
_NAME = re.compile(r"[0-9a-f]{64}")


def save_blob(folder: Path, data: bytes) -> str:
    """Its name. Raises StoreFailed."""
    name = hashlib.sha256(data).hexdigest()
    path = blob_path(folder, name)
    if not path.exists():
        save_private(path, data)
    return name


def load_blob(folder: Path, name: str) -> bytes | None:
    """None when it is gone, or is not what its name says."""
    if not _NAME.fullmatch(name):
        return None
    try:
        data = read_regular(blob_path(folder, name), MOST_BYTES)
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == name else None


def delete_blob(folder: Path, name: str) -> None:
    with contextlib.suppress(OSError):
        blob_path(folder, name).unlink()


def blob_path(folder: Path, name: str) -> Path:
    return folder / name[:2] / name
