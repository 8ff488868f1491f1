"""Black Forest Labs: what is sent, what comes of each state of a task, and where keys never go."""

import base64
from contextlib import aclosing
from typing import Any

import pytest

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
from darkroom.events import Event, Finished, Preview, Progress, Queued
from darkroom.image import ImageFile
from darkroom.job import Size
from darkroom.masks import Mask
from darkroom.providers.bfl import BlackForestLabs, own_address
from tests.support.fakes import FakeClock, FakeHttp, FakeReply
from tests.support.masks import BY_ALPHA, BY_BRIGHTNESS, pixels_of
from tests.support.routes import (
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
)
from tests.support.runs import route_to

BFL = BlackForestLabs(poll_delays_s=(0.0,))
PRO = "bfl/flux-2-pro"
POLL = "https://api.eu2.bfl.ai/v1/get_result?id=T"
SUBMITTED = {"id": "T", "polling_url": POLL, "cost": 3, "input_mp": None, "output_mp": 1.0}
SAMPLE = "https://delivery.bfl.ai/results/a.png?sig=x"


def state(status: str, **fields: Any) -> dict[str, Any]:
    empty = {"result": None, "progress": None, "details": None, "preview": None}
    return {"id": "T", "status": status, **empty, **fields}


READY = state("Ready", result={"sample": SAMPLE, "seed": 99, "prompt": "a cat"})


def lab(*polls: FakeReply | dict[str, Any] | Exception, **answers: Any) -> FakeHttp:
    """A server that takes the task at any endpoint, and then gives those answers in turn."""
    replies = [answer(poll) if isinstance(poll, dict) else poll for poll in polls or (READY,)]
    submitted = answers.get("submitted", answer(SUBMITTED))
    return FakeHttp({"/get_result": replies, "": [submitted]})


async def sent_by(name: str, **requested: Any) -> Any:
    http = lab()
    await events_of(BFL, name, http, **requested)
    return http.sent[0].json


async def test_a_task_goes_out_with_its_key_and_is_polled_at_its_own_address() -> None:
    http = lab()
    await events_of(BFL, PRO, http)
    submit, poll = http.sent
    assert (submit.method, submit.url) == ("POST", "https://api.bfl.ai/v1/flux-2-pro")
    assert submit.headers == {
        "x-key": KEY,
        "accept": "application/json",
        "content-type": "application/json",
    }
    assert submit.json == {
        "prompt": "a cat",
        "width": 1024,
        "height": 1024,
        "seed": 7,
        "output_format": "png",
    }
    assert (poll.method, poll.url, poll.body) == ("GET", POLL, None)
    assert poll.headers == {"x-key": KEY, "accept": "application/json"}


async def test_flex_is_sent_its_steps_its_guidance_and_whether_to_improve_the_prompt() -> None:
    sent = await sent_by(
        "bfl/flux-2-flex", steps=20, guidance_scale=3.5, prompt_enhance=False, size=Size(512, 768)
    )
    assert sent == {
        "prompt": "a cat",
        "width": 512,
        "height": 768,
        "seed": 7,
        "output_format": "png",
        "steps": 20,
        "guidance": 3.5,
        "prompt_upsampling": False,
    }


@pytest.mark.parametrize("name", ["bfl/flux-pro-1.1-ultra", "bfl/flux-kontext-pro"])
async def test_a_model_of_ratios_is_sent_a_ratio_and_no_pixels(name: str) -> None:
    assert await sent_by(name, size=Size(1920, 1080)) == {
        "prompt": "a cat",
        "aspect_ratio": "16:9",
        "seed": 7,
        "output_format": "png",
        "prompt_upsampling": False,
    }


async def test_the_sources_of_an_edit_go_as_base64_in_numbered_fields() -> None:
    sent = await sent_by(PRO, images=source()["images"] * 3, size=Size(800, 640))
    assert [name for name in sent if "image" in name] == [
        "input_image",
        "input_image_2",
        "input_image_3",
    ]
    assert sent["input_image"] == sent["input_image_3"] == PNG_BASE64
    assert (sent["width"], sent["height"]) == (800, 640)


