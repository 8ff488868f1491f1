"""JSON from outside: how much of it is read, and that one reader reads it all."""

import ast
import json
import math
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.app import handle
from darkroom.blob import BytesBlob
from darkroom.catalog.catalog import load_catalog
from darkroom.errors import Failure
from darkroom.json_reader import (
    ANSWER,
    EVENT,
    FIELDS,
    LIFT_FROM_BYTES,
    LIFTED_STRING_BYTES,
    MAX_DEPTH,
    NestedTooDeeply,
    NoSuchNumber,
    TooManyValues,
    TooMuchText,
    UnreadableJson,
    parse_json,
    parse_json_bytes,
)
from darkroom.json_writer import TextBlob
from darkroom.providers.error_mapping import UpstreamError, map_error, read_text
from darkroom.providers.gradio.config import SignatureCache
from darkroom.providers.gradio.diffs import MAX_VALUES, OutputDiffs, UnreadableDiff
from darkroom.providers.registry import build_providers
from darkroom.providers.response_images import find_pictures, whole_number
from darkroom.settings import Settings
from tests.support.fakes import PNG, FakeHttp, FakeProvider, FakeReply, gateway, json_of, request
from tests.support.gateways import real_gateway
from tests.support.runs import job_of, route_to, run

PROVIDERS = build_providers(Settings(poll_delays_s=(0.001,)), lambda: "token", SignatureCache())
SRC = Path(__file__).parents[2] / "src" / "darkroom"
BASE64_PNG = b64encode(PNG).decode()
LONG = "A" * (LIFTED_STRING_BYTES + 1)
OPENINGS = ["[", '{"a":', '["]}",', '{"error":{"message":']


def deep(depth: int, opening: str = "[") -> bytes:
    return (opening * depth).encode()


@pytest.mark.parametrize("opening", OPENINGS)
@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 1_000, 5_000, 100_000])
def test_depth_is_counted_before_anything_is_parsed(opening: str, depth: int) -> None:
    for limits in (FIELDS, ANSWER, EVENT):
        with pytest.raises((NestedTooDeeply, TooManyValues, TooMuchText)):
            parse_json_bytes(deep(depth, opening), limits)


def test_brackets_in_strings_are_no_levels() -> None:
    text = json.dumps(["[" * 1_000, '\\"[' * 1_000]).encode()
    assert parse_json_bytes(text) == json.loads(text)


@pytest.mark.parametrize("unit", ["{}", "[]", "1", '""', "null", "[[]]", '{"a":[]}'])
def test_values_are_counted_before_anything_is_parsed(unit: str) -> None:
    document = f"[{','.join([unit] * 10_001)}]".encode()
    with pytest.raises(TooManyValues):
        parse_json_bytes(document)


def test_commas_in_texts_are_no_values() -> None:
    text = json.dumps({"prompt": "a, b, " * 20_000}).encode()
    assert parse_json_bytes(text, ANSWER)["prompt"].startswith("a, b")


@pytest.mark.parametrize("unit", [b'""', b"]", b"}", b'"\\""'])
def test_counting_itself_comes_to_an_end(unit: bytes) -> None:
    text = b'"' + b"," * 10_001 + b'"' + unit * 2_000_000
    with pytest.raises(UnreadableJson):
        parse_json_bytes(text, EVENT)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity", "-Infinity", "9" * 41])
def test_odd_numbers_are_refused_of_callers_and_left_out_of_answers(number: str) -> None:
    text = f'{{"seed": {number}, "n": 1}}'.encode()
    with pytest.raises(NoSuchNumber):
        parse_json_bytes(text, FIELDS)
    assert parse_json_bytes(text, ANSWER) == {"seed": None, "n": 1}


def test_honest_numbers_are_read_whole() -> None:
    text = b"[18446744073709551615, -1, 1.5, 1e3, 0]"
    assert parse_json_bytes(text, FIELDS) == [2**64 - 1, -1, 1.5, 1000.0, 0]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (rb"a \ud83d cat", "a \ufffd cat"), (rb"\udc00", "\ufffd"), (rb"cut \uD83D", "cut \ufffd"),
        (rb"\ud83d\ude00", "\U0001f600"), (rb"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
        (rb"\ude00\ud83d", "\ufffd\ufffd"), (b"\xed\xa0\xbd", "\ufffd"), (rb"\\ud83d", r"\ud83d"),
    ],
)  # fmt: skip
def test_half_a_character_is_read_as_the_mark_for_it(written: bytes, text: str) -> None:
    for limits in (FIELDS, ANSWER):
        document = b'{"%b": [{"a": "%b", "b": 1}]}' % (written, written)
        assert parse_json_bytes(document, limits) == {text: [{"a": text, "b": 1}]}


def large(*values: object) -> BytesBlob:
    return BytesBlob(json.dumps({"pad": "B" * LIFT_FROM_BYTES, "values": values}).encode())


def test_a_large_body_may_hold_pictures_and_few_words() -> None:
    read = parse_json(large(LONG, "a cat", LONG), FIELDS)
    assert isinstance(read["pad"], TextBlob)
    assert [type(value) for value in read["values"]] == [TextBlob, str, TextBlob]


