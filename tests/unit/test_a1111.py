"""The provider of AUTOMATIC1111 servers, against one that paints when it is told to."""

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any

import pytest

from darkroom.address import Address
from darkroom.blob import BytesBlob
from darkroom.deadline import Deadline
from darkroom.errors import (
    ContentRefused,
    CredentialRefused,
    DeadlineExceeded,
    Failure,
    InvalidRequest,
    JobFailed,
    JobLost,
    QuotaExhausted,
    UpstreamBroken,
    UpstreamSilent,
    UpstreamUnavailable,
)
from darkroom.events import Event, Finished, Preview, Progress
from darkroom.image import ImageFile
from darkroom.job import Size
from darkroom.masks import Mask
from darkroom.providers.a1111 import Automatic1111
from darkroom.providers.provider import Route
from tests.support.fakes import PNG, FakeClock, FakeHttp, FakeReply
from tests.support.masks import BY_ALPHA, BY_BRIGHTNESS, ERASED, pixels_of
from tests.support.runs import SOURCE, finish, job_of, route_to, run

JOB = job_of(size=Size(512, 768), steps=20, guidance_scale=7.0, negative_prompt="a dog")
TEXT = base64.b64encode(PNG).decode()
SKETCHES = [base64.b64encode(PNG + bytes([number]) * 90).decode() for number in range(3)]
DEFAULT = "a1111/default"
REALISTIC = "a1111/Realistic_Vision_V5.1"

Answer = FakeReply | Exception


def json_reply(value: object, status: int = 200) -> FakeReply:
    return FakeReply(status, pieces=[json.dumps(value).encode()])


def painted(**info: object) -> FakeReply:
    return json_reply({"images": [TEXT], "parameters": {}, "info": json.dumps({"seed": 9, **info})})


def look(step: int, sketch: str | None = None, job_count: int = 1) -> FakeReply:
    state = {"job_count": job_count, "sampling_step": step, "sampling_steps": 20}
    return json_reply({"progress": step / 20, "state": state, "current_image": sketch})


class Server(FakeHttp):
    """Answers the request for a picture after it was looked at so many times.

    `hangs` lets the look after those wait for ever; what waits and is broken off is counted.
    """

    def __init__(
        self, looks: Sequence[Answer] = (), end: Answer | None = None, *, hangs: bool = False
    ) -> None:
        paths = {"/img2img": [end or painted()], "/txt2img": [end or painted()]}
        super().__init__({**paths, "/interrupt": [json_reply({})]})
        self.looks = list(looks)
        self.hangs = hangs
        self.seen = asyncio.Event()
        self.broken_off: list[str] = []

    async def send(self, method: str, address: Address, **rest: Any) -> FakeReply:
        url = str(address)
        if url.endswith("/progress") and self.looks:
            self._answers["/progress"] = [self.looks.pop(0)]
            return await super().send(method, address, **rest)
        if url.endswith("/progress"):
            self.seen.set()
            await self._for_ever(url)
        if url.endswith("2img") and (self.looks or self.hangs):
            await self._until_seen(url)
        return await super().send(method, address, **rest)

    async def _until_seen(self, url: str) -> None:
        try:
            await self.seen.wait()
        except asyncio.CancelledError:
            self.broken_off.append(url.rpartition("/")[2])
            raise
        if self.hangs:
            await self._for_ever(url)

    async def _for_ever(self, url: str) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.broken_off.append(url.rpartition("/")[2])
            raise


def route(name: str = DEFAULT, token: str | None = None) -> Route:
    return route_to(name, token, {"base": "https://a1111.example"})


async def paint(server: FakeHttp, name: str = DEFAULT, **fields: Any) -> list[Event]:
    return await run(Automatic1111(0.0), job_of(**fields) if fields else JOB, route(name), server)


