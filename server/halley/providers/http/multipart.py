"""`multipart/form-data` (RFC 7578): fields, then files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from secrets import token_hex
from typing import Any

from halley.core.media import MediaFile

_SUFFIXES = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
}


def form(fields: Mapping[str, Any], files: Sequence[tuple[str, MediaFile]]) -> tuple[bytes, dict[str, str]]:
    """The body, and the header that names its boundary. `files` are (field, file)."""
    boundary = token_hex(16)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
        if value is not None
    ]
    for field, file in files:
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{_name(file)}"\r\n'
            f"Content-Type: {file.mime}\r\n\r\n"
        )
        parts += [head.encode(), file.data, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return b"".join(parts), {"content-type": f"multipart/form-data; boundary={boundary}"}


def _name(file: MediaFile) -> str:
    """The file's name without anything a header could trip over; hosts tell the format by its ending."""
    safe = "".join(c for c in file.name if c.isascii() and (c.isalnum() or c in "._-")).strip(".")
    if "." not in safe and (suffix := _SUFFIXES.get(file.mime)):
        safe = f"{safe or 'file'}.{suffix}"
    return safe or "file"
