"""`/v1/audio/…`: a real WAV file of a text, a tone for each syllable, and the text that is written down from one.

A file of ours carries what it says as a comment (RIFF's INFO list), which is how it can be written down again; of any other
sound only its length is reported.
"""

from __future__ import annotations

import math
import re
import struct
from array import array
from functools import lru_cache

from halley.simulator.media.images import digest

RATE = 8_000
"""Samples a second, 16 bits each, one channel."""
SYLLABLE_S, PAUSE_S = 0.09, 0.05
LONGEST = 4_096
"""Characters; what OpenAI's speech takes."""


@lru_cache(maxsize=16)
def speak(text: str, voice: str = "alloy", speed: float = 1.0) -> bytes:
    """A WAV file. The voice is its lowest tone, a word's letters shape the rest."""
    samples = array("h")
    base = 110 + digest(voice)[0]
    for word in text.split():
        mark = digest(word.lower())
        for at in range(max(1, len(re.findall(r"[aeiouyäöü]+", word.lower())))):
            samples.extend(_tone(base + mark[at % 8] * 2, SYLLABLE_S / speed))
        samples.extend(array("h", bytes(2 * int(RATE * PAUSE_S / speed))))
    return wav(samples.tobytes(), text)


def wav(samples: bytes, said: str = "") -> bytes:
    """A RIFF file of 16-bit samples (https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html)."""
    fmt = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, RATE * 2, 2, 16))
    note = said.encode("utf-8", "replace") + b"\0"
    parts = [fmt, chunk(b"LIST", b"INFO" + chunk(b"ICMT", note)), chunk(b"data", samples)]
    body = b"WAVE" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def listen(data: bytes) -> tuple[str, float]:
    """The words of a sound file, and its seconds."""
    said, seconds, at = "", 0.0, 12
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return f"(simulated) {len(data)} bytes of sound.", len(data) / 16_000
    rate = RATE * 2
    while at + 8 <= len(data):
        kind, (length,) = data[at : at + 4], struct.unpack("<I", data[at + 4 : at + 8])
        inner = data[at + 8 : at + 8 + length]
        if kind == b"fmt " and len(inner) >= 12:
            (rate,) = struct.unpack("<I", inner[8:12])
        elif kind == b"LIST" and inner[:8] == b"INFOICMT":
            said = inner[12:].split(b"\0")[0].decode("utf-8", "replace")
        elif kind == b"data":
            seconds = len(inner) / max(rate, 1)
        at += 8 + length + length % 2
    return said or f"(simulated) {seconds:.1f} seconds of sound.", seconds


def _tone(hertz: float, seconds: float) -> array[int]:
    """A sine that swells and fades, so that nothing clicks."""
    count = int(RATE * seconds)
    step = 2 * math.pi * hertz / RATE
    return array("h", (int(9_000 * math.sin(math.pi * n / count) * math.sin(step * n)) for n in range(count)))


def chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
