"""Formats are converted by the runtime's binding to Cloudflare Images.

Offline `wrangler dev` serves it with sharp, which knows the formats; it takes no notice of a
quality (miniflare's `runTransform`), so that what is asked of the binding is looked at by itself.
"""

import io

import pytest
from PIL import Image

from tests.e2e.probe import Probe

MODES = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP"}


def picture(kind: str) -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((64, 48)).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("source", MODES)
@pytest.mark.parametrize("target", MODES)
def test_a_picture_of_any_format_becomes_one_of_any_other(
    probe: Probe, source: str, target: str
) -> None:
    reply = probe.post("convert", picture(source), format=target, compression="80")
    assert reply.status_code == 200
    made = Image.open(io.BytesIO(reply.content))
    assert (made.format, made.size) == (MODES[target], (64, 48))
    shades = made.convert("L").tobytes()
    assert (min(shades) < 10, max(shades) > 240) == (True, True), "it shows the same"


def test_bytes_that_are_not_a_picture_are_not_converted(probe: Probe) -> None:
    reply = probe.post("convert", b"no picture" * 100, format="webp")
    assert (reply.status_code, reply.text) == (503, "the picture was not converted")


@pytest.mark.parametrize(
    ("requested", "options"),
    [
        ({"format": "webp", "compression": "80"}, {"format": "image/webp", "quality": 80}),
        ({"format": "jpeg", "compression": "0"}, {"format": "image/jpeg", "quality": 1}),
        ({"format": "webp"}, {"format": "image/webp"}),
        ({"format": "png", "compression": "50"}, {"format": "image/png"}),
    ],
)
def test_the_compression_is_the_quality_of_what_has_one(
    probe: Probe, requested: dict[str, str], options: dict[str, object]
) -> None:
    assert probe.post("convert-options", b"x", **requested).json() == options
