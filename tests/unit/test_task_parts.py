"""The small parts that tasks are made of."""

import json
from typing import Any

import pytest

from darkroom.async_options import AsyncOptions, pop_async_options
from darkroom.attempt import Attempt
from darkroom.blob import BytesBlob
from darkroom.dialects.relay.errors import error_body, error_frame, error_reply
from darkroom.errors import (
    Busy,
    ContentRefused,
    CredentialMissing,
    CredentialRefused,
    DeadlineExceeded,
    Failure,
    InternalFailure,
    InvalidRequest,
    JobFailed,
    JobLost,
    MethodNotAllowed,
    ModelNotFound,
    NotConfigured,
    PictureOmitted,
    QuotaExhausted,
    RateLimited,
    RouteNotFound,
    UpstreamBroken,
    UpstreamSilent,
    UpstreamUnavailable,
)
from darkroom.json_writer import JsonBlob, TextBlob, json_parts
from darkroom.settings import Secret
from darkroom.stores.tasks import Status, Submission
from darkroom.tasks.errors import (
    KeyInProgress,
    KeyReused,
    NoBackground,
    TaskCancelled,
    TaskNotFound,
    UnfitTogether,
    read_failure,
    write_failure,
)
from darkroom.tasks.record import Answer, Hook, Record
from darkroom.tasks.webhooks import MAX_TRIES, pause_before_next_s, sign
from tests.support.fakes import json_of

SUBMISSION = Submission("id", "openai", "m", 1.5, 840.0, "POST", "https://d.example.com/v1/x", 3)


def kinds(kind: type[Failure] = Failure) -> list[type[Failure]]:
    return [kind, *(lower for direct in kind.__subclasses__() for lower in kinds(direct))]


@pytest.mark.parametrize("kind", [kind for kind in kinds() if kind is not MethodNotAllowed])
def test_a_failure_that_was_written_down_is_the_same_again(kind: type[Failure]) -> None:
    failure = kind("oops", param="size", code="special", retry_after_s=3.5)
    failure.served_by("gitee", 2).attempt_log = (
        Attempt("gitee", "z", "oops", 1),
        Attempt("a", "b", "ok"),
    )
    again = read_failure(json.loads(json.dumps(write_failure(failure))))
    assert type(again) is kind
    assert write_failure(again) == write_failure(failure)


def test_a_failure_of_a_kind_that_is_gone_is_of_the_next_above() -> None:
    written = write_failure(JobLost("oops"))
    written["kinds"][0] = "darkroom.earlier.Release"
    assert type(read_failure(written)) is JobFailed


def test_a_record_that_was_written_down_is_the_same_again() -> None:
    record = Record(
        SUBMISSION,
        Status.COMPLETED,
        starts=1,
        dispatched=True,
        started_at=2.0,
        ended_at=3.0,
        expires_at=4.0,
        answer=Answer(200, {"content-type": "application/json"}, 12, in_bucket=True),
        pending=Answer(200, {}, 12),
        hook=Hook(2, 60.0),
    ).failed(JobFailed("oops"))
    assert Record.read(record.write()) == record
    assert Record.read(Record(SUBMISSION).write()) == Record(SUBMISSION)


@pytest.mark.parametrize(
    ("value", "fields", "expected"),
    [
        (b'{"a":1}', {}, {"a": 1}),
        (b'{"a":1}', {"success": True, "b": [2]}, {"success": True, "b": [2], "a": 1}),
        (b"{}", {"success": True}, {"success": True}),
        (b'{"a":1}', {"t": TextBlob(BytesBlob(b"x"), "y")}, {"t": "yx", "a": 1}),
    ],
)
def test_an_object_that_is_written_already_takes_fields_before_its_own(
    value: bytes, fields: dict[str, object], expected: object
) -> None:
    parts = json_parts({"result": JsonBlob(BytesBlob(value), fields), "after": None})
    text = b"".join(part if isinstance(part, bytes) else part.head(part.size) for part in parts)
    assert json.loads(text) == {"result": expected, "after": None}


def test_a_signature_is_that_of_standard_webhooks() -> None:
    """The example of the specification."""
    body = b'{"event_type":"ping","data":{"success":true}}'
    secret = Secret("whsec_plJ3nmyCDGBKInavdOK15jsl")
    signature = sign(secret, "msg_loFOjxBNrRLzqYUf", 1731705121, body)
    assert signature == "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="


def test_pauses_double_up_to_half_an_hour_and_end() -> None:
    pauses = [pause_before_next_s(tries) for tries in range(1, MAX_TRIES + 1)]
    assert pauses == [30, 60, 120, 240, 480, 960, 1800, None]


