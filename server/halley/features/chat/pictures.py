"""Pictures in a chat: which files are some, and which models see them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any

from halley.core.calls import ImagePart
from halley.core.errors import InvalidInput
from halley.core.models import ModelRef
from halley.features.chat.desk import ChatDesk

MOST_BYTES = 15_000_000
_MAGIC = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}


def read_picture(attachment: Mapping[str, Any]) -> ImagePart:
    """A picture given as `{mime, data}`, base64; what its bytes are decides, not what it is called.

    Raises InvalidInput for anything else.
    """
    data = attachment.get("data")
    if not isinstance(data, str) or len(data) > MOST_BYTES * 4 // 3 + 4:
        raise InvalidInput(
            "An attachment is {mime: image/…, data: base64}, up to 15 MB.", "Use #file for text."
        )
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput("An attachment's data is not base64.", "Encode the file's bytes.") from None
    mime = mime_of(raw)
    if not mime:
        raise InvalidInput(
            "An attachment is not a picture.", "PNG, JPEG, GIF and WebP can be shown; use #file for text."
        )
    return ImagePart(mime, raw)


def mime_of(data: bytes) -> str:
    """What picture the bytes are; empty for none."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((mime for magic, mime in _MAGIC.items() if data.startswith(magic)), "")


def sees_pictures(desk: ChatDesk, model: ModelRef) -> bool:
    """False for a model that is known and does not; what is not known is left to the host to say."""
    known = desk.model_of(model)
    if "vision" in known.capabilities:
        return bool(known.capabilities["vision"])
    is_priced = known.price is not None and bool(known.price.input or known.price.output)
    return not is_priced and not (known.capabilities.keys() - {"drop"})


def check_sees(desk: ChatDesk, models: Iterable[ModelRef]) -> None:
    """Raises InvalidInput, naming the model, when one of those asked cannot see pictures."""
    for model in models:
        if not sees_pictures(desk, model):
            raise InvalidInput(
                f"{model} does not accept pictures.",
                "Pick a model that does (`halley models` shows `vision`), or remove the picture.",
                model=str(model),
            )
