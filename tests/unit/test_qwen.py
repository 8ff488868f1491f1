"""Qwen at DashScope: at once and by task, its errors in every place where they come."""

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
    UpstreamSilent,
    UpstreamUnavailable,
)
from darkroom.events import Finished, Queued, Started
from darkroom.job import Size
from darkroom.providers.qwen import Qwen
from tests.support.fakes import FakeClock, FakeHttp, FakeReply
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

QWEN = Qwen(poll_delays_s=(0.0,))
HOST = "https://dashscope.aliyuncs.com"
URL = "https://dashscope-result.oss-cn-beijing.aliyuncs.com/a.png?Expires=1"
AT_ONCE, BY_TASK = "qwen/qwen-image-plus", "qwen/qwen-image"


def message(*content: dict[str, str]) -> dict[str, Any]:
    choice = {"finish_reason": "stop", "message": {"role": "assistant", "content": content}}
    return {"output": {"choices": [choice]}, "usage": {"image_count": 1}, "request_id": "R"}


def error(code: str, text: str = "it went wrong") -> dict[str, Any]:
    return {"code": code, "message": text, "request_id": "R"}


def task(status: str, **output: Any) -> dict[str, Any]:
    return {"request_id": "R", "output": {"task_id": "T", "task_status": status, **output}}


PAINTED = message({"image": URL})
DONE = task("SUCCEEDED", results=[{"url": URL, "actual_prompt": "a fluffy cat"}])


def run_now(reply: FakeReply | dict[str, Any] | Exception = PAINTED) -> FakeHttp:
    return FakeHttp({"/generation": [answer(reply) if isinstance(reply, dict) else reply]})


def by_task(*polls: FakeReply | dict[str, Any] | Exception, **answers: Any) -> FakeHttp:
    replies = [answer(poll) if isinstance(poll, dict) else poll for poll in polls or (DONE,)]
    return FakeHttp(
        {
            "/image-synthesis": [answers.get("submitted", answer(task("PENDING")))],
            "/tasks/T": replies,
            "/cancel": [answers.get("cancelled", answer({"request_id": "R"}))],
        }
    )


async def test_a_job_goes_out_in_one_message_with_its_parameters() -> None:
    http = run_now()
    await events_of(QWEN, AT_ONCE, http, negative_prompt="blur", size=Size(1664, 928))
    (sent,) = http.sent
    assert (sent.method, sent.url) == (
        "POST",
        f"{HOST}/api/v1/services/aigc/multimodal-generation/generation",
    )
    assert sent.headers == {
        "authorization": f"Bearer {KEY}",
        "accept": "application/json",
        "content-type": "application/json",
    }
    assert sent.json == {
        "model": "qwen-image-plus",
        "input": {"messages": [{"role": "user", "content": [{"text": "a cat"}]}]},
        "parameters": {
            "size": "1664*928",
            "n": 1,
            "seed": 7,
            "negative_prompt": "blur",
            "prompt_extend": True,
            "watermark": False,
        },
    }


async def test_the_prompt_is_left_alone_where_that_is_requested() -> None:
    http = run_now()
    await events_of(QWEN, AT_ONCE, http, prompt_enhance=False)
    assert http.sent[0].json["parameters"]["prompt_extend"] is False


async def test_without_a_negative_prompt_none_is_sent() -> None:
    http = run_now()
    await events_of(QWEN, AT_ONCE, http)
    assert "negative_prompt" not in http.sent[0].json["parameters"]


async def test_sources_stand_before_the_words_as_data_urls() -> None:
    http = run_now()
    requested = {**source(), "images": source()["images"] * 2, "size": Size(800, 640)}
    await events_of(QWEN, "qwen/qwen-image-edit-plus", http, **requested)
    url = f"data:image/png;base64,{PNG_BASE64}"
    (sent,) = http.sent
    assert sent.json["input"]["messages"][0]["content"] == [
        {"image": url},
        {"image": url},
        {"text": "a cat"},
    ]
    assert sent.json["parameters"]["size"] == "800*640"