@pytest.mark.parametrize(
    ("document", "headers", "options"),
    [
        ({}, {}, AsyncOptions()),
        ({"async": True}, {}, AsyncOptions(asynchronous=True)),
        ({"async": "TRUE"}, {}, AsyncOptions(asynchronous=True)),
        ({"async": "0", "webhook_url": ""}, {}, AsyncOptions()),
        ({"async": None}, {"prefer": "Respond-Async"}, AsyncOptions(preferred=True)),
        (
            {},
            {"prefer": "respond-async-soon", "idempotency-key": "k"},
            AsyncOptions(idempotency_key="k"),
        ),
    ],
)
def test_task_options_are_taken_out_of_the_body(
    document: dict[str, Any], headers: dict[str, str], options: AsyncOptions
) -> None:
    assert pop_async_options(document, headers) == options
    assert document == {}


@pytest.mark.parametrize("value", [2, 1.0, "yes", [True], {}])
def test_an_async_field_that_is_not_boolean_is_refused(value: object) -> None:
    with pytest.raises(InvalidRequest, match="async: must be true or false"):
        pop_async_options({"async": value}, {})


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (InvalidRequest("x", param="size"), 422, "VALIDATION_ERROR"),
        (UnfitTogether("x"), 400, "VALIDATION_ERROR"),
        (ModelNotFound("x"), 404, "MODEL_NOT_FOUND"),
        (RouteNotFound("x"), 404, None),
        (MethodNotAllowed("x", allowed=["GET"]), 405, None),
        (TaskNotFound("x"), 404, "TASK_NOT_FOUND"),
        (TaskCancelled("x"), 409, "CANCELLED"),
        (KeyInProgress("x"), 409, "IDEMPOTENCY_IN_PROGRESS"),
        (KeyReused("x"), 422, "IDEMPOTENCY_KEY_REUSED"),
        (ContentRefused("x"), 422, "CONTENT_POLICY_DECLINED"),
        (CredentialMissing("x"), 401, "MISSING_CREDENTIALS"),
        (CredentialRefused("x"), 401, "INVALID_API_KEY"),
        (RateLimited("x"), 429, "RATE_LIMITED"),
        (QuotaExhausted("x"), 429, "RATE_LIMITED"),
        (Busy("x"), 503, "CAPACITY_EXHAUSTED"),
        (NoBackground("x"), 403, "TIER_FEATURE_UNAVAILABLE"),
        (NotConfigured("x"), 403, "MODEL_NOT_AVAILABLE"),
        (UpstreamUnavailable("x"), 502, "PROVIDER_UNAVAILABLE"),
        (UpstreamSilent("x"), 504, "UPSTREAM_TIMEOUT"),
        (UpstreamBroken("x"), 502, "PROVIDER_SCHEMA_MISMATCH"),
        (JobLost("x"), 502, "UPSTREAM_ERROR"),
        (PictureOmitted("x"), 502, "IMAGE_NO_OUTPUT"),
        (JobFailed("x", code="no_image"), 502, "IMAGE_NO_OUTPUT"),
        (DeadlineExceeded("x"), 504, "UPSTREAM_TIMEOUT"),
        (InternalFailure("x"), 500, "INTERNAL_ERROR"),
    ],
)
async def test_the_relay_words_each_failure_its_own_way(
    failure: Failure, status: int, code: str | None
) -> None:
    reply = error_reply(failure)
    answer = await json_of(reply)
    assert (reply.status, answer["error"]["code"]) == (status, code)
    assert answer["error"]["message"] == "x"
    assert set(answer["error"]) - {"detail"} == {"code", "type", "source", "message", "request_id"}


def test_the_relay_tells_of_a_field_as_fastapi_does_and_never_echoes_it() -> None:
    body = error_body(InvalidRequest("size: too small.", param="size"))
    complaint = [{"type": "invalid_value", "loc": ["body", "size"], "msg": "size: too small."}]
    assert body["detail"] == body["error"]["detail"] == complaint
    assert error_body(InvalidRequest("x"))["detail"][0]["loc"] == ["body"]
    assert error_body(InvalidRequest("x", param="authorization"))["detail"][0]["loc"] == [
        "header",
        "authorization",
    ]


def test_the_relay_says_when_to_come_back() -> None:
    assert error_reply(RateLimited("x")).headers["retry-after"] == "60"
    assert error_reply(RateLimited("x", retry_after_s=1.2)).headers["retry-after"] == "2"
    assert error_reply(KeyInProgress("x", retry_after_s=1)).headers["retry-after"] == "1"
    assert error_reply(Busy("x")).headers["retry-after"] == "5"
    assert "retry-after" not in error_reply(JobFailed("x")).headers
    assert error_frame(JobFailed("x")).startswith(b"event: error\ndata: {")