@pytest.mark.parametrize("name", [PRO, "bfl/flux-kontext-max"])
async def test_an_edit_without_a_size_keeps_that_of_its_source(name: str) -> None:
    sent = await sent_by(name, **source())
    assert not {"width", "height", "aspect_ratio"} & sent.keys()


@pytest.mark.parametrize("mask", [BY_ALPHA, BY_BRIGHTNESS])
async def test_fill_is_sent_its_picture_and_what_may_change_in_white(mask: ImageFile) -> None:
    sent = await sent_by("bfl/flux-pro-1.0-fill", mask=Mask(mask), **source())
    assert pixels_of(base64.b64decode(sent.pop("mask"))) == [255, 0]
    assert sent == {
        "prompt": "a cat",
        "image": PNG_BASE64,
        "seed": 7,
        "output_format": "png",
        "steps": 50,
        "guidance": 60.0,
        "prompt_upsampling": False,
    }


async def test_progress_and_previews_are_passed_on_as_the_polls_tell_them() -> None:
    http = lab(
        state("Pending", progress=0.25),
        state("Pending", progress=0.5, preview=PNG_BASE64),
        state("Pending", progress=7, preview=PNG_BASE64),
        READY,
    )
    queued, first, second, preview, third, finished = await events_of(BFL, PRO, http)
    assert queued == Queued()
    assert [first, second, third] == [
        Progress(fraction=0.25),
        Progress(fraction=0.5),
        Progress(fraction=1.0),
    ]
    assert isinstance(preview, Preview), "and the same one is not shown again"
    assert isinstance(finished, Finished)


@pytest.mark.parametrize(
    "spelled",
    [
        PNG_BASE64,
        f"data:image/png;base64,{PNG_BASE64}",
        "https://delivery.bfl.ai/preview.png",
        {"image": PNG_BASE64},
    ],
)
async def test_a_preview_may_be_spelled_in_many_ways(spelled: object) -> None:
    events = await events_of(BFL, PRO, lab(state("Pending", preview=spelled), READY))
    (preview,) = [event for event in events if isinstance(event, Preview)]
    assert preview.picture.url or preview.picture.file


@pytest.mark.parametrize("odd", ["", "soon", 7, [], {}, {"step": 3}])
async def test_a_preview_that_is_no_picture_is_passed_over(odd: object) -> None:
    events = await events_of(BFL, PRO, lab(state("Pending", preview=odd, progress="half"), READY))
    assert [type(event) for event in events] == [Queued, Finished]


async def test_the_picture_is_an_address_that_dies_in_ten_minutes() -> None:
    finished = await end_of(BFL, PRO, lab())
    (picture,) = finished.pictures
    assert (picture.url, picture.lasts_s, picture.credential) == (SAMPLE, 600, None)
    assert finished.seed == 99


async def test_without_a_seed_in_the_result_it_is_the_one_that_was_sent() -> None:
    assert (await end_of(BFL, PRO, lab(state("Ready", result={"sample": SAMPLE})))).seed == 7


@pytest.mark.parametrize(
    "address",
    [
        "https://bfl.ai/x",
        "https://api.bfl.ai/v1/get_result?id=T",
        "https://gateway.bfl.ai:443/x",
        "https://API.EU2.BFL.AI/x",
    ],
)
def test_the_providers_own_addresses_may_be_requested(address: str) -> None:
    assert own_address(address, route_to(PRO)) is not None