@pytest.mark.parametrize("words", [["x" * 1_000] * 300, ["\\" * 300_000], ['"' * 200_000]])
def test_text_other_than_pictures_has_a_limit_of_its_own(words: list[str]) -> None:
    with pytest.raises(TooMuchText):
        parse_json(large(*words), FIELDS)


def test_of_fields_that_repeat_the_last_counts() -> None:
    first, last = "A" * 100_000, "B" * 200_000
    raw = f'{{"image": "{first}", "image": "{last}"}}'.encode()
    assert parse_json(BytesBlob(raw))["image"].content.size == len(last)


def test_a_long_name_of_a_field_takes_no_others_place() -> None:
    raw = json.dumps({LONG: "x", "image": "B" * 300_000}).encode()
    assert parse_json(BytesBlob(raw))["image"].content.size == 300_000


@pytest.mark.parametrize(
    "raw",
    [b'{"a": "' + b"x" * 400_000, b'"' * 300_001, b"\\" * 300_000, b'{"a": "' + b'\\"' * 200_000],
)
def test_a_large_body_that_is_broken_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):
        parse_json(BytesBlob(raw), FIELDS)


@given(st.binary(max_size=300) | st.text(alphabet='[]{}",:\\ 0eEN', max_size=300).map(str.encode))
def test_any_bytes_are_parsed_or_refused(raw: bytes) -> None:
    for limits in (FIELDS, ANSWER):
        try:
            parse_json_bytes(raw, limits)
        except ValueError:
            continue


@pytest.mark.parametrize("name", ["prompt", "user", "model", "negative_prompt", "style"])
@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("openai/gpt-image-2", "/v1/images/edits"), ("openai/gpt-image-2", "/v1/images/generations"),
        ("pollinations/flux", "/v1/images/generations"), ("z-image-turbo", "/v1/images/generations"),
        ("gitee/Qwen-Image", "/v1/images/generations"), ("bfl/kontext", "/v1/images/edits"),
    ],
)  # fmt: skip
async def test_half_a_character_in_a_field_is_no_mistake_of_ours(
    model: str, path: str, name: str
) -> None:
    log: list[Any] = []
    body = {"model": model, "prompt": "a cat", "image": f"data:image/png;base64,{BASE64_PNG}"}
    fields = {**body, name: f"{body.get(name, '')}\ud83d"}
    token = f"{model.partition('/')[0]}:token"
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    if "/" not in model or model.startswith("pollinations"):
        del headers["authorization"]
    gate = real_gateway(load_catalog(), FakeHttp({"": [FakeReply(500)]}), Settings())
    reply = await handle(request("POST", path, fields, headers), gate, log.append)
    assert reply.status in (400, 404, 502, 503)
    assert "traceback" not in log[0]


