"""OpenAI's own images: strict requests, partial images as they come, failures inside a stream."""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from darkroom.blob import BytesBlob
from darkroom.errors import (
    ContentRefused,
    CredentialRefused,
    DeadlineExceeded,
    Failure,
    InvalidRequest,
    JobFailed,
    JobLost,
    QuotaExhausted,
    RateLimited,
    UpstreamBroken,
    UpstreamGlitch,
    UpstreamRefused,
    UpstreamUnavailable,
)
from darkroom.events import Finished, Preview
from darkroom.http import Pause
from darkroom.image import ImageFile
from darkroom.job import Size
from darkroom.masks import Mask
from darkroom.providers.openai import OpenAI, whole_usage
from darkroom.sse import MAX_EVENT_BYTES
from tests.support.fakes import PNG, WEBP, FakeClock, FakeHttp, FakeReply
from tests.support.masks import BY_ALPHA, BY_BRIGHTNESS, ERASED, pixels_of
from tests.support.routes import (
    CATALOG,
    KEY,
    PNG_BASE64,
    Broken,
    answer,
    end_of,
    events_of,
    failure_of,
    page,
    source,
    start,
    stream,
)

OPENAI = OpenAI(new_boundary=lambda: "boundary")
GPT, CLASSIC = "openai/gpt-image-2", "openai/gpt-image-1-mini"
USAGE = {
    "total_tokens": 1030,
    "input_tokens": 6,
    "output_tokens": 1024,
    "input_tokens_details": {"text_tokens": 6, "image_tokens": 0},
    "output_tokens_details": {"text_tokens": 0, "image_tokens": 1024},
}


def partial(kind: str = "image_generation", index: int = 0) -> dict[str, Any]:
    return {
        "type": f"{kind}.partial_image",
        "b64_json": PNG_BASE64,
        "partial_image_index": index,
        "created_at": 1_780_000_000,
        "size": "1024x1024",
        "quality": "medium",
        "background": "opaque",
        "output_format": "png",
    }


def completed(kind: str = "image_generation", **more: Any) -> dict[str, Any]:
    return {**partial(kind), "type": f"{kind}.completed", "usage": USAGE, **more}


def studio(reply: FakeReply | Exception | None = None) -> FakeHttp:
    return FakeHttp({"": [stream(completed()) if reply is None else reply]})


def refusal(code: str | None, type_: str, message: str = "look here") -> dict[str, Any]:
    return {"error": {"message": message, "type": type_, "param": None, "code": code}}


async def test_a_job_goes_out_as_a_stream_with_nothing_that_openai_does_not_know() -> None:
    http = studio()
    requested = {"negative_prompt": "blur", "steps": 9, "guidance_scale": 2, "prompt_enhance": True}
    await events_of(OPENAI, GPT, http, size=Size(1536, 864), **requested)
    (sent,) = http.sent
    assert (sent.method, sent.url) == ("POST", "https://api.openai.com/v1/images/generations")
    assert sent.headers == {
        "authorization": f"Bearer {KEY}",
        "content-type": "application/json",
    }
    assert sent.json == {
        "model": "gpt-image-2",
        "prompt": "a cat",
        "n": 1,
        "size": "1536x864",
        "stream": True,
        "partial_images": 2,
    }


@pytest.mark.parametrize("model", [m for m in CATALOG.models if m.provider.id == "openai"])
async def test_no_model_is_sent_a_response_format_or_a_seed(model: Any) -> None:
    http = studio()
    await events_of(OPENAI, model.id, http)
    assert not {"response_format", "seed"} & http.sent[0].json.keys()
    assert http.sent[0].json["model"] == model.upstreams[0].id


async def test_an_older_model_is_sent_the_nearest_of_its_three_sizes() -> None:
    http = studio()
    await events_of(OPENAI, CLASSIC, http, size=Size(1920, 1080))
    assert http.sent[0].json["size"] == "1536x1024"


