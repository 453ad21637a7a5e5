"""Text files of a workspace, read as an editor would: encoding found, byte-order mark remembered.

Reading only: files that an editor has open are written by it, others by `writing.py`. `load_text` is the way in.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from halley.stores.disk.files import read_regular

MAX_BYTES = 4 * 1024 * 1024

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file's text, without its byte-order mark."""

    text: str
    encoding: str = "utf-8"
    has_mark: bool = False
    """It began with a byte-order mark, which editors keep and do not show."""
    is_guess: bool = False
    """It is not UTF-8: read as Latin-1, in which every byte is some character."""


def mark_of(file: TextFile) -> bytes:
    """The byte-order mark of a file's encoding."""
    return next(mark for mark, encoding in _MARKS if encoding == file.encoding)


def load_text(path: Path, max_bytes: int = MAX_BYTES) -> TextFile:
    """Raises OSError when it cannot be read, is larger than `max_bytes` or no ordinary file; ValueError for binary."""
    data = read_regular(path, max_bytes)
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return TextFile(data[len(mark) :].decode(encoding, "replace"), encoding, has_mark=True)
    if b"\0" in data:
        raise ValueError(f"{path} is not text")
    try:
        return TextFile(data.decode("utf-8"))
    except UnicodeDecodeError:
        return TextFile(data.decode("latin-1"), "latin-1", is_guess=True)
