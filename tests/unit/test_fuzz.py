"""Parsers of what comes from outside, before bytes and texts that hypothesis makes up.

A few in every run, 10,000 of each in `make test-slow`. `test_odd_input.py` does the same with inputs
that are nearly right.
"""

import asyncio
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from darkroom.access import read_bearer
from darkroom.address import AddressRefused, public_address
from darkroom.blob import BytesBlob
from darkroom.catalog.catalog import load_catalog
from darkroom.catalog.requested_size import parse_size
from darkroom.dialects.a1111.infotext import read_infotext
from darkroom.errors import Failure, InvalidRequest
from darkroom.image import ImageFile, NotAnImage
from darkroom.json_reader import ANSWER, parse_json, parse_json_bytes
from darkroom.pauses import WorkMeter
from darkroom.png import read_png
from darkroom.providers.gradio.config import find_signature
from darkroom.providers.gradio.error_mapping import quota_wait_s
from darkroom.providers.task_status import task_state
from darkroom.request_body import parse_document
from darkroom.retry_after import read_wait_s
from darkroom.scrub import scrub
from darkroom.sse import EventReader, EventTooLarge
from tests.support.slow import slow

CATALOG = load_catalog()
FEW, MANY = 20, 10_000
Parse = Callable[[bytes], object]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def _text(parse: Callable[[str], object]) -> Parse:
    return lambda data: parse(data.decode("utf-8", "replace"))


def _form(data: bytes) -> object:
    kind, _, body = data.partition(b"\n")
    headers = {"content-type": "multipart/form-data; boundary=" + kind.decode("latin-1")}
    return asyncio.run(parse_document(BytesBlob(body), headers))


def _document(data: bytes) -> object:
    return asyncio.run(parse_document(BytesBlob(data), {"content-type": "application/json"}))


def _events(data: bytes) -> object:
    """However a stream is cut, its events are the same."""
    whole = [(e.type, e.data) for e in EventReader().feed(data)]
    reader = EventReader()
    cut = [(e.type, e.data) for byte in data for e in reader.feed(bytes([byte]))]
    assert cut == whole
    return whole


def _picture(data: bytes) -> object:
    file = ImageFile(data=BytesBlob(b"\x89PNG\r\n\x1a\n" + data))
    return file.format, file.dimensions


# Each parser, and what it may raise.
PARSERS: dict[str, tuple[Parse, tuple[type[Exception], ...]]] = {
    "JSON of callers": (_document, (Failure,)),
    "JSON of upstreams": (parse_json_bytes, (ValueError,)),
    "JSON in a blob": (lambda data: parse_json(BytesBlob(data), ANSWER), (ValueError,)),
    "a form": (_form, (Failure,)),
    "events": (_events, (EventTooLarge,)),
    "a picture": (_picture, (NotAnImage,)),
    "a PNG": (lambda data: list(read_png(data).lines(WorkMeter(10_000))), (ValueError, zlib.error)),
    "a size": (_text(lambda text: parse_size(text, "size")), (InvalidRequest,)),
    "a model": (_text(lambda text: CATALOG.resolve(text, "flux-1-schnell")), (Failure,)),
    "Authorization": (
        _text(lambda text: read_bearer(f"Bearer {text}", CATALOG.providers)),
        (InvalidRequest,),
    ),
    "Retry-After": (_text(lambda text: read_wait_s(text, text)), ()),
    "a quota's wait": (_text(lambda text: quota_wait_s(f"Try again in {text}")), ()),
    "a task's status": (_text(task_state), ()),
    "words of upstreams": (_text(scrub), ()),
    "an infotext": (_text(read_infotext), ()),
    "an address": (_text(lambda text: str(public_address(f"https://{text}"))), (AddressRefused,)),
    "a Space's configuration": (lambda data: find_signature(data, "infer", 6), (Failure,)),
}


@pytest.mark.parametrize("count", [FEW, *slow(MANY)])
@pytest.mark.parametrize("name", PARSERS)
def test_bytes_of_any_kind_are_read_or_refused(name: str, count: int) -> None:
    parse, expected = PARSERS[name]

    @settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=400) | st.text(max_size=200).map(_encoded) | _JSON.map(_dumped))
    def fuzz(data: bytes) -> None:
        try:
            parse(data)
        except expected:
            return

    fuzz()


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _dumped(value: Any) -> bytes:
    return repr(value).replace("'", '"').replace("None", "null").encode("utf-8", "surrogatepass")
