"""Filters of PNG rows, undone and applied (RFC 2083, section 6).

They work on each byte of a pixel by itself, so that one byte of every pixel of a row is enough.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

from darkroom.pauses import WorkMeter

_NONE, _SUB, _UP, _AVERAGE, _PAETH = range(5)
_RUN_STEPS = 16
# Runs in which nothing happens and runs in which something does, whose last byte is not 0.
# `|(?!)`: python/cpython#106052, as in `json_reader`.
_RUNS = re.compile(rb"\0{8,}+|(?:\0{0,7}+[^\0]++|(?!))++|\0++")


def unfiltered(
    kind: int, lines: Sequence[bytes], above: Sequence[bytes], meter: WorkMeter
) -> list[bytes]:
    """The strings of a row without their filter; where they are alike, as in a grey, one is."""
    rows: list[bytes] = []
    for number, line in enumerate(lines):
        alike = number and line == lines[number - 1] and above[number] == above[number - 1]
        rows.append(rows[-1] if alike else _undo(kind, line, above[number], meter))
    return rows


def _undo(kind: int, line: bytes, above: bytes, meter: WorkMeter) -> bytes:
    """One byte of every pixel of a row without its filter; `above` is the row before it.

    Most of most masks is flat: Python looks at single bytes only where something happens.
    """
    if kind == _NONE:
        return line
    if kind == _UP:
        return above if line == bytes(len(line)) else _sum(line, above)
    if kind not in (_SUB, _AVERAGE, _PAETH):
        raise ValueError("no such filter")
    changes = line if kind == _SUB else _changes(line, above)
    row, steps = bytearray(), 0
    for run in _RUNS.finditer(changes):
        start, end = run.span()
        steps += _RUN_STEPS
        left, corner = (row[-1], above[start - 1]) if row else (0, 0)
        if not changes[end - 1] and (kind != _AVERAGE or (left + above[start]) // 2 == left):
            row += bytes((left,)) * (end - start)
            continue
        steps += end - start
        if kind == _SUB:
            row += bytes([total & 255 for total in accumulate(line[start:end], initial=left)][1:])
        elif kind == _AVERAGE:
            row += _average(line[start:end], above[start:end], left)
        else:
            row += _paeth(line[start:end], above[start:end], left, corner)
    meter.add(steps)
    return bytes(row)


def _average(line: bytes, above: bytes, left: int) -> bytes:
    return bytes(
        [left := (value + (left + up >> 1)) & 255 for value, up in zip(line, above, strict=True)]
    )


def _paeth(line: bytes, above: bytes, left: int, corner: int) -> bytearray:
    """By comparisons, which take two thirds of the time of the differences of section 6.6."""
    row = bytearray()
    append = row.append
    for value, up in zip(line, above, strict=True):
        if up < left:
            low, high = up, left
        else:
            low, high = left, up
        if corner >= high:
            left = low
        elif corner <= low:
            left = high
        else:
            to_left, to_up = abs(up - corner), abs(left - corner)
            if to_left + to_left > to_up:
                left = up if to_up + to_up <= to_left else corner
        left, corner = (value + left) & 255, up
        append(left)
    return row


def filtered(kind: int, row: bytes, above: bytes, meter: WorkMeter) -> bytes:
    """One byte of every pixel of a row as a filter leaves it: what `_undo` makes good again."""
    left, corner = b"\0" + row[:-1], b"\0" + above[:-1]
    if kind == _NONE:
        return row
    if kind == _SUB:
        return _difference(row, left)
    if kind == _UP:
        return _difference(row, above)
    if kind == _AVERAGE:
        return _difference(row, _mean(left, above))
    if kind == _PAETH:
        return _difference(row, _predicted(left, above, corner, meter))
    raise ValueError("no such filter")


def _predicted(left: bytes, above: bytes, corner: bytes, meter: WorkMeter) -> bytes:
    """The prediction of Paeth's filter; in flat places it need not be computed."""
    if left == corner:
        return above
    if above == corner:
        return left
    meter.add(2 * len(above))
    return bytes(
        [
            b if a == c else a if b == c else _nearest(a, b, c)
            for a, b, c in zip(left, above, corner, strict=True)
        ]
    )


def _nearest(left: int, above: int, corner: int) -> int:
    to_left, to_above = abs(above - corner), abs(left - corner)
    to_corner = abs(left + above - 2 * corner)
    if to_left <= to_above and to_left <= to_corner:
        return left
    return above if to_above <= to_corner else corner


def _changes(line: bytes, above: bytes) -> bytes:
    """Not 0 where a byte of the line is not 0, or differs from its left neighbour above."""
    up = int.from_bytes(above, "little")
    changes = int.from_bytes(line, "little") | up ^ (up << 8)
    return changes.to_bytes(len(line) + 1, "little")[:-1]


def _sum(one: bytes, other: bytes) -> bytes:
    """Byte by byte, modulo 256: all at once, as long numbers whose carries stay in their bytes."""
    low, high = _bits(len(one))
    left, right = int.from_bytes(one, "little"), int.from_bytes(other, "little")
    total = ((left & low) + (right & low)) ^ ((left ^ right) & high)
    return total.to_bytes(len(one), "little")


def _difference(one: bytes, other: bytes) -> bytes:
    """Byte by byte, modulo 256, as `_sum` does it."""
    low, high = _bits(len(one))
    left, right = int.from_bytes(one, "little"), int.from_bytes(other, "little")
    total = ((left | high) - (right & low)) ^ ((left ^ ~right) & high)
    return total.to_bytes(len(one), "little")


def _mean(one: bytes, other: bytes) -> bytes:
    """Byte by byte, rounded down."""
    low, _ = _bits(len(one))
    left, right = int.from_bytes(one, "little"), int.from_bytes(other, "little")
    total = (left & right) + ((left ^ right) >> 1 & low)
    return total.to_bytes(len(one), "little")


@lru_cache(maxsize=8)
def _bits(size: int) -> tuple[int, int]:
    """The lower seven bits of each byte, and the uppermost."""
    return int.from_bytes(b"\x7f" * size, "little"), int.from_bytes(b"\x80" * size, "little")
