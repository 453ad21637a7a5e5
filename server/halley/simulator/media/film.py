"""A small real video, filmed from the prompt's words: an AVI file of uncompressed frames, which every player knows.

The picture `images.paint` makes of the prompt, an eighth of the size that was asked for, with a bar that runs through it
once. (https://learn.microsoft.com/windows/win32/directshow/avi-riff-file-reference)
"""

from __future__ import annotations

import struct
from functools import lru_cache

from halley.simulator.media.images import painted_rows
from halley.simulator.media.sound import chunk

FRAMES_A_SECOND = 4
SHRINK = 8


@lru_cache(maxsize=8)
def film(prompt: str, width: int, height: int, seconds: int) -> bytes:
    """An AVI file; `width` and `height` as asked for."""
    width, height = max(16, width // SHRINK // 4 * 4), max(16, height // SHRINK)
    still = painted_rows(prompt, width, height)
    count = seconds * FRAMES_A_SECOND
    return avi([_frame(still, width, at * width // count) for at in range(count)], width, height)


def _frame(rows: list[bytes], width: int, bar: int) -> bytes:
    """One frame as a bitmap has it: blue, green, red, the lowest row first."""
    out = bytearray()
    for row in reversed(rows):
        line = bytearray(len(row))
        line[0::3], line[1::3], line[2::3] = row[2::3], row[1::3], row[0::3]
        for x in range(bar, min(bar + 4, width)):
            line[x * 3 : x * 3 + 3] = b"\xff\xff\xff"
        out += line
    return bytes(out)


def avi(frames: list[bytes], width: int, height: int) -> bytes:
    """`width` is a multiple of 4, so that rows need no padding."""
    size = width * height * 3
    main = struct.pack(
        "<14I", 1_000_000 // FRAMES_A_SECOND, size * FRAMES_A_SECOND, 0, 0x10, len(frames), 0, 1, size,
        width, height, 0, 0, 0, 0,
    )  # fmt: skip
    stream = b"vids" + b"DIB " + struct.pack(
        "<IHHIIIIIIIIhhhh", 0, 0, 0, 0, 1, FRAMES_A_SECOND, 0, len(frames), size, 0, size, 0, 0, width, height
    )  # fmt: skip
    bitmap = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, size, 0, 0, 0, 0)
    header = _list(
        b"hdrl", chunk(b"avih", main), _list(b"strl", chunk(b"strh", stream), chunk(b"strf", bitmap))
    )
    note = _list(b"INFO", chunk(b"ISFT", b"Halley's simulator\0"))
    movie = _list(b"movi", *(chunk(b"00db", frame) for frame in frames))
    offset, rows = 4, bytearray()
    for frame in frames:
        rows += b"00db" + struct.pack("<III", 0x10, offset, len(frame))
        offset += 8 + len(frame) + len(frame) % 2
    body = b"AVI " + header + note + movie + chunk(b"idx1", bytes(rows))
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _list(kind: bytes, *parts: bytes) -> bytes:
    return chunk(b"LIST", kind + b"".join(parts))