@pytest.mark.parametrize(
    "address",
    [
        "http://api.bfl.ai/x",
        "https://evil.example/v1/get_result?id=T",
        "https://notbfl.ai/x",
        "https://bfl.ai.evil.example/x",
        "https://api.bfl.ai@evil.example/x",
        "https://key@api.bfl.ai/x",
        "https://evil.example\\.bfl.ai/x",
        "https://evil.example%2f.bfl.ai/x",
        "https://evil.example#.bfl.ai",
        "https://evil.example\uff0f.bfl.ai/x",
        "https://api.bfl.ai:8443/x",
        "https://api.bfl.ai:x/x",
        "https://[::1/x",
        "//api.bfl.ai/x",
        "file:///etc/passwd",
        "",
    ],
)
async def test_no_other_address_is_requested_and_none_gets_the_key(address: str) -> None:
    http = lab(submitted=answer({**SUBMITTED, "polling_url": address}))
    failure, events = await failure_of(BFL, PRO, http)
    assert type(failure) is UpstreamBroken
    assert events == []
    assert len(http.sent) == 1


def test_a_server_of_ones_own_may_be_requested_at_its_own_origin_alone() -> None:
    route = route_to(PRO, urls={"base": "http://127.0.0.1:8796"})
    assert own_address("http://127.0.0.1:8796/v1/get_result?id=T", route) is not None
    assert own_address("http://127.0.0.1:8797/v1/get_result?id=T", route) is None
    assert own_address("http://127.0.0.1/v1/get_result?id=T", route) is None


@pytest.mark.parametrize("reported", [{}, {"id": "T"}, {"polling_url": None}, {"polling_url": 7}])
async def test_an_answer_without_an_address_is_no_task(reported: dict[str, Any]) -> None:
    failure, events = await failure_of(BFL, PRO, lab(submitted=answer(reported)))
    assert (type(failure), events) == (UpstreamBroken, [])


MODERATED = {"Moderation Reasons": ["Derivative Works Filter", "Violence"]}


@pytest.mark.parametrize(
    ("status", "words"),
    [("Request Moderated", "prompt or its source"), ("Content Moderated", "picture it made")],
)
async def test_moderation_is_reported_with_its_reasons(status: str, words: str) -> None:
    failure, _ = await failure_of(BFL, PRO, lab(state(status, details=MODERATED)))
    assert type(failure) is ContentRefused
    assert words in failure.message
    assert "Derivative Works Filter, Violence" in failure.message


async def test_moderation_without_reasons_is_reported_all_the_same() -> None:
    failure, _ = await failure_of(BFL, PRO, lab(state("Content Moderated")))
    assert type(failure) is ContentRefused


@pytest.mark.parametrize(
    ("status", "details", "kind", "words"),
    [
        ("Error", {"error": "out of memory"}, JobFailed, "failed: out of memory"),
        ("Error", "out of memory at https://x.example", JobFailed, "failed: out of memory at [add"),
        ("Failed", None, JobFailed, "did not say why"),
        ("Error", {"trace": 1}, JobFailed, "did not say why"),
        ("Task not found", None, JobLost, "no longer knew it"),
    ],
)
@pytest.mark.parametrize("http_status", [200, 404, 503])
async def test_a_terminal_state_is_read_whatever_the_status_of_its_answer(
    status: str, details: object, kind: type[Failure], words: str, http_status: int
) -> None:
    http = lab(answer(state(status, details=details), http_status))
    failure, events = await failure_of(BFL, PRO, http)
    assert type(failure) is kind
    assert words in failure.message
    assert failure.dispatched
    assert events == [Queued()]
    assert len(http.sent) == 2, "it is asked no more"


async def test_a_moderation_inside_a_503_is_a_refusal() -> None:
    http = lab(answer(state("Request Moderated", details=MODERATED), 503))
    failure, _ = await failure_of(BFL, PRO, http)
    assert type(failure) is ContentRefused


@pytest.mark.parametrize("result", [None, {}, {"sample": ""}, {"sample": None}, "done"])
async def test_ready_without_a_picture_is_a_failure(result: object) -> None:
    failure, _ = await failure_of(BFL, PRO, lab(state("Ready", result=result)))
    assert (type(failure), failure.code) == (JobFailed, "no_image")


