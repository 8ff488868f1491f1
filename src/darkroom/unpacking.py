"""Unpacking of bodies that come compressed, a little at a time (RFC 9110, 8.4.1).

The runtime's own `DecompressionStream` unpacks whatever has come, whether or not anybody reads it:
a bomb would fill the isolate before a limit is reached.
"""

import zlib

GZIP, DEFLATE = "gzip", "deflate"
MAX_MEMBERS = 1_000  # of a gzip file, which may be several one after the other
_GZIP_BITS, _ZLIB_BITS, _RAW_BITS = 31, 15, -15
_LEAST_BYTES = 2  # of a beginning, to tell one kind of deflate from the other


class BadlyPacked(ValueError):
    """A body is not packed as its sender says."""


class Unpacker:
    """Unpacks a body whose packed bytes come piece by piece.

    What is called deflate may have the header of zlib, as it should, or none.
    """

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._packed = b""
        self._inflate = zlib.decompressobj(_GZIP_BITS) if coding == GZIP else None
        self._members = 1
        self._has_begun = False

    def feed(self, packed: bytes) -> None:
        """Add packed bytes."""
        self._packed += packed
        self._has_begun = self._has_begun or bool(packed)

    def take(self, most: int) -> bytes:
        """Up to `most` bytes; none when more has to be fed. Raises `BadlyPacked`."""
        taken = b""
        while not taken and self._packed and (inflate := self._inflater()) is not None:
            try:
                taken = inflate.decompress(self._packed, most)
            except zlib.error:
                raise BadlyPacked from None
            self._packed = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
        return taken

    def end(self) -> None:
        """Note that no more will be fed; raises `BadlyPacked` if something is missing."""
        if self._has_begun and (self._inflate is None or not self._inflate.eof):
            raise BadlyPacked

    def _inflater(self) -> "zlib._Decompress | None":
        """What the next packed bytes are for; None as long as there are too few to say."""
        if self._inflate is None:
            if len(self._packed) < _LEAST_BYTES:
                return None
            header = int.from_bytes(self._packed[:_LEAST_BYTES])
            is_zlib = header >> 8 & 0xF == zlib.DEFLATED and header % 31 == 0
            self._inflate = zlib.decompressobj(_ZLIB_BITS if is_zlib else _RAW_BITS)
        elif self._inflate.eof:
            self._members += 1
            if self._coding != GZIP or self._members > MAX_MEMBERS:
                raise BadlyPacked
            self._inflate = zlib.decompressobj(_GZIP_BITS)
        return self._inflate
