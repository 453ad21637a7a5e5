"""Pictures, sound and video on disk: `data/blobs/ab/abcdef…`, named by the SHA-256 of their bytes, so that one is
stored once.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from pathlib import Path

from halley.core.media_types import HEAD
from halley.stores.disk.files import read_regular, save_private
from halley.stores.disk.making import create_file, fresh_name, make_private_folder, store_failed

MOST_BYTES = 64 << 20
_NAME = re.compile(r"[0-9a-f]{64}")


def save_blob(folder: Path, data: bytes) -> str:
    """Its name. Raises StoreFailed."""
    name = hashlib.sha256(data).hexdigest()
    path = blob_path(folder, name)
    if not path.exists():
        save_private(path, data)
    return name


class BlobWriter:
    """A blob that comes in pieces. As a context: what was not `keep`-ed is thrown away."""

    def __init__(self, folder: Path) -> None:
        self._folder = make_private_folder(folder)
        self._path = folder / fresh_name("blob")
        self._file = os.fdopen(create_file(self._path), "wb")
        self._hash = hashlib.sha256()
        self.size = 0
        self.head = b""
        """The first bytes, which identify its kind."""

    def write(self, data: bytes) -> None:
        """Raises StoreFailed."""
        try:
            self._file.write(data)
        except OSError as error:
            raise store_failed(self._path, error) from None
        self._hash.update(data)
        self.size += len(data)
        if len(self.head) < HEAD:
            self.head += data[: HEAD - len(self.head)]

    def keep(self) -> str:
        """Its name. Raises StoreFailed."""
        name = self._hash.hexdigest()
        path = blob_path(self._folder, name)
        try:
            # Before it gets its name: after a power cut a name must not stand for half a file.
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            make_private_folder(path.parent)
            self._path.replace(path)
        except OSError as error:
            raise store_failed(path, error) from None
        return name

    def __enter__(self) -> BlobWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        with contextlib.suppress(OSError):
            self._path.unlink()  # gone already where it was kept


def load_blob(folder: Path, name: str) -> bytes | None:
    """None when it is gone, or is not what its name says."""
    if not _NAME.fullmatch(name):
        return None
    try:
        data = read_regular(blob_path(folder, name), MOST_BYTES)
    except OSError:
        return None
    # A file that was changed on disk is not what was saved: it counts as gone.
    return data if hashlib.sha256(data).hexdigest() == name else None


def delete_blob(folder: Path, name: str) -> None:
    with contextlib.suppress(OSError):
        blob_path(folder, name).unlink()


def blob_path(folder: Path, name: str) -> Path:
    return folder / name[:2] / name
