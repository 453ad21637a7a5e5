"""Forms: fields and files to be sent as `multipart/form-data` (RFC 7578). httpx encodes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from halley.core.media import MediaFile

_SUFFIXES = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
}


@dataclass(frozen=True, slots=True)
class Form:
    """`files` are (field, file). A field whose value is None is left out."""

    fields: Mapping[str, Any]
    files: Sequence[tuple[str, MediaFile]] = ()

    @property
    def parts(self) -> list[tuple[str, tuple[str | None, bytes | str, str | None]]]:
        """As httpx takes them: (field, (name, content, MIME type)).

        Fields are files without a name: with nothing under `files` httpx would send another content type.
        """
        fields = [
            (name, (None, str(value), None)) for name, value in self.fields.items() if value is not None
        ]
        return [*fields, *((field, (_name(file), file.data, file.mime)) for field, file in self.files)]


def _name(file: MediaFile) -> str:
    """The file's name without anything a header could trip over; hosts tell the format by its ending."""
    safe = "".join(c for c in file.name if c.isascii() and (c.isalnum() or c in "._-")).strip(".")
    if "." not in safe and (suffix := _SUFFIXES.get(file.mime)):
        safe = f"{safe or 'file'}.{suffix}"
    return safe or "file"
