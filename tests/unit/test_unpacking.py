"""Compressed bodies, unpacked a little at a time."""

import gzip
import zlib
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.unpacking import DEFLATE, GZIP, MAX_MEMBERS, BadlyPacked, Unpacker


def raw_deflate(data: bytes) -> bytes:
    pack = zlib.compressobj(wbits=-15)
    return pack.compress(data) + pack.flush()


def in_members(data: bytes) -> bytes:
    return gzip.compress(data[:7]) + gzip.compress(b"") + gzip.compress(data[7:])


PACKINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": (GZIP, gzip.compress),
    "gzip in members": (GZIP, in_members),
    "zlib": (DEFLATE, zlib.compress),
    "deflate without a header": (DEFLATE, raw_deflate),
}


def unpacked(coding: str, pieces: Iterable[bytes], most: int = 10) -> bytes:
    unpacker, whole = Unpacker(coding), b""
    for piece in pieces:
        unpacker.feed(piece)
        while taken := unpacker.take(most):
            assert len(taken) <= most
            whole += taken
    unpacker.end()
    return whole


def split(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize("packing", PACKINGS)
@given(st.binary(max_size=300), st.integers(1, 400), st.integers(1, 400))
def test_compressed_data_is_decompressed_to_the_original(
    packing: str, data: bytes, size: int, most: int
) -> None:
    coding, pack = PACKINGS[packing]
    assert unpacked(coding, split(pack(data), size), most) == data


@pytest.mark.parametrize("packing", PACKINGS)
def test_truncated_compressed_data_is_refused(packing: str) -> None:
    coding, pack = PACKINGS[packing]
    whole = pack(b"a cat on a mat" * 9)
    for length in range(1, len(whole)):
        if packing == "gzip in members" and length in member_ends(whole):
            continue
        with pytest.raises(BadlyPacked):
            unpacked(coding, [whole[:length]])


def member_ends(packed: bytes) -> list[int]:
    return [
        start for start in range(1, len(packed)) if packed[start : start + 3] == b"\x1f\x8b\x08"
    ]


@pytest.mark.parametrize("coding", [GZIP, DEFLATE])
@given(st.binary(min_size=1, max_size=60))
def test_any_bytes_are_decompressed_or_refused(coding: str, data: bytes) -> None:
    try:
        unpacked(coding, [data])
    except BadlyPacked:
        return


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        (GZIP, b"{}"),
        (GZIP, gzip.compress(b"{}") + b"more"),
        (GZIP, gzip.compress(b"") * (MAX_MEMBERS + 1)),
        (GZIP, zlib.compress(b"{}")),
        (DEFLATE, gzip.compress(b"{}")),
        (DEFLATE, zlib.compress(b"{}") + b"more"),
    ],
    ids=["text", "more", "too many", "zlib", "gzip", "more than zlib"],
)
def test_data_that_does_not_match_its_content_encoding_is_refused(coding: str, data: bytes) -> None:
    with pytest.raises(BadlyPacked):
        unpacked(coding, [data])


def test_no_data_decompresses_to_no_data() -> None:
    assert unpacked(GZIP, []) == unpacked(DEFLATE, []) == b""


def test_no_more_of_a_bomb_is_decompressed_than_requested() -> None:
    unpacker = Unpacker(GZIP)
    unpacker.feed(gzip.compress(bytes(50_000_000)))
    assert len(unpacker.take(1_000)) == 1_000
    assert len(unpacker._packed) > 40_000
