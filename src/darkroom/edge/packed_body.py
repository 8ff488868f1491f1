"""A reader of packed bodies, as the runtime's readers of bytes are."""

from dataclasses import dataclass
from typing import Any

from js import Uint8Array

from darkroom.pauses import yield_to_host
from darkroom.unpacking import Unpacker

PACKED_PIECE_BYTES = 16 * 1024
PIECE_BYTES = 64 * 1024
BYTES_A_TURN = 1024 * 1024  # some 10 ms of unpacking


@dataclass(frozen=True, slots=True)
class Piece:
    """The result of one `read()` of a stream; `value` is an array."""

    value: Any


class UnpackingReader:
    """Unpacks what a reader of the runtime reads, as much as is asked for.

    Of the packed bytes it takes up to `limit`; `TooLong` is raised beyond.
    """

    def __init__(self, reader: Any, coding: str, limit: int, too_long: type[Exception]) -> None:
        self._reader = reader
        self._unpacker = Unpacker(coding)
        self._left_bytes = limit
        self._too_long = too_long
        self._is_over = False
        self._since_turn = 0

    async def readAtLeast(self, size: int, room: Any) -> Piece:
        """Fill an array of `size` bytes; only the last piece has fewer."""
        filled = 0
        while filled < size:
            piece = self._unpacker.take(min(PIECE_BYTES, size - filled))
            if piece:
                room.subarray(filled, filled + len(piece)).assign(piece)
                filled += len(piece)
                await self._let_others(len(piece))
            elif self._is_over:
                self._unpacker.end()
                break
            else:
                await self._feed()
        return Piece(room.subarray(0, filled))

    async def _feed(self) -> None:
        room = Uint8Array.new(PACKED_PIECE_BYTES)
        packed = (await self._reader.readAtLeast(1, room)).value
        count = int(packed.byteLength)
        self._is_over = not count
        self._left_bytes -= count
        if self._left_bytes < 0:
            raise self._too_long
        if count:
            self._unpacker.feed(packed.to_bytes())

    async def _let_others(self, count: int) -> None:
        self._since_turn += count
        if self._since_turn >= BYTES_A_TURN:
            self._since_turn = 0
            await yield_to_host()