async def test_an_edit_without_a_size_keeps_that_of_its_source() -> None:
    http = run_now()
    await events_of(QWEN, "qwen/qwen-image-2.0", http, **source())
    assert "size" not in http.sent[0].json["parameters"]


async def test_a_wide_picture_may_be_longer_than_a_square_one() -> None:
    http = run_now()
    await events_of(QWEN, "qwen/qwen-image-3.0", http, size=Size(2688, 1536))
    assert http.sent[0].json["parameters"]["size"] == "2688*1536"


async def test_the_picture_is_an_address_that_lives_a_day() -> None:
    finished = await end_of(QWEN, AT_ONCE, run_now())
    assert [(picture.url, picture.lasts_s) for picture in finished.pictures] == [(URL, 86400)]
    assert (finished.seed, finished.revised_prompt) == (7, None)


async def test_an_answer_in_words_is_reported() -> None:
    failure, _ = await failure_of(QWEN, AT_ONCE, run_now(message({"text": "I only describe."})))
    assert (type(failure), failure.code) == (ContentRefused, "no_image")
    assert "I only describe." in failure.message


@pytest.mark.parametrize("empty", [message(), {"output": {}}, {"output": {"choices": None}}, {}])
async def test_an_answer_without_a_picture_is_a_failure(empty: dict[str, Any]) -> None:
    failure, events = await failure_of(QWEN, AT_ONCE, run_now(empty))
    assert (type(failure), failure.code) == (JobFailed, "no_image")
    assert events == []


CODES: list[tuple[int, str, type[Failure]]] = [
    (401, "InvalidApiKey", CredentialRefused),
    (403, "AccessDenied.Unpurchased", CredentialRefused),
    (403, "Model.AccessDenied", CredentialRefused),
    (429, "Throttling", RateLimited),
    (429, "Throttling.RateQuota", RateLimited),
    (429, "Throttling.BurstRate", RateLimited),
    (429, "Throttling.AllocationQuota", QuotaExhausted),
    (403, "AllocationQuota.FreeTierOnly", QuotaExhausted),
    (400, "Arrearage", QuotaExhausted),
    (400, "DataInspectionFailed", ContentRefused),
    (400, "data_inspection_failed", ContentRefused),
    (400, "IPInfringementSuspect", ContentRefused),
    (400, "InvalidParameter", InvalidRequest),
    (500, "InternalError", UpstreamBroken),
    (500, "InternalError.Timeout", UpstreamBroken),
    (503, "ServiceUnavailable", UpstreamGlitch),
    (504, "RequestTimeOut", UpstreamSilent),
]


@pytest.mark.parametrize(("status", "code", "kind"), CODES)
async def test_errors_are_reported_by_their_codes(
    status: int, code: str, kind: type[Failure]
) -> None:
    refused = answer(error(code, "look here"), status)
    failure, events = await failure_of(QWEN, AT_ONCE, run_now(refused))
    assert type(failure) is kind
    assert "look here" in failure.message
    assert events == []


@pytest.mark.parametrize(("status", "code", "kind"), CODES)
async def test_errors_inside_a_200_are_reported_by_their_codes(
    status: int, code: str, kind: type[Failure]
) -> None:
    failure, _ = await failure_of(QWEN, AT_ONCE, run_now(error(code, "look here")))
    assert type(failure) is kind
    assert "look here" in failure.message


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (page(), UpstreamBroken),
        (page(502), UpstreamBroken),
        (answer(error("ModelNotFound"), 404), UpstreamRefused),
        (ConnectionError("reset"), UpstreamUnavailable),
        (Broken(), JobLost),
    ],
)
async def test_a_malformed_or_broken_answer_is_reported(
    reply: FakeReply | Exception, kind: type[Failure]
) -> None:
    failure, events = await failure_of(QWEN, AT_ONCE, run_now(reply))
    assert (type(failure), events) == (kind, [])


