"""`/v1/images/…`: a real PNG, painted from the prompt's words.

Each word is a disc on a field of two colours; where, how large and in which colour, its hash says. A strip of black and
white at the foot says that this is no photograph of anything.
"""

from __future__ import annotations

import base64
import re
import struct
import zlib
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from halley.core.tokens import estimate_tokens
from halley.simulator.envelope import bad_request, invalid, missing
from halley.simulator.multipart import Upload

LARGEST = 2048
_STRIP = 8
Colour = tuple[int, int, int]


def generate_images(body: Mapping[str, Any], created: int) -> tuple[dict[str, Any], int]:
    """The response's body, and its tokens. Raises ApiError (400)."""
    prompt = needed_text(body, "prompt")
    width, height = size_of(str(body.get("size") or "auto"))
    return painted(body, prompt, prompt, width, height, created)


def edit_images(body: Mapping[str, Any], created: int) -> tuple[dict[str, Any], int]:
    """`/v1/images/edits`: as large as the picture that came, in colours that depend on its bytes."""
    prompt, came = needed_text(body, "prompt"), body.get("image")
    uploads = [one for one in (came if isinstance(came, list) else [came]) if isinstance(one, Upload)]
    if not uploads:
        raise missing("image")
    data = uploads[0].data
    if not data.startswith((b"\x89PNG", b"\xff\xd8\xff", b"RIFF")):
        raise bad_request("Invalid image file or mode for image 1.", "image", "invalid_image_file")
    asked = str(body.get("size") or "auto")
    if asked == "auto" and data.startswith(b"\x89PNG"):
        width, height = (min(side, LARGEST) for side in struct.unpack(">II", data[16:24]))
    else:
        width, height = size_of(asked)
    mark = "".join(blake2b(upload.data, digest_size=4).hexdigest() for upload in uploads)
    return painted(body, prompt, f"{prompt} {mark}", width, height, created)


def needed_text(body: Mapping[str, Any], name: str) -> str:
    """Raises ApiError (400) where it is missing."""
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise missing(name)
    return value


def painted(
    body: Mapping[str, Any], prompt: str, subject: str, width: int, height: int, created: int
) -> tuple[dict[str, Any], int]:
    wish = body.get("output_format") or "png"
    if wish != "png":
        raise invalid("output_format", wish, "the simulator paints png")
    pictures = [paint(subject, width, height, at) for at in range(int(body.get("n") or 1))]
    prompt_tokens, spoken = estimate_tokens(prompt), width * height // 1024 * len(pictures)
    value = {
        "created": created, "data": [
        {"b64_json": base64.b64encode(picture).decode(), "revised_prompt": f"(simulated) {prompt}"}
        for picture in pictures], "size": f"{width}x{height}", "output_format": "png", "usage": {
        "input_tokens": prompt_tokens,
        "input_tokens_details": {"text_tokens": prompt_tokens, "image_tokens": 0}, "output_tokens": spoken,
        "total_tokens": prompt_tokens + spoken},
    }  # fmt: skip
    return value, spoken


def size_of(text: str) -> tuple[int, int]:
    if text == "auto":
        return 256, 256
    match = re.fullmatch(r"(\d{2,4})x(\d{2,4})", text)
    if not match or max(int(match[1]), int(match[2])) > LARGEST:
        raise invalid("size", text, f"like 1024x1024, at most {LARGEST} a side")
    return int(match[1]), int(match[2])


@lru_cache(maxsize=32)
def paint(prompt: str, width: int, height: int, variant: int = 0) -> bytes:
    """A PNG file of the prompt's words."""
    return png(width, height, b"".join(b"\0" + row for row in painted_rows(prompt, width, height, variant)))


def paint_grid(prompt: str, width: int, height: int) -> bytes:
    """Four variants in one picture, a quarter each."""
    quarters = [painted_rows(prompt, width // 2, height // 2, at) for at in range(4)]
    rows = [a + b for left in (0, 2) for a, b in zip(quarters[left], quarters[left + 1], strict=True)]
    return png(width // 2 * 2, len(rows), b"".join(b"\0" + row for row in rows))


def painted_rows(prompt: str, width: int, height: int, variant: int = 0) -> list[bytes]:
    """The picture's rows, three bytes for each point."""
    seed = digest(f"{prompt}:{variant}")
    top, foot = _colour(seed), _colour(seed[::-1])
    discs = [_disc(word, at, variant, width, height) for at, word in enumerate(prompt.split()[:24])]
    return [_row(y, width, height, top, foot, discs) for y in range(height)]


def _disc(word: str, at: int, variant: int, width: int, height: int) -> tuple[int, int, int, Colour]:
    mark = digest(f"{word.lower()}:{at}:{variant}")
    radius = min(width, height) * (4 + min(len(word), 12)) // 64
    return mark[0] * width // 256, mark[1] * height // 256, max(radius, 2), (mark[2], mark[3], mark[4])


def _row(
    y: int, width: int, height: int, top: Colour, foot: Colour, discs: list[tuple[int, int, int, Colour]]
) -> bytes:
    if y >= height - _STRIP:
        pattern = b"\0\0\0" * _STRIP + b"\xff\xff\xff" * _STRIP
        return (pattern * (width // (2 * _STRIP) + 1))[: width * 3]
    shade = bytes((a * (height - y) + b * y) // height for a, b in zip(top, foot, strict=True))
    row = bytearray(shade * width)
    for x, centre, radius, colour in discs:
        reach = radius * radius - (y - centre) * (y - centre)
        if reach > 0:
            half = int(reach**0.5)
            left, right = max(0, x - half), min(width, x + half)
            if right > left:
                row[left * 3 : right * 3] = bytes(colour) * (right - left)
    return bytes(row)


def png(width: int, height: int, rows: bytes) -> bytes:
    """An 8-bit RGB PNG of rows that each begin with their filter byte (https://www.w3.org/TR/png/)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    note = b"Software\0Halley's simulator"
    parts = (
        chunk(b"IHDR", head), chunk(b"tEXt", note), chunk(b"IDAT", zlib.compress(rows, 6)), chunk(b"IEND", b""),
    )  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _colour(seed: bytes) -> Colour:
    return 96 + seed[0] // 2, 96 + seed[1] // 2, 96 + seed[2] // 2