async def test_an_edit_goes_out_as_a_form_with_its_files() -> None:
    http = studio(stream(completed("image_edit")))
    images = (ImageFile(data=BytesBlob(PNG)), ImageFile(data=BytesBlob(WEBP)))
    finished = await end_of(
        OPENAI, GPT, http, images=images, mask=Mask(BY_ALPHA), size=Size(1024, 1024)
    )
    (sent,) = http.sent
    assert (sent.method, sent.url) == ("POST", "https://api.openai.com/v1/images/edits")
    assert sent.headers["content-type"] == "multipart/form-data; boundary=boundary"
    assert (sent.body or b"").split(b"--boundary") == [
        b"",
        b'\r\nContent-Disposition: form-data; name="model"\r\n\r\ngpt-image-2\r\n',
        b'\r\nContent-Disposition: form-data; name="prompt"\r\n\r\na cat\r\n',
        b'\r\nContent-Disposition: form-data; name="n"\r\n\r\n1\r\n',
        b'\r\nContent-Disposition: form-data; name="size"\r\n\r\n1024x1024\r\n',
        b'\r\nContent-Disposition: form-data; name="stream"\r\n\r\ntrue\r\n',
        b'\r\nContent-Disposition: form-data; name="partial_images"\r\n\r\n2\r\n',
        b'\r\nContent-Disposition: form-data; name="image[]"; filename="image-1.png"\r\n'
        b"Content-Type: image/png\r\n\r\n" + PNG + b"\r\n",
        b'\r\nContent-Disposition: form-data; name="image[]"; filename="image-2.webp"\r\n'
        b"Content-Type: image/webp\r\n\r\n" + WEBP + b"\r\n",
        b'\r\nContent-Disposition: form-data; name="mask"; filename="mask.png"\r\n'
        b"Content-Type: image/png\r\n\r\n" + BY_ALPHA.read(0, 999) + b"\r\n",
        b"--\r\n",
    ]
    assert finished.usage == USAGE


async def test_a_mask_in_black_and_white_goes_out_erased() -> None:
    http = studio(stream(completed("image_edit")))
    await events_of(OPENAI, GPT, http, mask=Mask(BY_BRIGHTNESS), **source())
    part = (http.sent[0].body or b"").partition(b'filename="mask.png"\r\nContent-Type: image/png')[
        2
    ]
    assert pixels_of(part.removeprefix(b"\r\n\r\n")) == ERASED


async def test_a_picture_without_a_size_leaves_it_to_the_model() -> None:
    http = studio()
    await events_of(OPENAI, GPT, http)
    assert http.sent[0].json["size"] == "auto"


async def test_an_edit_without_a_size_leaves_it_to_the_model() -> None:
    http = studio()
    await events_of(OPENAI, GPT, http, **source())
    assert b'name="size"\r\n\r\nauto\r\n' in (http.sent[0].body or b"")


@pytest.mark.parametrize("kind", ["image_generation", "image_edit"])
async def test_partial_images_are_passed_on_as_they_come(kind: str) -> None:
    reported = stream(
        partial(kind, 0), partial(kind, 1), completed(kind, revised_prompt="a fluffy cat")
    )
    first, second, finished = await events_of(OPENAI, GPT, studio(reported))
    for preview in (first, second):
        assert isinstance(preview, Preview)
        assert preview.picture.file is not None
        assert preview.picture.file.format == "png"
    assert isinstance(finished, Finished)
    assert finished.revised_prompt == "a fluffy cat"
    assert finished.usage == USAGE
    assert finished.seed is None
    (picture,) = finished.pictures
    assert picture.file is not None
    assert picture.file.data is None, "it stays text"


async def test_a_preview_is_shown_before_the_next_one_is_read() -> None:
    arrived = asyncio.Event()

    class Slow(FakeReply):
        async def chunks(self, *, idle_s: float, pause_s: Pause | None = None) -> Any:
            yield stream(partial()).pieces[0]
            await arrived.wait()
            yield stream(completed()).pieces[0]

    async with aclosing(
        start(OPENAI, GPT, studio(Slow(200, {"content-type": "text/event-stream"})))
    ) as events:
        assert isinstance(await anext(events), Preview)
        arrived.set()
        assert isinstance(await anext(events), Finished)


async def test_a_large_picture_in_a_stream_never_becomes_a_string() -> None:
    large = PNG_BASE64[:88] + "A" * 400_000
    finished = await end_of(OPENAI, GPT, studio(stream(completed(b64_json=large))))
    file = finished.pictures[0].file
    assert file is not None
    assert file.base64 is not None
    assert (file.base64.size, file.format) == (400_088, "png")