async def test_a_job_goes_out_as_the_row_says_and_comes_back_with_the_real_seed() -> None:
    server = Server()
    finished = await finish(Automatic1111(1.0), JOB, route(), server)
    assert finished.seed == 9
    (picture,) = finished.pictures
    assert picture.file is not None
    assert (await picture.file.to_bytes()).head(99) == PNG
    (sent,) = server.sent
    assert (sent.method, sent.url) == ("POST", "https://a1111.example/sdapi/v1/txt2img")
    assert "authorization" not in sent.headers
    assert sent.json == {
        "prompt": "a cat",
        "negative_prompt": "a dog",
        "width": 512,
        "height": 768,
        "steps": 20,
        "cfg_scale": 7.0,
        "seed": 7,
        "batch_size": 1,
        "n_iter": 1,
    }
    assert all(reply.closed for reply in server.replies)


async def test_a_checkpoint_is_chosen_for_this_job_alone() -> None:
    server = Server(end=painted(sd_model_name="Realistic_Vision_V5.1"))
    await paint(server, REALISTIC)
    assert server.sent[0].json["override_settings"] == {
        "sd_model_checkpoint": "Realistic_Vision_V5.1.safetensors"
    }


async def test_a_picture_by_another_checkpoint_than_requested_is_not_passed_off_as_its_own() -> (
    None
):
    server = Server(end=painted(sd_model_name="dreamshaper_8"))
    with pytest.raises(JobFailed, match=r"checkpoint Realistic_Vision_V5\.1 .* dreamshaper_8"):
        await paint(server, REALISTIC)
    assert not server.sent_to("/interrupt")


async def test_any_loaded_checkpoint_is_accepted_if_none_was_requested() -> None:
    assert len(await paint(Server(end=painted(sd_model_name="dreamshaper_8")))) == 1


@pytest.mark.parametrize("info", ["", "[]", "{", None, 5, '{"seed": "many"}'])
async def test_the_jobs_seed_is_reported_where_the_server_tells_none(info: object) -> None:
    server = Server(end=json_reply({"images": [TEXT], "info": info}))
    finished = (await paint(server))[-1]
    assert isinstance(finished, Finished)
    assert finished.seed == 7


@pytest.mark.parametrize(
    ("token", "pair"),
    [("anna:open:sesame", "anna:open:sesame"), ("open-sesame", "darkroom:open-sesame")],
)
async def test_a_token_travels_as_basic_on_every_request(token: str, pair: str) -> None:
    server = Server([look(1)])
    await run(Automatic1111(0.0), JOB, route(token=token), server)
    expected = f"Basic {base64.b64encode(pair.encode()).decode()}"
    assert [sent.headers["authorization"] for sent in server.sent] == [expected] * len(server.sent)
    assert len(server.sent) >= 2


async def test_an_edit_sends_the_picture_as_bare_base64() -> None:
    server = Server()
    await paint(server, images=(SOURCE,), steps=20, strength=0.4)
    (sent,) = server.sent
    assert sent.url.endswith("/sdapi/v1/img2img")
    assert sent.json["init_images"] == [TEXT]
    assert sent.json["denoising_strength"] == 0.4
    assert "mask" not in sent.json


async def test_a_mask_is_read_the_other_way_round_by_the_server_itself() -> None:
    server = Server()
    await paint(server, images=(SOURCE,), mask=Mask(BY_ALPHA))
    sent = server.sent[0].json
    assert base64.b64decode(sent["mask"]) == BY_ALPHA.read(0, 999)
    assert (sent["inpainting_mask_invert"], sent["inpaint_full_res"]) == (1, False)


async def test_a_mask_that_the_server_would_read_by_its_brightness_is_erased_instead() -> None:
    server = Server()
    await paint(server, images=(SOURCE,), mask=Mask(BY_BRIGHTNESS))
    sent = server.sent[0].json
    assert pixels_of(base64.b64decode(sent["mask"])) == ERASED
    assert sent["inpainting_mask_invert"] == 1


