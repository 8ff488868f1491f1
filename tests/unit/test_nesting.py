"""Bodies that are nested without end: refused in every dialect, and nothing breaks of them."""

from collections.abc import Mapping
from typing import Any

import pytest

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.events import Finished, Picture
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.json_reader import LIFT_FROM_BYTES, MAX_DEPTH, parse_json
from tests.support.fakes import PNG, FakeProvider, gateway, json_of, request

PAINTED = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), 42)
SERVER = [
    f"/sdapi/v1/{name}"
    for name in ("txt2img", "img2img", "options", "extra-single-image", "extra-batch-images",
                 "png-info", "interrogate")
]  # fmt: skip
ROUTES: Mapping[str, int] = {
    **dict.fromkeys(SERVER, 422),
    "/v2/image/qwen/generate": 422,
    "/v2/automatic1111/sdapi/v1/txt2img": 422,
    "/v1/images/generations": 400,
    "/v1/images/edits": 400,
    "/v1/chat/completions": 400,
    "/v1/responses": 400,
    "/v1beta/models/z-image-turbo:generateContent": 400,
    "/hf-inference/models/z-image-turbo": 400,
    "/api/generate": 422,
}
OPENINGS = ["[", '{"a":', '["]}",']


def nested(depth: int, opening: str = "[", padding: int = 0) -> bytes:
    """A body `depth` levels deep, itself the first of them."""
    closing = "}" if opening[0] == "{" else "]"
    value = opening * (depth - 1) + "1" + closing * (depth - 1)
    return f'{{"prompt": "a cat", "deep": {value}{" " * padding}}}'.encode()


async def send(path: str, body: bytes) -> Reply:
    log: list[Mapping[str, Any]] = []
    gate = gateway(FakeProvider([[PAINTED]]))
    reply = await handle(request("POST", path, body), gate, log.append)
    assert "traceback" not in log[0], log[0]["traceback"]
    return reply


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 500, 1000, 5000, 50_000])
@pytest.mark.parametrize("path", ROUTES)
async def test_deeply_nested_json_is_refused_in_each_dialect(path: str, depth: int) -> None:
    reply = await send(path, nested(depth))
    answer = await json_of(reply)
    assert reply.status == ROUTES[path], answer
    assert "error" in answer or "detail" in answer
    assert "nested" in str(answer)


@pytest.mark.parametrize("path", ["/sdapi/v1/txt2img", "/v1/images/generations"])
async def test_json_nested_up_to_the_limit_is_accepted(path: str) -> None:
    assert (await send(path, nested(MAX_DEPTH))).status == 200


@pytest.mark.parametrize("padding", [0, LIFT_FROM_BYTES])
@pytest.mark.parametrize("opening", OPENINGS)
def test_brackets_within_strings_do_not_count_as_depth(opening: str, padding: int) -> None:
    assert parse_json(BytesBlob(nested(MAX_DEPTH, opening, padding)))["prompt"] == "a cat"
    with pytest.raises(ValueError, match="nested"):
        parse_json(BytesBlob(nested(MAX_DEPTH + 1, opening, padding)))


@pytest.mark.parametrize("text", [r"\"[[[{{{\\", "[" * 500, r"\\\"" * 300, "]" * 500 + "[" * 500])
def test_brackets_in_a_text_are_no_levels(text: str) -> None:
    body = f'{{"prompt": "{text}", "wide": [{",".join(["[]"] * 500)}]}}'.encode()
    assert len(parse_json(BytesBlob(body))["wide"]) == 500


def test_an_unterminated_string_is_scanned_only_once() -> None:
    with pytest.raises(ValueError, match="Unterminated"):
        parse_json(BytesBlob(b'["' + rb"\"[" * 60_000))