POSTS = [
    "/v1/images/generations", "/v1/chat/completions", "/v1/responses", "/v1/prompts/enhance",
    "/v1beta/models/z-image-turbo:generateContent", "/hf-inference/models/z-image-turbo",
    "/v2/image/qwen/generate", "/sdapi/v1/txt2img", "/sdapi/v1/options", "/sdapi/v1/png-info",
    "/api/generate", "/api/format-prompt", "/api/rewrite", "/api/encode", "/api/vl/extract",
]  # fmt: skip
HOSTILE = {
    "300 kB of empty texts": b"[" + b'"",' * 100_000 + b'""]',
    "1 MB of empty objects": b'{"a":[' + b"{}," * 350_000 + b"{}]}",
    "4 MB of ones": b'{"prompt":"a","a":[' + b"1," * 2_000_000 + b"1]}",
    "1 MB of unknown fields": json.dumps({f"f{n}": n for n in range(70_000)}).encode(),
    "300,000 messages": b'{"messages":[' + b'{"role":"user"},' * 300_000 + b"{}]}",
    "100,000 items": b'{"input":[' + b"{}," * 100_000 + b"{}]}",
    "a huge number": b'{"prompt":"a","seed":1e999}',
    "not a number": b'{"prompt":"a","seed":NaN}',
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("path", POSTS)
async def test_no_body_of_many_values_is_read_by_any_route(path: str, kind: str) -> None:
    log: list[Any] = []
    headers = {"content-type": "application/json"}
    requested = request("POST", path, HOSTILE[kind], headers)
    reply = await handle(requested, gateway(FakeProvider([[]])), log.append)
    assert reply.status in (400, 413, 422), await json_of(reply)
    assert "traceback" not in log[0]


@pytest.mark.parametrize(("field", "path"), [
    ("messages", "/v1/chat/completions"), ("input", "/v1/responses"),
    ("contents", "/v1beta/models/z-image-turbo:generateContent"),
])  # fmt: skip
async def test_a_conversation_has_a_bound_that_says_so(field: str, path: str) -> None:
    turns = [{"role": "user", "content": "a", "parts": []}] * 2_001
    requested = {"model": "z-image-turbo", field: turns}
    headers = {"content-type": "application/json"}
    reply = await handle(
        request("POST", path, requested, headers), gateway(FakeProvider([[]])), lambda entry: None
    )
    assert reply.status == 400
    assert f"{field}: at most 2000 entries" in str(await json_of(reply))


ERRORS = [
    deep(5_000), deep(50_000), deep(5_000, '{"error":'), deep(3_000, '[{"message":'),
    b"[" * 5_000 + b"]" * 5_000, b'{"error":' * 500 + b'"x"' + b"}" * 500,
    b'{"errors":[' * 99 + b"]}" * 99, b"[" + b"{}," * 100_000 + b"{}]",
    b'{"error":{"code":1e999,"message":["x"]},"retry_after":NaN}',
]  # fmt: skip


@pytest.mark.parametrize("body", ERRORS, ids=lambda body: repr(body[:20]))
def test_an_error_body_of_any_kind_is_sorted(body: bytes) -> None:
    for status in (200, 400, 401, 402, 404, 422, 429, 500, 503):
        failure = map_error(UpstreamError(status, {}, read_text(body)), "Somebody")
        assert isinstance(failure, Failure)
        assert len(failure.message) < 1_000


@pytest.mark.parametrize("body", ERRORS, ids=lambda body: repr(body[:20]))
@pytest.mark.parametrize(
    "name",
    ["gitee/z-image-turbo", "ms/flux-2", "siliconflow/Qwen/Qwen-Image", "bfl/flux-2-pro",
     "gemini-2.5-flash-image", "qwen/qwen-image", "openai/gpt-image-1.5", "a1111/default",
     "studio/z-image", "pollinations/flux", "z-image-turbo"],
)  # fmt: skip
@pytest.mark.parametrize("status", [200, 400])
async def test_every_provider_fails_in_good_order(name: str, status: int, body: bytes) -> None:
    reply = FakeReply(status, {"content-type": "application/json"}, [body])
    gate = gateway(http=FakeHttp({"": [reply]}))
    base = (
        {"base": "https://api.example.com"}
        if name.split("/", maxsplit=1)[0] in ("a1111", "studio")
        else {}
    )
    route = route_to(name, "token", base)
    with pytest.raises(Failure):
        await run(PROVIDERS[route.provider.protocol], job_of(), route, gate.http)


def test_forwarded_numbers_are_whole_and_at_most_2_to_the_53() -> None:
    reported = [2**53, "42", 7.0, -3]
    assert [whole_number(value) for value in reported] == [2**53, 42, 7, -3]
    odd = [2**53 + 1, 1e308, 0.5, "9" * 41, "9" * 30, True, None, [], "x", math.inf, math.nan]
    assert [whole_number(value) for value in odd] == [None] * len(odd)


def test_of_endless_pictures_the_first_are_taken() -> None:
    answer = {"data": [{"url": f"https://files.example.com/{n}.png"} for n in range(20_000)]}
    assert len(find_pictures(answer)) == 64


def test_diffs_without_end_are_given_up() -> None:
    diffs = OutputDiffs()
    diffs.update([["x"]])
    with pytest.raises(UnreadableDiff):
        for number in range(MAX_VALUES + 1):
            diffs.update([[["add", [number], "x"]]])


def test_a_text_that_grows_with_each_diff_is_given_up() -> None:
    diffs = OutputDiffs()
    diffs.update(["x"])
    with pytest.raises(UnreadableDiff):
        for _ in range(20):
            diffs.update([[["append", [], "x" * 1_000_000]]])


def test_one_reader_reads_all_that_comes_from_outside() -> None:
    """Whoever else parses JSON reads what Darkroom itself wrote, or the operator's settings."""
    own = {
        "json_reader.py", "settings.py", "ai_settings.py", "generation/result_cache.py",
        "dialects/studio/vision_cache.py", "edge/progress.py", "edge/cooldowns.py",
        "edge/model_health.py",
        "edge/object_storage.py", "edge/object_rpc.py", "edge/history.py",
        "edge/database.py", "edge/journal.py", "edge/gateway_keys.py", "stores/budget.py",
        "dialects/relay/models.py", "tasks/stored_request.py", "tasks/idempotency.py", "tasks/record.py",
    }  # fmt: skip
    found = set()
    for path in SRC.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("loads", "load", "JSONDecoder"):
                if ast.unparse(node).startswith("json."):
                    found.add(str(path.relative_to(SRC)))
    assert found == own


@pytest.mark.parametrize(
    "path",
    ["/v1/prompts/enhance", "/v1/prompts/translate", "/sdapi/v1/options", "/api/format-prompt",
     "/api/encode", "/api/save-embeddings"],
)  # fmt: skip
async def test_bodies_that_hold_no_picture_are_small(path: str) -> None:
    large = b'{"prompt": "' + b"x" * 300_000 + b'"}'
    headers = {"content-type": "application/json"}
    reply = await handle(request("POST", path, large, headers), gateway(), lambda entry: None)
    assert reply.status == 413
