"""What a recording of wire answers masks, and what it must not."""

import httpx
import pytest

from bench.wire_answers import Answer, Masks, compare

MASKS = Masks({"127.0.0.1:8787": "darkroom"})
ONE, OTHER = "0123456789abcdef" * 2, "fedcba9876543210" * 2
TASK = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f'"a": "req_{ONE}", "b": "req_{OTHER}", "c": "req_{ONE}"',
         '"a": "req_<id 1>", "b": "req_<id 2>", "c": "req_<id 1>"'),
        (f"http://127.0.0.1:8787/media/{ONE}.png", "http://<darkroom>/media/<id 1>.png"),
        (f"direct:{TASK}", "direct:<id 1>"),
        ('"created":1795910400', '"created":<time>'),
        ("filename=layer_1795910400.png", "filename=layer_<time>.png"),
        ("until 2026-11-29T02:18:00Z", "until <time>"),
        ('"gen_time": 0.25, "steps": 9', '"gen_time": <seconds>, "steps": 9'),
        ('{"id": 3766314513611244}', '{"id": <id 1>}'),
    ],
)  # fmt: skip
def test_values_that_change_with_every_recording_are_masked(text: str, masked: str) -> None:
    assert MASKS.text(text) == masked


@pytest.mark.parametrize(
    "text",
    ['{"seed":42, "size":"512x512"}', '{ "b":1,"a":null }', f'etag "{ONE}"', '"progress":0.5'],
)
def test_all_else_stays_byte_for_byte(text: str) -> None:
    assert MASKS.text(text) == text


def test_seeds_and_pictures_are_masked_where_they_are_drawn() -> None:
    text = f'{{"seed": 1795910400, "b64_json": "{"QUJD" * 100}"}}'
    assert MASKS.text(text, random=True) == '{"seed": <seed>, "b64_json": "<base64>"}'
    text = text.replace("1795910400", "42")
    assert '"seed": 42, "b64_json": "<base64 of 400 characters, sha256 ' in MASKS.text(text)


def progress(stage: str, step: str) -> str:
    return f'event: progress\ndata: {{"stage":"{stage}","step":{step},"message":"so far"}}\n\n'


def test_progress_of_one_stage_is_one_event_however_often_it_came() -> None:
    end = "event: completed\ndata: {}\n\n"
    often = progress("queued", "null") + progress("running", "1") + progress("running", "2") + end
    once = progress("queued", "null") + ": still working\n\n" + progress("running", "7") + end
    assert MASKS.events(often) == MASKS.events(once)
    assert MASKS.events(often) != MASKS.events(progress("running", "1") + end)
    assert MASKS.events(often) != MASKS.events(often + end)


def test_a_sequence_number_is_masked_only_where_it_counts_on() -> None:
    def events(*numbers: int) -> str:
        return MASKS.events("".join(f'data: {{"sequence_number":{n}}}\n\n' for n in numbers))

    assert events(0, 1).count("<next>") == 2
    assert events(0, 2).count("<next>") == 1


def answer(text: str, **headers: str) -> Answer:
    return MASKS.answer(httpx.Response(200, headers=headers, content=text.encode()))


def test_a_length_is_reported_unless_what_it_counts_is_masked() -> None:
    assert "content-length: 6" in answer("a fish")["headers"]
    assert "content-length: <length>" in answer(f"req_{ONE}")["headers"]


def test_headers_are_sorted_and_times_in_them_masked() -> None:
    headers = {
        "x-request-id": f"req_{ONE}",
        "server-timing": "total;dur=7.5",
        "retry-after": "49432",
    }
    assert answer("", **headers)["headers"] == [
        "retry-after: <long>", "server-timing: total;dur=<ms>",
        "x-request-id: req_<id 1>",
    ]  # fmt: skip
    assert "retry-after: 2" in answer("", **{"retry-after": "2"})["headers"]


def test_a_difference_is_reported_by_the_request_and_the_lines() -> None:
    old, new = {"one": answer('{"a":1,"b":2}')}, {"one": answer('{"a":1,"b":3}')}
    reported = list(compare(old, new))
    assert reported[0] == "\none"
    assert {'-"b":2}', '+"b":3}'} <= set(reported)
    assert not list(compare(old, old))
    assert "+not recorded" in list(compare(old, {}))