async def test_a_mask_that_cannot_be_read_stays_here() -> None:
    server = Server()
    with pytest.raises(InvalidRequest, match="send a PNG") as caught:
        await paint(server, images=(SOURCE,), mask=Mask(ImageFile(data=BytesBlob(b"no"))))
    assert caught.value.param == "mask"
    assert not server.sent


async def test_progress_and_previews_are_shown_while_the_picture_is_painted() -> None:
    looks = [look(0, job_count=0), look(5), look(10, SKETCHES[0]), look(15, SKETCHES[1])]
    *news, finished = await paint(Server(looks))
    assert [event for event in news if isinstance(event, Progress)] == [
        Progress(step=5, total=20, fraction=0.25),
        Progress(step=10, total=20, fraction=0.5),
        Progress(step=15, total=20, fraction=0.75),
    ]
    previews = [event for event in news if isinstance(event, Preview)]
    assert [preview.picture.file and preview.picture.file.base64 for preview in previews] == [
        BytesBlob(sketch.encode()) for sketch in SKETCHES[:2]
    ]
    assert isinstance(finished, Finished)


async def test_an_unchanged_preview_is_not_shown_again() -> None:
    *news, _ = await paint(Server([look(5, SKETCHES[0])] * 4))
    assert [type(event) for event in news] == [Progress, Preview]


async def test_a_large_preview_that_has_not_changed_is_not_shown_again() -> None:
    large = base64.b64encode(PNG + bytes(300_000)).decode()
    *news, _ = await paint(Server([look(5, large)] * 3))
    assert [type(event) for event in news] == [Progress, Preview]


async def test_a_server_that_waits_for_its_turn_shows_nothing() -> None:
    assert [type(event) for event in await paint(Server([look(0, job_count=0)] * 3))] == [Finished]


@pytest.mark.parametrize(
    "odd",
    [
        ConnectionError("gone"),
        FakeReply(500, pieces=[b"oops"]),
        FakeReply(pieces=[b"[]"]),
        FakeReply(pieces=[b'{"state": 5}']),
        FakeReply(200, {"content-type": "text/html"}, [b"<html>"]),
    ],
)
async def test_a_look_that_fails_does_not_cost_the_picture(odd: Answer) -> None:
    events = await paint(Server([odd, look(5)]))
    assert [type(event) for event in events] == [Progress, Finished]


async def test_the_picture_does_not_wait_for_a_look_that_hangs() -> None:
    server = Server([look(5)])
    events = await paint(server)
    assert [type(event) for event in events] == [Progress, Finished]
    assert server.broken_off == ["progress"]


async def test_progress_is_not_requested_for_a_picture_that_is_ready_at_once() -> None:
    server = Server()
    await finish(Automatic1111(60.0), JOB, route(), server)
    assert not server.sent_to("/progress")


async def test_a_caller_who_leaves_interrupts_the_server_and_leaves_no_task_behind() -> None:
    before = asyncio.all_tasks()
    server = Server([look(5)], hangs=True)
    deadline = Deadline.after(60, FakeClock())
    events = Automatic1111(0.0).run(JOB, route(token="me:secret"), server, deadline)
    async with aclosing(events):
        assert isinstance(await anext(events), Progress)
    assert server.broken_off == ["txt2img"]
    (interrupt,) = server.sent_to("/interrupt")
    assert interrupt.method == "POST"
    assert interrupt.headers["authorization"].startswith("Basic ")
    assert asyncio.all_tasks() == before


async def test_a_caller_who_is_cancelled_interrupts_the_server_too() -> None:
    before = asyncio.all_tasks()
    server = Server([look(5)], hangs=True)
    task = asyncio.ensure_future(paint(server))
    await server.seen.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert sorted(server.broken_off) == ["progress", "txt2img"]
    assert len(server.sent_to("/interrupt")) == 1
    assert asyncio.all_tasks() == before