async def test_unknown_stream_events_are_ignored() -> None:
    odd = b": keep-alive\n\ndata: not json\n\ndata: [1]\n\nevent: ping\ndata: {}\n\n"
    empty = {"type": "image_generation.partial_image", "b64_json": ""}
    (finished,) = await events_of(OPENAI, GPT, studio(stream(odd, empty, completed())))
    assert isinstance(finished, Finished)


async def test_a_stream_that_goes_on_after_the_picture_is_not_read_on() -> None:
    await events_of(OPENAI, GPT, studio(stream(completed(), b"data: [DONE]\n\n", OSError("read"))))


@pytest.mark.parametrize("size", [Size(2048, 1040), Size(3840, 2160)])
async def test_a_picture_too_large_to_be_streamed_is_requested_in_one_piece(size: Size) -> None:
    for requested in ({}, source()):
        reported = answer({"created": 1, "data": [{"b64_json": PNG_BASE64}], "usage": USAGE})
        http = studio(reported)
        finished = await end_of(OPENAI, GPT, http, size=size, **requested)
        assert b"stream" not in (http.sent[0].body or b"")
        assert b"partial_images" not in (http.sent[0].body or b"")
        assert finished.usage == USAGE


async def test_an_answer_in_one_piece_is_read_as_well() -> None:
    data = [{"b64_json": PNG_BASE64, "revised_prompt": "a fluffy cat"}]
    finished = await end_of(OPENAI, GPT, studio(answer({"created": 1, "data": data})))
    assert finished.pictures[0].file is not None
    assert (finished.revised_prompt, finished.usage) == ("a fluffy cat", None)


@pytest.mark.parametrize("reported", [{"created": 1, "data": []}, {"data": [{}]}, {}])
async def test_an_answer_without_a_picture_is_a_failure(reported: dict[str, Any]) -> None:
    failure, _ = await failure_of(OPENAI, GPT, studio(answer(reported)))
    assert (type(failure), failure.code) == (JobFailed, "no_image")


@pytest.mark.parametrize(
    "usage",
    [
        None,
        "many",
        {},
        {**USAGE, "total_tokens": None},
        {**USAGE, "output_tokens": 10.5},
        {**USAGE, "input_tokens": True},
        {**USAGE, "input_tokens_details": None},
        {**USAGE, "input_tokens_details": {"text_tokens": 6}},
    ],
)
def test_a_count_that_is_not_whole_is_not_reported(usage: object) -> None:
    assert whole_usage(usage) is None


def test_details_of_the_output_are_reported_where_they_are_whole() -> None:
    assert whole_usage(USAGE) == USAGE
    less = {name: value for name, value in USAGE.items() if name != "output_tokens_details"}
    assert whole_usage({**USAGE, "output_tokens_details": {"image_tokens": None}}) == less


REFUSALS: list[tuple[int, str | None, str, type[Failure]]] = [
    (400, "moderation_blocked", "image_generation_user_error", ContentRefused),
    (400, "content_policy_violation", "invalid_request_error", ContentRefused),
    (401, "invalid_api_key", "invalid_request_error", CredentialRefused),
    (429, "rate_limit_exceeded", "requests", RateLimited),
    (429, "insufficient_quota", "insufficient_quota", QuotaExhausted),
]


@pytest.mark.parametrize(
    ("status", "code", "type_", "kind"),
    [
        *REFUSALS,
        (400, "unknown_parameter", "invalid_request_error", InvalidRequest),
        (400, "invalid_value", "image_generation_user_error", ContentRefused),
        (403, None, "invalid_request_error", CredentialRefused),
        (404, "model_not_found", "invalid_request_error", UpstreamRefused),
        (500, "server_error", "server_error", UpstreamBroken),
        (503, None, "server_error", UpstreamGlitch),
    ],
)
async def test_a_refusal_is_reported_as_what_it_is_before_any_event(
    status: int, code: str | None, type_: str, kind: type[Failure]
) -> None:
    failure, events = await failure_of(OPENAI, GPT, studio(answer(refusal(code, type_), status)))
    assert type(failure) is kind
    assert "look here" in failure.message
    assert events == []


