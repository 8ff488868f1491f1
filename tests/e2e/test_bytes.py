"""Bytes that stay in JavaScript's memory: read, turned into base64 and back, and sent on."""

import base64
import gzip
import json
import random

import httpx
import pytest

from tests.e2e.probe import Probe

PIECE = 384 * 1024  # what is turned into base64 at a time
SIZES = (0, 1, 2, 3, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 1_000_001)
FIRST, CHUNK = 4 * 1024, 256 * 1024  # what is read at a time


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


@pytest.mark.parametrize("size", SIZES)
def test_bytes_become_base64_and_base64_bytes(probe: Probe, size: int) -> None:
    data = noise(size)
    text = base64.b64encode(data)
    assert probe.post("to-base64", data).content == text
    assert probe.post("from-base64", text).content == data


def test_base64_may_have_line_breaks(probe: Probe) -> None:
    data = noise(1_000_001)
    for text in (base64.encodebytes(data), base64.b64encode(data) + b"\n"):
        assert probe.post("from-base64", text).content == data


@pytest.mark.parametrize("size", [5, 2 * PIECE])
def test_invalid_base64_is_refused(probe: Probe, size: int) -> None:
    text = base64.b64encode(noise(size))
    padded = base64.b64encode(noise(size - size % 3 + 1))
    for wrong in (b"?" + text[1:], text[:-1] + b"?", padded + text, text[:-3]):
        reply = probe.post("from-base64", wrong)
        assert (reply.status_code, reply.text) == (400, "not base64")


@pytest.mark.parametrize("size", [0, 1, FIRST, FIRST + 1, CHUNK, 2 * CHUNK, 3_000_000])
def test_a_body_is_read_whole_with_its_length_reported_or_not(probe: Probe, size: int) -> None:
    data = noise(size)
    assert probe.post("body", data).content == data
    pieces = (data[start : start + 10_000] for start in range(0, size, 10_000))
    assert httpx.post(f"{probe.url}/body", content=pieces, timeout=60).content == data


def test_a_body_over_the_limit_is_refused_with_its_length_reported_or_not(probe: Probe) -> None:
    data = noise(600_000)
    assert probe.post("body", data, limit="600000").content == data
    for content in (data, iter([data[:300_000], data[300_000:]])):
        url = f"{probe.url}/body?limit=599999"
        assert httpx.post(url, content=content, timeout=60).status_code == 413


@pytest.mark.parametrize("size", [10, 700_001, 5_000_000])
@pytest.mark.parametrize("parts", [1, 2, 7])
def test_an_answer_in_parts_is_whole_and_tells_its_length(
    probe: Probe, size: int, parts: int
) -> None:
    data = noise(size)
    reply = probe.post("answer", data, parts=str(parts))
    assert reply.content == data
    assert reply.headers["content-length"] == str(size)


@pytest.mark.parametrize("size", [10, 700_001, 5_000_000])
@pytest.mark.parametrize("parts", [1, 2, 7])
def test_an_upstream_gets_a_content_length_for_a_chunked_body(
    probe: Probe, size: int, parts: int
) -> None:
    data = noise(size)
    reply = probe.post("relay", data, parts=str(parts), url=f"{probe.url}/hear")
    assert reply.content == data
    heard = json.loads(reply.headers["x-heard"])
    assert heard == {"content-length": str(size), "transfer-encoding": None}


@pytest.mark.parametrize("kind", ["plain", "stream", "gzip"])
def test_an_upstreams_answer_is_read_whole_however_it_comes(probe: Probe, kind: str) -> None:
    data = noise(700_001) + bytes(700_001)
    url = f"{probe.url}/hear?as={kind}"
    assert probe.post("relay", data, url=url).content == data
    refused = probe.post("relay", data, url=url, **{"answer-limit": "1400001"})
    assert refused.status_code == 502


def test_an_answer_that_is_small_only_while_packed_is_held_to_its_limit(probe: Probe) -> None:
    data = bytes(2_000_000)
    assert len(gzip.compress(data)) < FIRST
    url = f"{probe.url}/hear?as=gzip"
    assert probe.post("relay", data, url=url).content == data
    refused = probe.post("relay", data, url=url, **{"answer-limit": "1999999"})
    assert refused.status_code == 502


def test_a_small_body_is_no_longer_than_its_sender_declared(probe: Probe) -> None:
    assert probe.post("body", bytes(100), declared="100").content == bytes(100)
    reply = probe.post("body", bytes(101), declared="100")
    assert reply.status_code == 400, reply.text
    assert "broke off" in reply.text


@pytest.mark.parametrize("size", [65_536, 1_000_000])
def test_a_stream_sends_each_part_before_it_is_freed(probe: Probe, size: int) -> None:
    data = noise(size)
    assert probe.post("stream", data, count="20").content == data * 20


MIB = 1024 * 1024
PLAIN = b"A" * (2 * MIB + 70_000)


def planted(places: dict[int, bytes]) -> bytes:
    """A long text of one letter, with others at some places."""
    data = bytearray(PLAIN)
    for place, text in places.items():
        data[place : place + len(text)] = text
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "start"),
    [
        (PLAIN, 0),
        (planted({1: b'"'}), 0),
        (planted({1: b'"'}), 2),
        (planted({20_000: b'"', 20_100: "é".encode(), 30_000: b"-\\"}), 0),
        (planted({MIB + 4095: b'"', MIB + 9000: b"-_ "}), 0),
        (planted({MIB + 4096: b"\\", MIB + 4097: b'"', 20: b"_"}), 7),
        (planted({2 * MIB + 60_000: b'- " _', 2 * MIB + 69_999: b"\\"}), 40),
        (planted({5_000: "é".encode() * 50, 6_000: b'"\\', 5_001: b"-"}), 0),
        (planted({4_096: b"\xef\xbb\xbf", 4_200: b'\xff\xfe"-"'}), 0),
        (planted({4_096: b"\xef\xbb\xbf", MIB: b"\xf0\x9f\x98\x80" * 9}), 0),
        (b"", 0),
        (b'A"', 1),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else str(len(value)),
)
def test_a_byte_is_found_where_it_is_first(data: bytes, start: int, probe: Probe) -> None:
    these, others = b'"\\', b'"\\-_ %'
    query = {"these": these.hex(), "others": others.hex(), "start": str(start)}
    report = probe.post("find", data, **query).json()
    index = min((at for each in these if (at := data.find(each, start)) >= 0), default=-1)
    before = data[start : index if index >= 0 else len(data)]
    assert report == {
        "index": index,
        "before": [before.find(each) for each in others],
        "whole": [data.find(each) for each in others],
    }


def test_an_array_is_freed_when_the_last_blob_of_it_is_gone(probe: Probe) -> None:
    large, small = noise(100_000), noise(100)
    assert probe.post("lifetime", large).json() == [100_000, 100_000, 0]
    assert probe.post("lifetime", small).json() == [100, 100, 100], "V8 takes care of it"


def test_chunks_of_a_fast_stream_come_whole_to_a_slow_reader(probe: Probe) -> None:
    data = noise(5 * CHUNK + 1)
    assert probe.post("chunks", data).content == data


def test_a_stream_that_is_closed_half_way_holds_nothing(probe: Probe) -> None:
    assert probe.post("chunks", noise(5 * CHUNK), close="1").content == b"refused"
