"""What real Gradio servers sent, as events. The recordings are of three generations."""

import json
from pathlib import Path
from typing import Any

import pytest

from darkroom.errors import (
    ContentRefused,
    Failure,
    InvalidRequest,
    JobFailed,
    JobLost,
    QuotaExhausted,
    UpstreamGlitch,
    UpstreamUnavailable,
)
from darkroom.events import Event, Finished, Preview, Progress, Queued, Started
from darkroom.providers.gradio.messages import MessageReader, read_progress
from darkroom.providers.gradio.outputs import FileAddresses
from darkroom.sse import EventReader

RECORDINGS = Path(__file__).parent / "recordings"
VERSIONS = ("4.44.1", "5.50.0", "6.31.0")
ROOT = "https://owner-space.hf.space"


def recorded(version: str, name: str) -> list[dict[str, Any]]:
    wire = (RECORDINGS / version / f"{name}.sse").read_bytes()
    return [json.loads(event.data) for event in EventReader().feed(wire + b"\n\n")]


def reader(version: str = "6.31.0") -> MessageReader:
    prefix = "" if version.startswith("4") else "/gradio_api"
    return MessageReader("owner/space", FileAddresses(ROOT, prefix, None))


def events(version: str, name: str) -> list[Event]:
    read = reader(version)
    found = []
    for message in recorded(version, name):
        event = read.read(message)
        if event is not None:
            found.append(event)
        if isinstance(event, Finished):
            break
    return found


def failure_of(version: str, name: str) -> Failure:
    with pytest.raises(Failure) as caught:
        events(version, name)
    return caught.value


@pytest.mark.parametrize("version", VERSIONS)
def test_a_good_run_is_queued_started_and_finished_with_its_seed(version: str) -> None:
    queued, started, *_, finished = events(version, "flux_ok")
    assert queued == Queued(position=0, size=1, eta_s=None)
    assert isinstance(started, Started)
    assert isinstance(finished, Finished)
    assert finished.seed == 42
    (picture,) = finished.pictures
    prefix = "" if version.startswith("4") else "/gradio_api"
    assert picture.url is not None
    assert picture.url.startswith(f"{ROOT}{prefix}/file=/tmp/gradio/")
    assert picture.url.endswith("/image.webp")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_gallery_gives_all_its_pictures(version: str) -> None:
    finished = events(version, "gallery")[-1]
    assert isinstance(finished, Finished)
    assert len(finished.pictures) == 2


@pytest.mark.parametrize("version", VERSIONS)
def test_a_picture_written_as_base64_text_is_decoded(version: str) -> None:
    finished = events(version, "b64_text")[-1]
    assert isinstance(finished, Finished)
    file = finished.pictures[0].file
    assert file is not None
    assert file.format == "png"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_name_with_spaces_and_accents_is_encoded(version: str) -> None:
    finished = events(version, "img_path")[-1]
    assert isinstance(finished, Finished)
    url = finished.pictures[0].url or ""
    assert url.isascii()
    assert " " not in url


@pytest.mark.parametrize("version", VERSIONS)
def test_each_picture_that_a_generator_yields_is_a_preview(version: str) -> None:
    previews = [event for event in events(version, "yield_images") if isinstance(event, Preview)]
    addresses = [preview.picture.url for preview in previews]
    assert len(addresses) >= 2
    assert len(set(addresses)) == len(addresses), "the diffs were not applied"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_quota_refusal_tells_when_to_come_back(version: str) -> None:
    failure = failure_of(version, "flux_quota")
    assert isinstance(failure, QuotaExhausted)
    assert failure.retry_after_s == 17 * 3600 + 25 * 60 + 53
    assert "120s requested vs. 47s left" in failure.message


@pytest.mark.parametrize("version", VERSIONS)
def test_waiting_for_a_gpu_is_reported_as_waiting(version: str) -> None:
    messages = [e.message for e in events(version, "flux_gpuqueue") if isinstance(e, Queued)]
    assert "Waiting for a GPU to become available" in messages


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["err_raise", "bad_data_too_few"])
def test_an_error_without_words_is_still_a_failure(version: str, name: str) -> None:
    failure = failure_of(version, name)
    assert isinstance(failure, JobFailed)
    assert "did not say why" in failure.message


@pytest.mark.parametrize("version", VERSIONS)
def test_an_error_in_the_middle_keeps_its_words(version: str) -> None:
    failure = failure_of(version, "err_mid")
    assert failure.message == "The Space owner/space failed: failed half way"


@pytest.mark.parametrize("version", ["5.50.0", "6.31.0"])
def test_a_value_out_of_the_spaces_range_is_a_caller_error(version: str) -> None:
    failure = failure_of(version, "bad_slider_max")
    assert isinstance(failure, InvalidRequest)
    assert "Value 99 is greater than maximum value 10." in failure.message


