"""Texts that were made to keep the gateway busy: the work grows with them, and no faster."""

import asyncio
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.catalog.catalog import MAX_NAMES, load_catalog
from darkroom.dialects.a1111.checkpoints import names_meant, stem_of
from darkroom.dialects.a1111.infotext import parse_infotext
from darkroom.dialects.a1111.lists import apply_styles
from darkroom.dialects.a1111.png_text import read_texts
from darkroom.errors import InvalidRequest, ModelNotFound
from darkroom.events import Finished, Picture
from darkroom.generation.ignored_fields import MAX_FIELDS, ignored_fields, ignored_header
from darkroom.generation.parameters import read_body
from darkroom.http import Reply
from darkroom.image import ImageFile
from darkroom.multipart import BrokenForm, read_form
from darkroom.prompts.chat_format import ChatPrompt
from darkroom.prompts.likeness import with_likeness
from darkroom.prompts.thinking import ThinkingStream, split_thinking
from darkroom.prompts.tokens import estimate_tokens
from darkroom.providers.gradio.diffs import UnreadableDiff, apply_edits
from darkroom.providers.gradio.outputs import FileAddresses, find_pictures, find_seed
from darkroom.providers.response_images import whole_number
from darkroom.scrub import scrub
from tests.support.fakes import PNG, FakeProvider, gateway, json_of, request
from tests.support.growth import LARGE_CHARS, growth_fault, repeated
from tests.support.relay import png

CATALOG = load_catalog()
ADDRESSES = FileAddresses("https://x.hf.space", "/gradio_api", None)
PAINTED = Finished((Picture(file=ImageFile(data=BytesBlob(PNG))),), 42)
Text = Callable[[int], str]

RUNS = [
    repeated("a"), repeated(" "), repeated("\n"), repeated("\t\n"), repeated('"'), repeated("<"),
    repeated("a ", after="b"), repeated(" ", "a", "b"), repeated(" ", "a", "[abcdef"),
    repeated("["), repeated("[abcdef]"), repeated("ab: 1, "), repeated('ab: "'), repeated('ab:"\\'),
    repeated(" ", 'a: 1, b: 2, c: 3, d: "'), repeated("\\", 'aa: 1, bb: "'),
    repeated("file=", "/", " "), repeated(".png?", "/", " "), repeated("https://"),
    repeated("data:image/"), repeated("eyJ-"), repeated("eyJ", "Bearer "), repeated("hf_"),
    repeated("<think>"), repeated("<think></think>"), repeated("</think>"), repeated("&#1"),
    repeated("9", "&#"), repeated("&"), repeated("seed"), repeated("seed "), repeated(".\u3002 "),
]  # fmt: skip
READERS: dict[str, Callable[[str], object]] = {
    "infotext": parse_infotext,
    "infotext's last line": lambda text: parse_infotext(f"a cat\n{text}"),
    "checkpoint": lambda text: names_meant(text, CATALOG),
    "checkpoint's stem": stem_of,
    "model": lambda text: refusal_of(lambda: CATALOG.resolve(text, "")),
    "text model": lambda text: refusal_of(lambda: CATALOG.find_chat(f"qwen/{text}")),
    "output of a Space": lambda text: find_pictures(text, ADDRESSES),
    "seed of a Space": lambda text: find_seed([text]),
    "caption": lambda text: with_likeness("a cat", text, 0.5),
    "upstream's words": lambda text: scrub(text, limit=LARGE_CHARS),
    "thoughts": lambda text: split_thinking(text, guess=True),
    "streamed thoughts": lambda text: ThinkingStream().feed(text),
    "tokens": lambda text: asyncio.run(estimate_tokens(text)),
    "chat format": lambda text: ChatPrompt(text).format(),
    "form": lambda text: refusal_of(lambda: form_of(text)),
}


def refusal_of(work: Callable[[], object]) -> Exception | None:
    try:
        work()
    except (InvalidRequest, BrokenForm) as refusal:
        return refusal
    return None


def form_of(name: str) -> object:
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n1\r\n--x--'
    kind = f'multipart/form-data; a="{name}"; boundary=x'
    return asyncio.run(read_form(BytesBlob(head.encode()), kind))


@pytest.mark.parametrize("reader", READERS)
def test_the_work_grows_no_faster_than_the_text(reader: str) -> None:
    for text in RUNS:
        fault = growth_fault(READERS[reader], text)
        assert fault is None, f"{text(40)!r}: {fault}"


def test_the_growth_of_quadratic_work_is_noticed() -> None:
    def work(text: str) -> None:
        while text:
            text = text[16:]

    assert growth_fault(work, repeated("a"), 320_000, 2_560_000)


def test_a_reference_to_a_character_with_thousands_of_digits_is_left_out() -> None:
    assert scrub(f"before &#{'9' * 5000}; after") == "before ; after"
    assert scrub("&#39;&lt;3&#x27;") == "'<3'"


