"""Writing text files of a workspace that no editor has open: whole, in their own encoding, and never through a link.

    replace_text(root, path, old, new)   an existing file, unless its text has become another
    create_text(root, path, text)        a new file, with the folders above it
    move_file, remove_file               the file itself, not what a link leads to

`path` is absolute, below `root`, and was checked by the caller; what it leads to is checked again here when the file
is open, because a link can be planted between the two. Whether a change is wanted is the caller's business. Reading is
`texts.py`'s; how files come into being is `disk/making.py`'s.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from halley.stores.disk.making import BY_UMASK, create_file, fresh_beside
from halley.stores.workspace.texts import TextFile, load_text, mark_of


class TextChanged(Exception):
    """The file's text is not the one that the change was made for. `now` is what it says; None: it is gone."""

    def __init__(self, now: str | None) -> None:
        super().__init__("the file changed")
        self.now = now


def replace_text(root: Path, path: Path, old: str, new: str) -> None:
    """Replaces the file in one step; its mode, encoding and byte-order mark stay.

    Raises TextChanged, OSError for what the disk refuses (ELOOP where a link leads out of the workspace), and
    UnicodeEncodeError where its encoding has no such characters.
    """
    file = _load(path)
    if file is None or file.text != old:
        raise TextChanged(file.text if file else None)
    data = _encoded(file, new)
    mode = stat.S_IMODE(path.lstat().st_mode)
    with fresh_beside(path, BY_UMASK) as (out, fresh):
        _check_within(root, fresh, path)
        out.write(data)
        out.flush()
        if os.name == "posix":
            os.fchmod(out.fileno(), mode)
        os.fsync(out.fileno())
        out.close()
        now = _load(path)  # what another program wrote meanwhile is not lost
        if now is None or now.text != old:
            raise TextChanged(now.text if now else None)
        fresh.replace(path)


def create_text(root: Path, path: Path, text: str) -> None:
    """Raises FileExistsError where anything is, and OSError as `replace_text`."""
    _make_folders(root, path.parent)
    handle = create_file(path, BY_UMASK)
    try:
        with os.fdopen(handle, "wb") as out:
            _check_within(root, path, path)
            out.write(text.encode())
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def move_file(root: Path, path: Path, to: Path, old: str) -> None:
    """Gives a file another name. Raises FileExistsError where there is one, TextChanged, and OSError."""
    file = _load(path)
    if file is None or file.text != old:
        raise TextChanged(file.text if file else None)
    _make_folders(root, to.parent)
    _check_within(root, path, path)
    _check_within(root, to.parent, to)
    if os.path.lexists(to):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(to))
    try:
        os.link(path, to, follow_symlinks=False)  # unlike a rename it replaces nothing
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):  # a file system without second names
        path.rename(to)
    else:
        path.unlink()


def remove_file(root: Path, path: Path, old: str) -> None:
    """Raises TextChanged and OSError."""
    file = _load(path)
    if file is None or file.text != old:
        raise TextChanged(file.text if file else None)
    _check_within(root, path.parent, path)
    path.unlink()


def _load(path: Path) -> TextFile | None:
    if path.is_symlink():
        raise OSError(errno.ELOOP, "it is a link", str(path))
    try:
        return load_text(path)
    except FileNotFoundError:
        return None
    except ValueError:
        raise OSError(errno.EINVAL, "it is not text", str(path)) from None


def _encoded(file: TextFile, text: str) -> bytes:
    return (mark_of(file) if file.has_mark else b"") + text.encode(file.encoding)


def _make_folders(root: Path, folder: Path) -> None:
    """The missing folders of a workspace, as the user's umask has them."""
    missing = [one for one in (folder, *folder.parents) if one.is_relative_to(root) and not one.exists()]
    for one in reversed(missing):
        _check_within(root, one.parent, one)
        one.mkdir(exist_ok=True)


def _check_within(root: Path, place: Path, path: Path) -> None:
    """Raises ELOOP where `place` is not really below `root` now."""
    if Path(os.path.realpath(place)) != Path(os.path.realpath(root)) / place.relative_to(root):
        raise OSError(errno.ELOOP, "a link leads elsewhere", str(path))