@pytest.mark.parametrize("version", VERSIONS)
def test_a_success_without_a_picture_is_a_failure(version: str) -> None:
    failure = failure_of(version, "img_none")
    assert (failure.code, failure.status) == ("no_image", 502)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_unknown_session_is_a_lost_job(version: str) -> None:
    failure = failure_of(version, "session_not_found")
    assert isinstance(failure, JobLost)
    assert not failure.caller_may_retry


@pytest.mark.parametrize("version", VERSIONS)
def test_heartbeats_and_toasts_yield_no_events(version: str) -> None:
    read = reader(version)
    quiet = [*recorded(version, "heartbeats_33s"), *recorded(version, "toasts")]
    quiet = [message for message in quiet if message["msg"] in ("heartbeat", "log")]
    assert len(quiet) >= 4
    assert [read.read(message) for message in quiet] == [None] * len(quiet)


@pytest.mark.parametrize(
    ("title", "text", "kind"),
    [
        ("ZeroGPU quota exceeded", "You have exceeded your ZeroGPU runs limit. ", QuotaExhausted),
        ("", "Space app has reached its GPU limit. Try re-running", QuotaExhausted),
        ("ZeroGPU pending credits exceeded", "You have too many", QuotaExhausted),
        (
            "ZeroGPU queue timeout",
            "No GPU was available after 60s. Retry later",
            UpstreamUnavailable,
        ),
        ("ZeroGPU client error", "Expired ZeroGPU proxy token", UpstreamGlitch),
        ("ZeroGPU worker error", "OutOfMemoryError", JobFailed),
        ("ZeroGPU illegal duration", "The requested GPU duration (180s) is larger", JobFailed),
        ("Error", "Your prompt was flagged by the safety checker (NSFW content).", ContentRefused),
        ("Error", "Value: zzz is not in the list of choices: ['a', 'b']", InvalidRequest),
    ],
)
def test_refusals_are_distinguished_by_their_message(
    title: str, text: str, kind: type[Failure]
) -> None:
    message = {
        "msg": "process_completed",
        "success": False,
        "title": title,
        "output": {"error": text},
    }
    with pytest.raises(kind) as caught:
        reader().read(message)
    assert type(caught.value) is kind


def test_markup_in_a_quota_refusal_does_not_reach_the_caller() -> None:
    text = "You have exceeded your GPU quota. <a href='https://hf.co/join'>Sign up</a> for more."
    with pytest.raises(QuotaExhausted) as caught:
        reader().read({"msg": "process_completed", "success": False, "output": {"error": text}})
    assert "<a" not in caught.value.message
    assert "https" not in caught.value.message


def test_a_cancelled_job_is_no_success() -> None:
    with pytest.raises(JobFailed):
        reader().read({"msg": "process_completed", "success": True, "output": {}})


def test_a_stream_that_closes_before_its_result_is_a_lost_job() -> None:
    with pytest.raises(JobLost):
        reader().read({"msg": "close_stream", "event_id": None})


def test_numbers_that_json_cannot_carry_are_unknown() -> None:
    message = {
        "msg": "estimation",
        "rank": float("inf"),
        "queue_size": 10**400,
        "rank_eta": float("nan"),
    }
    assert reader().read(message) == Queued()
    assert reader().read({"msg": "progress", "progress_data": {"index": 1}}) is None


def test_messages_of_later_protocols_are_passed_over() -> None:
    assert reader().read({"msg": "something_new", "event_id": "x"}) is None


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], None),
        ([{"index": 1, "length": 4, "unit": "steps"}], Progress(1, 4, 0.25)),
        ([{"progress": 0.25, "desc": "Quarter"}], Progress(None, None, 0.25, "Quarter")),
        ([{"index": 5, "length": None}], Progress(5, None, None)),
        (
            [{"index": 1, "length": 2}, {"index": 3, "length": 4, "desc": "inner"}],
            Progress(3, 4, 0.875, "inner"),
        ),
        ([{"index": 40, "length": 100, "desc": "ZeroGPU init"}], None),
        ([{"index": 9, "length": 4}], Progress(9, 4, 1.0)),
        ([{"progress": float("nan")}], Progress()),
        (["words", None], None),
    ],
)
def test_progress_of_every_kind_is_read(entries: list[dict[str, Any]], expected: Progress) -> None:
    assert read_progress(entries) == expected


def test_each_step_is_told_in_its_own_words_without_addresses() -> None:
    told = []
    job = reader()
    for words in ("at https://10.0.0.1/x", "at https://10.0.0.1/x", "Decoding", "y" * 400):
        entry = {"index": 1, "length": 4, "desc": words}
        event = job.read({"msg": "progress", "progress_data": [entry]})
        assert isinstance(event, Progress)
        told.append(event.message)
    assert told == ["at [address removed]", "at [address removed]", "Decoding", "y" * 299 + "…"]