async def test_a_job_that_outlasts_the_deadline_is_interrupted() -> None:
    before = asyncio.all_tasks()
    server = Server([look(5)], hangs=True)
    with pytest.raises(DeadlineExceeded):
        await run(Automatic1111(0.0), JOB, route(), server, seconds=0.02)
    assert len(server.sent_to("/interrupt")) == 1
    assert asyncio.all_tasks() == before


async def test_an_interrupt_that_fails_changes_nothing() -> None:
    server = Server([look(5)], hangs=True)
    server._answers["/interrupt"] = [ConnectionError("gone")]
    with pytest.raises(DeadlineExceeded):
        await run(Automatic1111(0.0), JOB, route(), server, seconds=0.02)


def error(kind: str, detail: str, errors: str = "") -> Mapping[str, str]:
    return {"error": kind, "detail": detail, "body": "", "errors": errors}


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (400, error("HTTPException", "Sampler not found"), InvalidRequest, "Sampler not found"),
        (400, error("HTTPException", "the content filter"), ContentRefused, "content filter"),
        (401, error("HTTPException", "Incorrect username"), CredentialRefused, "Incorrect user"),
        (404, {"detail": "Not Found"}, UpstreamBroken, "no such model or route"),
        (422, {"detail": [{"loc": ["body", "steps"], "msg": "not a number"}]}, InvalidRequest, "not a number"),
        (429, error("HTTPException", "The quota is used up."), QuotaExhausted, "quota"),
        (500, error("OutOfMemoryError", "", "CUDA out of memory."), JobFailed, "CUDA out of memory"),
        (500, error("OutOfMemoryError", ""), JobFailed, "OutOfMemoryError"),
        (503, error("HTTPException", "The model is being loaded."), UpstreamUnavailable, "loaded"),
    ],
)  # fmt: skip
async def test_every_refusal_is_sorted_and_reported(
    status: int, body: object, kind: type[Failure], words: str
) -> None:
    server = Server(end=json_reply(body, status))
    with pytest.raises(kind, match=words) as caught:
        await paint(server)
    assert "HTTPException" not in caught.value.message
    assert not server.sent_to("/interrupt"), "there is nothing to take back"
    assert all(reply.closed for reply in server.replies)


@pytest.mark.parametrize("images", [[], None, [""], "none"])
async def test_an_answer_without_a_picture_is_a_failed_job(images: object) -> None:
    with pytest.raises(JobFailed) as caught:
        await paint(Server(end=json_reply({"images": images, "info": "{}"})))
    assert caught.value.code == "no_image"


async def test_a_page_in_the_place_of_an_answer_is_a_broken_server() -> None:
    page = FakeReply(200, {"content-type": "text/html"}, [b"<html>"])
    with pytest.raises(UpstreamBroken):
        await paint(Server(end=page))


async def test_a_server_that_cannot_be_reached_took_no_job() -> None:
    with pytest.raises(UpstreamUnavailable, match="cannot be reached") as caught:
        await paint(Server(end=ConnectionError("refused")))
    assert not caught.value.dispatched


@pytest.mark.parametrize(
    "end", [ConnectionError("gone"), FakeReply(502, {"content-type": "text/html"}, [b"<html>"])]
)
async def test_a_server_that_is_gone_after_it_was_seen_at_work_has_lost_the_job(
    end: Answer,
) -> None:
    server = Server([look(5)], end)
    with pytest.raises(JobLost, match="took the job"):
        await paint(server)
    assert len(server.sent_to("/interrupt")) == 1


async def test_a_proxy_that_gives_up_waiting_leaves_no_job_behind() -> None:
    server = Server([look(5)], FakeReply(524, {"content-type": "text/html"}, [b"<html>"]))
    with pytest.raises(UpstreamSilent):
        await paint(server)
    assert len(server.sent_to("/interrupt")) == 1


async def test_an_answer_that_breaks_off_is_a_lost_job() -> None:
    with pytest.raises(JobLost):
        await paint(Server(end=FakeReply(pieces=[b'{"images": ["', ConnectionError("gone")])))
