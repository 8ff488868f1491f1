"""The formats and sizes of image files, as a person sees them."""

import io
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from darkroom.blob import BytesBlob
from darkroom.image import ImageFile, NotAnImage
from darkroom.image_header import FORMAT_BYTES, foreign_format, image_format

SIDES = (123, 77)
TURNED = (5, 6, 7, 8)


def written(kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", SIDES, "red").save(file, kind, **options)
    return file.getvalue()


def oriented(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def image(data: bytes) -> ImageFile:
    return ImageFile(data=BytesBlob(data))


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


FRAME = segment(0xC0, bytes.fromhex("08004d007b03012200021101031101"))  # 123x77


def jpeg(*before: bytes) -> bytes:
    return b"\xff\xd8" + b"".join(before) + FRAME


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_size_is_that_which_a_person_sees(kind: str, orientation: int) -> None:
    file = written(kind, exif=oriented(orientation))
    assert image(file).dimensions == (SIDES[::-1] if orientation in TURNED else SIDES)


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_is_read_in_either_order_of_bytes(order: str) -> None:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, 6, 0)
    tiff = mark + struct.pack(f"{order}IH", 8, 1) + entry + b"\0" * 4
    assert image(jpeg(segment(0xE1, b"Exif\0\0" + tiff))).dimensions == SIDES[::-1]


@pytest.mark.parametrize(
    "before",
    [
        [segment(0xE1, b"x" * 65_000)] * 2,
        [segment(0xE2, b"x" * 65_533)] * 20,
        [b"\xff" * 100, segment(0xE0, b"JFIF\0")],
        [segment(0xE1, b"x"), b"\xff" * 3000],
        [segment(0xC4, b"\0" * 400), segment(0xDB, b"\0" * 65)],
        [segment(0xFE, b"\xff\xc0\x00\x11\x08\x00\x01\x00\x01")],  # a frame in a comment is none
        [b"\xff\x01", segment(0xE0, b"JFIF\0")],  # TEM has no length
    ],
)
def test_a_jpeg_is_walked_by_the_lengths_of_its_segments(before: list[bytes]) -> None:
    assert image(jpeg(*before)).dimensions == SIDES


@pytest.mark.parametrize("marker", [0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC9, 0xCA, 0xCF])
def test_every_kind_of_frame_has_the_size(marker: int) -> None:
    file = b"\xff\xd8" + FRAME.replace(b"\xff\xc0", bytes([0xFF, marker]))
    assert image(file).dimensions == SIDES


@pytest.mark.parametrize("options", [{}, {"quality": 30}, {"codec": "aom"}])
def test_an_avif_has_a_size(options: dict[str, Any]) -> None:
    file = written("AVIF", **options)
    assert (image(file).format, image(file).dimensions) == ("avif", SIDES)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_an_avif_that_is_turned_has_the_turned_size(orientation: int) -> None:
    file = written("AVIF", exif=oriented(orientation))
    assert image(file).dimensions == (SIDES[::-1] if orientation in TURNED else SIDES)


def boxed(brand: bytes, *others: bytes) -> bytes:
    content = b"ftyp" + brand + b"\0\0\0\0" + b"".join(others)
    return struct.pack(">I", len(content) + 4) + content + b"\0" * 32


@pytest.mark.parametrize("others", [[b"avif"], [b"mif1", b"miaf", b"avif"], [b"avis"]])
@pytest.mark.parametrize("brand", [b"avif", b"avis", b"mif1", b"msf1"])
def test_an_avif_is_known_by_any_of_its_brands(brand: bytes, others: list[bytes]) -> None:
    assert image_format(boxed(brand, *others)[:FORMAT_BYTES]) == "avif"


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (boxed(b"heic", b"mif1"), "HEIC"),
        (boxed(b"mif1", b"heic"), "HEIC"),
        (boxed(b"heix"), "HEIC"),
        (b"BM" + b"\0" * 60, "BMP"),
        (b"II*\0" + b"\0" * 60, "TIFF"),
        (b"MM\0*" + b"\0" * 60, "TIFF"),
        (b"%PDF-1.7", "PDF"),
        (b'<svg xmlns="http://www.w3.org/2000/svg">', "SVG"),
        (b"\xff\x0a" + b"\0" * 60, "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    ],
)
def test_other_formats_are_known_by_name(head: bytes, name: str) -> None:
    assert name in (foreign_format(head) or "")
    with pytest.raises(NotAnImage):
        _ = image(head).format


FILES: dict[str, Callable[[], bytes]] = {
    "png": lambda: written("PNG", exif=oriented(6)),
    "jpeg": lambda: written("JPEG", exif=oriented(6)),
    "webp": lambda: written("WEBP", exif=oriented(6)),
    "gif": lambda: written("GIF"),
    "avif": lambda: written("AVIF", exif=oriented(6)),
}


@pytest.mark.parametrize("kind", FILES)
@given(data=st.data())
def test_a_file_that_is_cut_or_broken_has_a_size_or_none(kind: str, data: st.DataObject) -> None:
    file = bytearray(FILES[kind]())
    for place in data.draw(st.lists(st.integers(0, min(len(file), 400) - 1), max_size=12)):
        file[place] = data.draw(st.integers(0, 255))
    size = image(bytes(file[: data.draw(st.integers(0, len(file)))])).dimensions
    assert size is None or all(isinstance(side, int) and side >= 0 for side in size)