def test_a_token_is_removed_wherever_it_stands_in_a_word() -> None:
    for text in ("eyJhbGci.eyJzdWIi.c2ln", "x-eyJhbGci.eyJz", "eyJ-eyJhbGci.eyJz"):
        assert "eyJ" not in scrub(f"token={text}, which is old")
    assert scrub("eyJ is no token. Nor is that") == "eyJ is no token. Nor is that"


def text_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def picture_with(*chunks: bytes) -> ImageFile:
    plain = png(1, 1)
    return ImageFile(data=BytesBlob(plain[:33] + b"".join(chunks) + plain[33:]))


async def test_the_texts_of_a_picture_are_bounded_together_and_not_each_alone() -> None:
    packed = zlib.compress(b"a" * 250_000)
    chunks = [text_chunk(b"zTXt", b"key%d\0\0" % number + packed) for number in range(800)]
    texts = await read_texts(picture_with(*chunks))
    assert 1 <= len(texts) <= 5
    assert sum(map(len, texts.values())) <= 1024 * 1024


async def test_texts_that_cannot_be_unpacked_count_as_well() -> None:
    too_long = text_chunk(b"zTXt", b"key\0\0" + zlib.compress(bytes(10_000_000)))
    last = text_chunk(b"tEXt", b"parameters\0a cat")
    assert await read_texts(picture_with(too_long, last)) == {"parameters": "a cat"}
    assert await read_texts(picture_with(*[too_long] * 4, last)) == {}


async def test_the_first_two_hundred_texts_of_a_picture_are_read() -> None:
    chunks = [text_chunk(b"tEXt", b"key%d\0x" % number) for number in range(5_000)]
    assert len(await read_texts(picture_with(*chunks))) == 200


def test_a_model_with_a_long_name_is_not_compared_with_those_that_exist() -> None:
    with pytest.raises(ModelNotFound, match="Did you mean"):
        CATALOG.resolve("z-image-turb", "")
    with pytest.raises(ModelNotFound) as refused:
        CATALOG.resolve("z-image-turb" * 10, "")
    assert "GET /v1/models" in refused.value.message
    assert len(refused.value.message) < 200


def test_a_list_of_models_is_bounded_and_the_refusal_says_so() -> None:
    assert CATALOG.resolve(["z-image-turbo"] * MAX_NAMES, "").models
    with pytest.raises(InvalidRequest, match="16 models at the most, not 200000") as refused:
        CATALOG.resolve(["z-image-turbo"] * 200_000, "")
    assert refused.value.param == "model"


def test_the_name_of_a_text_model_is_bounded() -> None:
    assert CATALOG.find_chat("qwen/qwen-plus")
    with pytest.raises(ModelNotFound):
        CATALOG.find_chat("qwen/" + "a" * 5_000)


def test_thousands_of_pictures_under_indexed_names_are_refused() -> None:
    body = {f"image[{number}]": "https://example.com/a.png" for number in range(20_000)}
    with pytest.raises(InvalidRequest, match="at most 16 pictures, not 20000"):
        read_body({"prompt": "a cat", **body})


def test_fields_without_effect_are_reported_up_to_a_number() -> None:
    names = [f"field{number}" for number in range(10_000)]
    reported = ignored_fields(names)
    assert reported == [*names[:MAX_FIELDS], "and 9950 more"]
    assert ignored_fields(["a", "b", "a"]) == ["a", "b"]
    assert ignored_fields(["a" * 5_000]) == ["a" * 60]
    assert ignored_header(names)["x-darkroom-ignored"] == ", ".join(reported)
    assert ignored_header([]) == {}
    assert ignored_header(["a\r\nb", "ü"]) == {"x-darkroom-ignored": "a??b, ?"}


def test_a_refusal_repeats_only_so_much_of_what_was_sent() -> None:
    refusal = InvalidRequest("x" * 100_000, param="y" * 100_000)
    assert (len(refusal.message), len(refusal.param or "")) == (2_000, 200)
    assert len(str(refusal)) == 2_000


@pytest.mark.parametrize("value", ["9" * 5_000, "1e9", 1e400, float("nan"), 1.5, True, None, [1]])
def test_an_upstream_value_that_is_not_a_whole_number_is_dropped(value: object) -> None:
    assert whole_number(value) is None
    assert (whole_number("12"), whole_number(12.0), whole_number(10**30)) == (12, 12, None)


def test_the_depth_of_a_preview_is_bounded() -> None:
    value: Any = []
    with pytest.raises(UnreadableDiff):
        for depth in range(5_000):
            value = apply_edits(value, [["add", [0] * depth, []]])


def test_styles_are_applied_in_their_order() -> None:
    prompt, _ = apply_styles("a cat", "", ["Photograph", "nobody's", "Watercolour"])
    assert prompt.startswith("a cat, photograph")
    assert "watercolour" in prompt