async def test_the_wait_that_a_refusal_names_is_kept() -> None:
    refused = answer(error("Throttling.RateQuota"), 429, retry_after="4")
    failure, _ = await failure_of(QWEN, AT_ONCE, run_now(refused))
    assert failure.retry_after_s == 4


async def test_a_task_goes_out_with_its_header_and_the_negative_prompt_beside_the_prompt() -> None:
    http = by_task()
    await events_of(QWEN, BY_TASK, http, negative_prompt="blur")
    submit, poll = http.sent
    assert (submit.method, submit.url) == (
        "POST",
        f"{HOST}/api/v1/services/aigc/text2image/image-synthesis",
    )
    assert submit.headers["x-dashscope-async"] == "enable"
    assert submit.headers["authorization"] == f"Bearer {KEY}"
    assert submit.json == {
        "model": "qwen-image",
        "input": {"prompt": "a cat", "negative_prompt": "blur"},
        "parameters": {
            "size": "1328*1328",
            "n": 1,
            "seed": 7,
            "prompt_extend": True,
            "watermark": False,
        },
    }
    assert (poll.method, poll.url) == ("GET", f"{HOST}/api/v1/tasks/T")
    assert "x-dashscope-async" not in poll.headers
    assert poll.headers["authorization"] == f"Bearer {KEY}"


async def test_a_task_waits_begins_and_ends() -> None:
    http = by_task(task("PENDING"), task("SUSPENDED"), task("RUNNING"), task("RUNNING"), DONE)
    queued, started, finished = await events_of(QWEN, BY_TASK, http)
    assert (queued, started) == (Queued(), Started())
    assert isinstance(finished, Finished)
    assert [(picture.url, picture.lasts_s) for picture in finished.pictures] == [(URL, 86400)]
    assert (finished.seed, finished.revised_prompt) == (7, "a fluffy cat")
    assert not http.sent_to("/cancel")


async def test_a_task_may_answer_in_a_message_as_well() -> None:
    done = task("SUCCEEDED", **message({"image": URL, "type": "image"})["output"])
    finished = await end_of(QWEN, BY_TASK, by_task(done))
    assert finished.pictures[0].url == URL


async def test_one_result_of_several_that_failed_takes_nothing_from_the_others() -> None:
    results = [{"code": "InternalError.Timeout", "message": "too slow"}, {"url": URL}]
    finished = await end_of(QWEN, BY_TASK, by_task(task("SUCCEEDED", results=results)))
    assert [picture.url for picture in finished.pictures] == [URL]


@pytest.mark.parametrize(
    ("results", "kind", "words"),
    [
        ([{"code": "InternalError.Timeout", "message": "too slow"}], JobFailed, "too slow"),
        ([{"code": "DataInspectionFailed", "message": "bad taste"}], ContentRefused, "bad taste"),
        ([], JobFailed, "without a picture"),
    ],
)
async def test_a_task_all_of_whose_results_failed_says_why(
    results: list[dict[str, str]], kind: type[Failure], words: str
) -> None:
    failure, _ = await failure_of(QWEN, BY_TASK, by_task(task("SUCCEEDED", results=results)))
    assert type(failure) is kind
    assert words in failure.message


@pytest.mark.parametrize(
    ("state", "kind", "words"),
    [
        (task("FAILED", code="InternalError", message="out of paint"), JobFailed, "out of paint"),
        (task("FAILED", code="InvalidParameter", message="no such"), JobFailed, "failed: no such"),
        (task("FAILED", code="Throttling", message="too many"), JobFailed, "failed: too many"),
        (task("FAILED", code="InvalidApiKey", message="who?"), JobFailed, "failed: who?"),
        (task("FAILED"), JobFailed, "did not say why"),
        (task("FAILED", code="DataInspectionFailed", message="bad"), ContentRefused, "bad"),
        (task("FAILED", code="Arrearage", message="pay"), QuotaExhausted, "pay"),
        (task("CANCELED"), JobFailed, "cancelled"),
        (task("UNKNOWN"), JobLost, "no longer knew"),
    ],
)
async def test_a_task_that_ends_without_a_picture_is_reported_as_what_it_is(
    state: dict[str, Any], kind: type[Failure], words: str
) -> None:
    http = by_task(task("PENDING"), state)
    failure, events = await failure_of(QWEN, BY_TASK, http)
    assert type(failure) is kind
    assert words in failure.message
    assert events == [Queued()]
    assert not http.sent_to("/cancel")