async def test_the_wait_that_a_refusal_names_is_kept() -> None:
    reported = answer(refusal("rate_limit_exceeded", "requests"), 429, retry_after="2")
    failure, _ = await failure_of(OPENAI, GPT, studio(reported))
    assert failure.retry_after_s == 2


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (page(), UpstreamBroken),
        (page(502), UpstreamBroken),
        (answer(["not", "an", "object"]), UpstreamBroken),
        (ConnectionError("reset"), UpstreamUnavailable),
        (Broken(), JobLost),
    ],
)
async def test_a_malformed_or_broken_answer_is_reported(
    reply: FakeReply | Exception, kind: type[Failure]
) -> None:
    failure, events = await failure_of(OPENAI, GPT, studio(reply))
    assert (type(failure), events) == (kind, [])


@pytest.mark.parametrize(("status", "code", "type_", "kind"), REFUSALS)
async def test_a_refusal_inside_the_stream_is_reported_as_what_it_is(
    status: int, code: str | None, type_: str, kind: type[Failure]
) -> None:
    failure, events = await failure_of(
        OPENAI, GPT, studio(stream(partial(), {"type": "error", **refusal(code, type_)}))
    )
    assert (type(failure), failure.status) == (kind, status)
    assert "look here" in failure.message
    assert len(events) == 1


@pytest.mark.parametrize(
    "error",
    [
        {"type": "error", **refusal("server_error", "server_error")},
        refusal("server_error", "server_error"),
        refusal(None, "invalid_request_error"),
        {"type": "error", "code": "server_error", "message": "look here", "param": None},
    ],
)
async def test_any_other_failure_inside_the_stream_is_a_job_that_failed(
    error: dict[str, Any],
) -> None:
    failure, _ = await failure_of(OPENAI, GPT, studio(stream(partial(), error)))
    assert type(failure) is JobFailed
    assert failure.dispatched
    assert "failed: look here" in failure.message


async def test_a_failure_inside_the_stream_need_not_say_why() -> None:
    failure, _ = await failure_of(OPENAI, GPT, studio(stream({"type": "error", "message": None})))
    assert type(failure) is JobFailed
    assert "did not say why" in failure.message


async def test_a_stream_that_ends_without_a_picture_made_none() -> None:
    failure, events = await failure_of(OPENAI, GPT, studio(stream(partial())))
    assert (type(failure), failure.code) == (JobFailed, "no_image")
    assert len(events) == 1


@pytest.mark.parametrize("b64_json", [None, "", "nothing"])
async def test_an_end_without_a_picture_is_a_failure(b64_json: object) -> None:
    failure, _ = await failure_of(OPENAI, GPT, studio(stream(completed(b64_json=b64_json))))
    assert (type(failure), failure.code) == (JobFailed, "no_image")


@pytest.mark.parametrize(
    ("error", "words"),
    [(ConnectionError("reset"), "broke off"), (TimeoutError(), "fell silent for 180 s")],
)
async def test_a_stream_that_breaks_off_has_lost_the_job(error: Exception, words: str) -> None:
    failure, events = await failure_of(OPENAI, GPT, studio(stream(partial(), error)))
    assert type(failure) is JobLost
    assert words in failure.message
    assert len(events) == 1


async def test_an_event_too_large_to_hold_says_what_to_do() -> None:
    huge = b"data: " + b"A" * (MAX_EVENT_BYTES + 1)
    failure, _ = await failure_of(OPENAI, GPT, studio(stream(huge)))
    assert type(failure) is JobFailed
    assert "Ask for a smaller size" in failure.message


async def test_a_caller_who_leaves_breaks_the_stream_off() -> None:
    http = studio(stream(partial(), partial(), completed()))
    events = start(OPENAI, GPT, http)
    assert isinstance(await anext(events), Preview)
    await events.aclose()
    assert all(reply.closed for reply in http.replies)


async def test_when_the_time_is_up_a_silent_server_is_waited_for_no_longer() -> None:
    class Silent(FakeHttp):
        async def send(self, *args: Any, **kwargs: Any) -> FakeReply:
            await asyncio.sleep(60)
            raise AssertionError

    clock = FakeClock()
    events = start(OPENAI, GPT, Silent({}), clock)
    clock.now += 100
    with pytest.raises(DeadlineExceeded):
        await anext(events)