async def send(path: str, document: dict[str, Any]) -> Reply:
    log: list[Any] = []
    body = json.dumps(document).encode()
    reply = await handle(
        request("POST", path, body), gateway(FakeProvider([[PAINTED]])), log.append
    )
    assert "traceback" not in log[0], log[0]["traceback"]
    return reply


MANY = {f"field{number}": 1 for number in range(5_000)}
LONG = "a" * 100_000
REFUSED: list[tuple[str, dict[str, Any], int]] = [
    ("/sdapi/v1/txt2img", {"prompt": "a cat", "styles": ["Photograph"] * 10_000}, 422),
    ("/sdapi/v1/txt2img", {"prompt": "a cat", "styles": list(range(10_000))}, 422),
    ("/sdapi/v1/txt2img", {"infotext": LONG}, 422),
    ("/sdapi/v1/txt2img", {"prompt": "a cat", "model": LONG}, 404),
    ("/sdapi/v1/txt2img", {"prompt": "a cat", "override_settings": {"sd_model_checkpoint": LONG}}, 404),
    ("/sdapi/v1/txt2img", {"prompt": "a cat", "sampler_name": LONG}, 400),
    ("/sdapi/v1/options", {"sd_model_checkpoint": LONG}, 404),
    ("/sdapi/v1/interrogate", {"image": "x", "model": f"qwen/{LONG}"}, 400),
    ("/sdapi/v1/extra-single-image", {"image": "x", "upscaler_1": LONG}, 400),
    ("/v1/images/generations", {"prompt": "a cat", "model": ["z-image-turbo"] * 10_000}, 400),
    ("/v1/images/generations", {"prompt": "a cat", "model": LONG}, 404),
    ("/v1/images/generations", {"prompt": "a cat", "size": LONG}, 400),
    ("/v1/images/generations", {"prompt": "a cat", f"size[{'1' * 100_000}]": 7}, 400),
    ("/v1/chat/completions", {"model": f"qwen/{LONG}", "messages": [{"role": "user", "content": "x"}]}, 404),
    ("/v1/chat/completions", {"model": LONG, "messages": [{"role": "user", "content": "x"}]}, 404),
    ("/v1/responses", {"input": "a cat", "model": ["z-image-turbo"] * 10_000}, 400),
    (f"/v1beta/models/{'a' * 5_000}:generateContent", {"contents": [{"parts": [{"text": "a"}]}]}, 404),
    ("/v2/image/qwen/generate", {"prompt": "a cat", "model": LONG}, 404),
    ("/v2/automatic1111/sdapi/v1/txt2img", {"prompt": "a cat", "model": LONG}, 404),
    (f"/hf-inference/models/{'a' * 5_000}", {"inputs": "a cat"}, 404),
    ("/api/generate", {"prompt": "a cat", "model": ["z-image-turbo"] * 10_000}, 400),
    ("/api/generate", {"prompt": "a cat", "model": LONG}, 404),
    ("/api/generate", {"prompt": "a cat", "template": LONG}, 422),
    ("/api/rewrite", {"prompt": "a cat", "model": LONG}, 404),
]  # fmt: skip


@pytest.mark.parametrize(("path", "document", "status"), REFUSED)
async def test_a_refusal_is_short_whatever_was_sent(
    path: str, document: dict[str, Any], status: int
) -> None:
    reply = await send(path, document)
    reported = json.dumps(await json_of(reply))
    assert reply.status == status, reported[:300]
    assert len(reported) < 10_000, reported[:300]
    assert sum(map(len, reply.headers.values())) < 4_000


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/sdapi/v1/txt2img", {"prompt": "a cat"}),
        ("/sdapi/v1/options", {}),
        ("/v1/images/generations", {"prompt": "a cat"}),
        ("/v1/responses", {"input": "a cat", "tools": [{"type": "image_generation"}]}),
        ("/v2/image/qwen/generate", {"prompt": "a cat"}),
        ("/hf-inference/models/z-image-turbo", {"inputs": "a cat"}),
        ("/api/generate", {"prompt": "a cat"}),
        ("/api/format-prompt", {"prompt": "a cat"}),
    ],
)
async def test_thousands_of_unknown_fields_are_counted_and_not_repeated(
    path: str, document: dict[str, Any]
) -> None:
    reply = await send(path, {**document, **MANY})
    answer = await json_of(reply) if "json" in reply.headers["content-type"] else None
    if isinstance(answer, dict):
        answer.pop("parameters", None)  # of AUTOMATIC1111, which is the request itself
    reported = json.dumps(answer)
    assert reply.status in (200, 422), reported[:300]
    assert len(reported) + sum(map(len, reply.headers.values())) < 15_000
    if reply.status == 200:
        assert " more" in reported + reply.headers.get("x-darkroom-ignored", "")
