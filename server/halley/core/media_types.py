"""What a file is, by its first bytes: never by its name. Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass

HEAD = 64 * 1024
"""How many bytes from the beginning are enough for everything here."""

SUFFIXES = {
    "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif",
    "audio/mpeg": "mp3", "audio/wav": "wav", "audio/ogg": "ogg", "audio/flac": "flac", "audio/aac": "aac",
    "audio/mp4": "m4a", "video/mp4": "mp4", "video/webm": "webm", "video/quicktime": "mov", "video/x-msvideo": "avi",
}  # fmt: skip

OTHER_SUFFIXES = {suffix: suffix for suffix in SUFFIXES.values()} | {
    "jpeg": "jpg", "jpe": "jpg", "wave": "wav", "oga": "ogg", "opus": "ogg", "m4v": "mp4", "qt": "mov",
}  # fmt: skip
"""Every suffix that names one of these kinds → the usual one."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file's first bytes show; None where its kind does not have it there."""

    width: int | None = None
    height: int | None = None
    seconds: float | None = None


def mime_of(head: bytes) -> str:
    """The media type; empty for what is no picture, sound or video that can be shown (SVG and HTML are programs)."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith(b"RIFF"):
        kinds = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
        return kinds.get(head[8:12], "")
    if head.startswith((b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")):
        return "audio/mpeg"
    if head.startswith((b"\xff\xf1", b"\xff\xf9")):
        return "audio/aac"
    if head.startswith(b"OggS"):
        return "audio/ogg"
    if head.startswith(b"fLaC"):
        return "audio/flac"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm"
    if head[4:8] == b"ftyp":
        return {b"qt  ": "video/quicktime", b"M4A ": "audio/mp4"}.get(head[8:12], "video/mp4")
    return ""


def suffix_of(mime: str) -> str:
    return SUFFIXES.get(mime, "bin")


def facts_of_file(head: bytes) -> Facts:
    """Width and height of a picture, seconds of a WAV or AVI file."""
    try:
        match mime_of(head):
            case "image/png":
                return Facts(*struct.unpack(">II", head[16:24]))
            case "image/gif":
                return Facts(*struct.unpack("<HH", head[6:10]))
            case "image/jpeg":
                return _jpeg(head)
            case "image/webp":
                return _webp(head)
            case "audio/wav":
                return _wav(head)
            case "video/x-msvideo":
                frame_us, *_, frames = struct.unpack("<5I", head[32:52])
                width, height = struct.unpack("<II", head[64:72])
                return Facts(width, height, round(frame_us * frames / 1e6, 3))
            case _:
                return Facts()
    except (struct.error, IndexError):
        return Facts()


def _jpeg(head: bytes) -> Facts:
    at = 2
    while at + 9 < len(head) and head[at] == 0xFF:
        kind, length = head[at + 1], int.from_bytes(head[at + 2 : at + 4], "big")
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return Facts(width, height)
        at += 2 + length
    return Facts()


def _webp(head: bytes) -> Facts:
    kind = head[12:16]
    if kind == b"VP8X":
        return Facts(1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little"))
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", head[26:30])
        return Facts(width & 0x3FFF, height & 0x3FFF)
    bits = int.from_bytes(head[21:25], "little")
    return Facts((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1)


def _wav(head: bytes) -> Facts:
    at, rate = 12, 0
    while at + 8 <= len(head):
        kind, length = head[at : at + 4], int.from_bytes(head[at + 4 : at + 8], "little")
        if kind == b"fmt ":
            rate = int.from_bytes(head[at + 16 : at + 20], "little")
        if kind == b"data":
            return Facts(seconds=round(length / rate, 3) if rate and length < 0xFFFFFFFF else None)
        at += 8 + length + length % 2
    return Facts()
