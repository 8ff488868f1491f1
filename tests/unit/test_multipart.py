"""Forms, read from bytes that need not fit into Python's memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.blob import Blob, BytesBlob
from darkroom.http import Part
from darkroom.multipart import (
    BrokenForm,
    FormFile,
    find_bytes,
    form_parts,
    form_type,
    read_form,
)
from darkroom.pauses import WorkMeter

BOUNDARY = "----formdata-7MA4YWxkTrZu0gW"
names = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters='"%\\'), min_size=1, max_size=12)  # fmt: skip
# Contents that come as near to a boundary as anything can.
contents = st.lists(
    st.sampled_from([b"\r", b"\n", b"\r\n", b"-", b"--", BOUNDARY[:9].encode(), b"x", b"\0\xff"]),
    max_size=12,
).map(b"".join)


def joined(parts: list[Part]) -> bytes:
    return b"".join(part if isinstance(part, bytes) else part.head(part.size) for part in parts)


def content_of(blob: Blob) -> bytes:
    return blob.head(blob.size)


@given(
    st.lists(st.tuples(names, contents, st.booleans()), min_size=1, max_size=5),
    st.integers(min_value=40, max_value=300),
)
async def test_a_form_is_read_back_through_windows_of_any_size(
    fields: list[tuple[str, bytes, bool]], window_bytes: int
) -> None:
    written: list[tuple[str, str | FormFile]] = [
        (name, FormFile("a.png", BytesBlob(content), "image/png") if is_file else "text")
        for name, content, is_file in fields
    ]
    body = joined(form_parts(written, BOUNDARY))
    read = await read_form(BytesBlob(body), form_type(BOUNDARY), window_bytes=window_bytes)
    assert [(f.name, f.filename is not None) for f in read] == [(n, f) for n, _, f in fields]
    for (_, content, is_file), field in zip(fields, read, strict=True):
        assert content_of(field.content) == (content if is_file else b"text")


@given(st.binary(max_size=200), st.integers(min_value=0, max_value=220), st.binary(min_size=1, max_size=4), st.integers(min_value=4, max_value=50))  # fmt: skip
async def test_a_search_through_windows_finds_the_same_as_a_search_of_the_whole(
    data: bytes, start: int, wanted: bytes, window_bytes: int
) -> None:
    meter = WorkMeter(10**9)
    found = await find_bytes(BytesBlob(data), wanted, start, window_bytes, meter)
    assert found == data.find(wanted, start)


@given(st.binary(max_size=300))
async def test_any_form_body_is_read_or_refused(body: bytes) -> None:
    for raw in (
        body,
        b"--b\r\n" + body,
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + body,
    ):
        try:
            await read_form(BytesBlob(raw), "multipart/form-data; boundary=b")
        except BrokenForm:
            continue


async def test_the_heads_of_other_writers_are_understood() -> None:
    body = (
        b"preamble\r\n--b \r\n"
        b"content-type: image/png\r\n"
        b"CONTENT-DISPOSITION: form-data; name=image; filename*=UTF-8''b%C3%A4r.png\r\n\r\n"
        b"\r\n--b\r\n"
        b'Content-Disposition: form-data; name="a\\"b"; filename=""\r\n\r\n'
        b"\r\n--b--\r\nepilogue"
    )
    first, second = await read_form(BytesBlob(body), 'multipart/form-data; Boundary="b"')
    assert (first.name, first.filename, content_of(first.content)) == ("image", "bär.png", b"")
    assert (second.name, second.filename) == ('a"b', "")


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"--b--", "multipart/form-data", "names no boundary"),
        (b"hello", "multipart/form-data; boundary=b", "nowhere in the body"),
        (
            b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx",
            "multipart/form-data; boundary=b",
            "breaks off",
        ),
        (
            b"--b\r\nContent-Type: a/b\r\n\r\nx\r\n--b--",
            "multipart/form-data; boundary=b",
            "no name",
        ),
        (b"--b\r\nno head", "multipart/form-data; boundary=b", "no head"),
        (
            b"--b\r\nX: " + b"y" * 9000 + b"\r\n\r\nx\r\n--b--",
            "multipart/form-data; boundary=b",
            "no head",
        ),
    ],
)
async def test_a_broken_form_is_refused(body: bytes, kind: str, says: str) -> None:
    with pytest.raises(BrokenForm, match=says):
        await read_form(BytesBlob(body), kind)


async def test_reading_a_large_form_yields_to_other_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = 0

    async def pause() -> None:
        nonlocal pauses
        pauses += 1

    monkeypatch.setattr("darkroom.pauses.yield_to_host", pause)
    picture = FormFile("a.png", BytesBlob(bytes(20 * 1024 * 1024)), "image/png")
    body = joined(form_parts([("image", picture)], BOUNDARY))
    (field,) = await read_form(BytesBlob(body), form_type(BOUNDARY))
    assert field.content.size == picture.content.size
    assert pauses >= 4