@pytest.mark.parametrize(("status", "code", "kind"), CODES)
async def test_a_task_that_is_not_taken_fails_before_any_event(
    status: int, code: str, kind: type[Failure]
) -> None:
    for reply in (answer(error(code), status), answer(error(code))):
        failure, events = await failure_of(QWEN, BY_TASK, by_task(submitted=reply))
        assert (type(failure), events) == (kind, [])


@pytest.mark.parametrize(
    "reported", [{}, {"output": {}}, {"output": {"task_id": 7}}, {"output": []}]
)
async def test_an_answer_without_a_task_id_is_an_upstream_failure(reported: dict[str, Any]) -> None:
    failure, events = await failure_of(QWEN, BY_TASK, by_task(submitted=answer(reported)))
    assert (type(failure), events) == (UpstreamBroken, [])


@pytest.mark.parametrize(
    "bad",
    [
        page(502),
        answer(error("Throttling.RateQuota"), 429),
        answer(error("Throttling.RateQuota")),
        answer(error("InternalError")),
        ConnectionError("reset"),
        Broken(),
    ],
)
async def test_one_bad_poll_does_not_lose_the_job(bad: FakeReply | Exception) -> None:
    events = await events_of(QWEN, BY_TASK, by_task(task("RUNNING"), bad, bad, DONE))
    assert isinstance(events[-1], Finished)


async def test_a_job_that_cannot_be_polled_is_lost() -> None:
    failure, _ = await failure_of(QWEN, BY_TASK, by_task(task("RUNNING"), page(502)))
    assert type(failure) is JobLost


@pytest.mark.parametrize(("state", "times"), [("PENDING", 1), ("RUNNING", 0)])
async def test_a_task_is_taken_back_while_it_waits_and_left_alone_once_it_runs(
    state: str, times: int
) -> None:
    http = by_task(task(state))
    events = start(Qwen(poll_delays_s=(0.0, 30.0)), BY_TASK, http)
    assert await anext(events) == Queued()
    if state == "RUNNING":
        assert await anext(events) == Started()
    await events.aclose()
    cancels = http.sent_to("/cancel")
    assert len(cancels) == times
    for cancel in cancels:
        assert (cancel.method, cancel.url) == ("POST", f"{HOST}/api/v1/tasks/T/cancel")
        assert (cancel.headers["authorization"], cancel.body) == (f"Bearer {KEY}", None)
    assert all(reply.closed for reply in http.replies)


@pytest.mark.parametrize("refused", [answer(error("UnsupportedOperation"), 400), page(), Broken()])
async def test_a_task_that_will_not_be_taken_back_is_left_to_itself(refused: FakeReply) -> None:
    http = by_task(task("PENDING"), cancelled=refused)
    events = start(QWEN, BY_TASK, http)
    await anext(events)
    await events.aclose()
    assert len(http.sent_to("/cancel")) == 1


async def test_a_task_that_still_waits_when_the_time_is_up_is_taken_back() -> None:
    http, clock = by_task(task("PENDING")), FakeClock()
    async with aclosing(start(Qwen(poll_delays_s=(30.0,)), BY_TASK, http, clock)) as events:
        await anext(events)
        clock.now += 100
        with pytest.raises(DeadlineExceeded):
            await anext(events)
    assert len(http.sent_to("/cancel")) == 1
