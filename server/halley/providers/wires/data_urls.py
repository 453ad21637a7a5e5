"""Pictures and recordings inside a JSON body: `data:` URLs (RFC 2397)."""

from __future__ import annotations

import base64

from halley.core.calls import ImagePart


def data_url(image: ImagePart) -> str:
    return data_url_of(image.mime, image.data)


def data_url_of(mime: str, data: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"
