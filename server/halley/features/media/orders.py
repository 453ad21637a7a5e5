"""An order as a value: checked, and plain enough to be stored and asked for again.

The files that go along are read when it is asked for, and only what is a picture or a recording by its own bytes is: a
path is never a way to send anything else.
"""

from __future__ import annotations

import base64
import binascii
import errno
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from halley.core.errors import BlockedByPolicy, InvalidInput
from halley.core.media import MediaFile, MediaKind, MediaPrompt
from halley.core.media_types import mime_of
from halley.engine.guards.secrecy import is_secret_path
from halley.stores.disk.files import read_regular

MOST_BYTES = 25 << 20
"""Of a file that goes along; what OpenAI takes."""
LONGEST_SPEECH = 4_096
"""Characters that hosts read aloud in one request."""


@dataclass(frozen=True, slots=True)
class Order:
    """`source` and `mask` are paths of files. `text` is the prompt, or what is read aloud."""

    kind: MediaKind
    text: str = ""
    source: str | None = None
    mask: str | None = None
    size: str | None = None
    quality: str | None = None
    n: int = 1
    seconds: int | None = None
    voice: str | None = None
    format: str | None = None
    language: str | None = None
    model: str | None = None
    title: str = ""
    """What it is called, where that is not the prompt's beginning."""
    beside: str = ""
    """The folder of the document it is for, relative to the workspace; empty for its root."""
    feature: str = ""
    """What the ledger calls it, where that is not its kind: `macro.NAME`."""

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


def order_of(asked: Mapping[str, Any]) -> Order:
    return Order(**asked)


def check_order(order: Order, data: bytes | None = None) -> None:
    """Raises InvalidInput for what cannot be asked for."""
    if order.kind in ("image", "imageEdit", "video") and not order.text.strip():
        raise InvalidInput("The prompt is empty.", "Describe the result in the prompt.")
    if order.kind == "speech" and not order.text.strip():
        raise InvalidInput("There is nothing to read aloud.", "Give a text, a selection or a reply.")
    if order.kind == "speech" and len(order.text) > LONGEST_SPEECH:
        raise InvalidInput(
            f"The text has {len(order.text):,} characters; at most {LONGEST_SPEECH:,} can be read aloud in one go.",
            "Select a part of it.",
        )
    needs = {"imageEdit": "a picture", "transcription": "a recording", "translation": "a recording"}
    if order.kind in needs and order.source is None and data is None:
        raise InvalidInput(f"There is no {needs[order.kind][2:]} to work on.", "Give its file as `source`.")


def build_prompt(order: Order, data: bytes | None = None) -> MediaPrompt:
    """Reads the files. Raises InvalidInput for one that is not what it should be, BlockedByPolicy for a secret one."""
    wants = "audio" if order.kind in ("transcription", "translation") else "image"
    files: list[MediaFile] = []
    if data is not None:
        files.append(_file(data, "file", wants))
    elif order.source is not None:
        files.append(load_media_file(Path(order.source), wants))
    if order.mask is not None:
        mask = load_media_file(Path(order.mask), "image")
        files.append(MediaFile(mask.mime, mask.data, mask.name, is_mask=True))
    return MediaPrompt(
        order.kind, order.text, tuple(files), order.size, order.quality, order.n, order.seconds, order.voice,
        order.format, order.language,
    )  # fmt: skip


def load_media_file(path: Path, wants: str) -> MediaFile:
    """A picture or a recording (`wants`: `image` or `audio`)."""
    if is_secret_path(path):
        raise BlockedByPolicy(
            f"{path.name} is a file that never leaves this machine.", "Choose another file."
        )
    try:
        data = read_regular(path, MOST_BYTES)
    except OSError as error:
        why = (
            f"it is larger than {MOST_BYTES >> 20} MB"
            if error.errno == errno.EFBIG
            else (error.strerror or "no file").lower()
        )
        raise InvalidInput(f"{path.name} cannot be read: {why}.", "Name another file.") from None
    return _file(data, path.name, wants)


def read_data(text: str) -> bytes:
    """Bytes that came as base64. Raises InvalidInput."""
    if len(text) > MOST_BYTES * 4 // 3 + 4:
        raise InvalidInput(f"The data is larger than {MOST_BYTES >> 20} MB.", "Send less of it.")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput("The data is not base64.", "Encode the file's bytes.") from None


def _file(data: bytes, name: str, wants: str) -> MediaFile:
    mime = mime_of(data[:64])
    fits = mime.startswith(wants) or (
        wants == "audio" and mime.startswith("video/")
    )  # recorders write WebM and MP4
    if not fits:
        kinds = "WAV, MP3, Ogg, FLAC, M4A, MP4 or WebM" if wants == "audio" else "PNG, JPEG, WebP or GIF"
        raise InvalidInput(
            f"{name} is no {'recording' if wants == 'audio' else 'picture'}.", f"Give a {kinds} file."
        )
    return MediaFile(mime, data, name)