@pytest.mark.parametrize(
    "bad",
    [
        page(502),
        page(200),
        answer({"detail": "slow down"}, 429),
        ConnectionError("reset"),
        Broken(),
    ],
)
async def test_one_bad_poll_does_not_lose_the_job(bad: FakeReply | Exception) -> None:
    events = await events_of(BFL, PRO, lab(state("Pending"), bad, bad, READY))
    assert isinstance(events[-1], Finished)


async def test_a_job_that_cannot_be_polled_is_lost() -> None:
    http = lab(page(502))
    failure, events = await failure_of(BFL, PRO, http)
    assert type(failure) is JobLost
    assert failure.dispatched
    assert events == [Queued()]
    assert len(http.sent_to("/get_result")) == 4


async def test_a_key_that_is_refused_while_the_job_runs_has_lost_it() -> None:
    failure, _ = await failure_of(BFL, PRO, lab(answer({"detail": "Not authenticated"}, 403)))
    assert type(failure) is JobLost


@pytest.mark.parametrize(
    ("submitted", "kind", "words"),
    [
        (answer({"detail": "Insufficient credits."}, 402), QuotaExhausted, "Insufficient credits"),
        (answer({"detail": "Not authenticated"}, 403), CredentialRefused, "does not accept"),
        (answer({"detail": "24 active tasks are allowed."}, 429), RateLimited, "24 active tasks"),
        (answer({"detail": "Invalid input"}, 400), InvalidRequest, "Invalid input"),
        (answer({"detail": "Not Found"}, 404), UpstreamRefused, "no such model"),
        (answer({"detail": "Internal Server Error"}, 500), UpstreamBroken, "500"),
        (answer({"detail": "Service Unavailable"}, 503), UpstreamGlitch, "not available"),
        (answer({"message": "Prompt was flagged as unsafe"}, 400), ContentRefused, "flagged as"),
        (answer(["not", "an", "object"]), UpstreamBroken, "200"),
        (page(), UpstreamBroken, "web page"),
        (ConnectionError("no route to host"), UpstreamUnavailable, "cannot be reached"),
        (Broken(), JobLost, "broke off"),
    ],
)
async def test_a_task_that_is_not_taken_fails_before_any_event(
    submitted: FakeReply | Exception, kind: type[Failure], words: str
) -> None:
    failure, events = await failure_of(BFL, PRO, lab(submitted=submitted))
    assert type(failure) is kind
    assert words in failure.message
    assert events == []


async def test_a_field_that_is_refused_is_named() -> None:
    wrong = {"loc": ["body", "width"], "msg": "Input should be a multiple of 16", "type": "x"}
    failure, _ = await failure_of(BFL, PRO, lab(submitted=answer({"detail": [wrong]}, 422)))
    assert type(failure) is InvalidRequest
    assert "width: Input should be a multiple of 16" in failure.message


async def test_the_wait_that_a_refusal_names_is_kept() -> None:
    refused = answer({"detail": "Too many requests"}, 429, retry_after="9")
    failure, _ = await failure_of(BFL, PRO, lab(submitted=refused))
    assert failure.retry_after_s == 9


async def test_when_the_time_is_up_no_poll_follows() -> None:
    http, clock = lab(state("Pending")), FakeClock()
    slow = BlackForestLabs(poll_delays_s=(30.0,))
    async with aclosing(start(slow, PRO, http, clock)) as events:
        first: Event = await anext(events)
        assert first == Queued()
        clock.now += 100
        with pytest.raises(DeadlineExceeded):
            await anext(events)
    assert len(http.sent) == 1


async def test_a_caller_who_leaves_leaves_nothing_open() -> None:
    http = lab(state("Pending", progress=0.1))
    async with aclosing(start(BFL, PRO, http)) as events:
        assert [await anext(events), await anext(events)] == [Queued(), Progress(fraction=0.1)]
    assert len(http.sent) == 2
    assert all(reply.closed for reply in http.replies)
