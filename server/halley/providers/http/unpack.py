"""Compressed answers, unpacked piece by piece, so that a small body cannot become a large one unseen."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

PIECE = 256 * 1024
"""Most that one step may unpack to."""
ACCEPTED = "gzip, deflate"


class CannotUnpack(Exception):
    """Not compressed the way the answer says; the argument says which way that was."""


class Unpacker:
    """For one answer, by its `content-encoding`. Raises CannotUnpack for one that was not asked for."""

    __slots__ = ("_bits", "_encoding", "_inflate")

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding.strip().lower()
        bits = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
        if self._encoding not in bits:
            raise CannotUnpack(self._encoding)
        self._bits = bits[self._encoding]
        self._inflate = zlib.decompressobj(self._bits)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The pieces `data` unpacks to, none longer than PIECE."""
        while data:
            try:
                piece = self._inflate.decompress(data, PIECE)
            except zlib.error as error:
                data = self._as_raw_deflate(data, error)
                continue
            data = self._inflate.unconsumed_tail
            if self._inflate.eof and self._inflate.unused_data:  # another member follows
                data = self._inflate.unused_data
                self._inflate = zlib.decompressobj(self._bits)
            if piece:
                yield piece

    def _as_raw_deflate(self, data: bytes, error: zlib.error) -> bytes:
        """`deflate` means zlib's format (RFC 9110 8.4.1.2), but some send the bare one."""
        if self._encoding != "deflate" or self._bits < 0:
            raise CannotUnpack(self._encoding) from error
        self._bits = -zlib.MAX_WBITS
        self._inflate = zlib.decompressobj(self._bits)
        return data
