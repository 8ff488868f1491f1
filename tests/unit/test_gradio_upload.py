"""Pictures that go to a Space before the job does, against Spaces that are written beforehand."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from email.parser import BytesParser
from email.policy import HTTP
from itertools import count
from typing import Any

import pytest

from darkroom.blob import BytesBlob
from darkroom.deadline import Deadline
from darkroom.errors import (
    Action,
    CredentialRefused,
    Failure,
    InvalidRequest,
    JobFailed,
    RateLimited,
    UpstreamBroken,
    UpstreamRefused,
    UpstreamUnavailable,
)
from darkroom.events import Event, Finished
from darkroom.image import ImageFile
from darkroom.job import ImageJob, Operation, Size
from darkroom.multipart import FormFile
from darkroom.providers.gradio.client import SpaceClient
from darkroom.providers.gradio.config import Signature, SignatureCache
from darkroom.providers.huggingface import HuggingFace
from tests.support.fakes import PNG, WEBP, FakeClock, FakeHttp, FakeReply, Sent
from tests.support.runs import SOURCE, job_of, route_to, run

EDIT, UPSCALER = "qwen-image-edit", "real-esrgan"
ROOT = "https://linoyts-qwen-image-edit-2511-fast.hf.space"
JSON = {"content-type": "application/json"}
TWO = (SOURCE, ImageFile(data=BytesBlob(WEBP)))


def edit_job(images: Sequence[ImageFile] = TWO, **fields: Any) -> ImageJob:
    job = job_of(images=tuple(images), steps=4, guidance_scale=1.0, prompt_enhance=True)
    return replace(job, **fields)


def upscale_job() -> ImageJob:
    job = job_of(images=(SOURCE,), size=Size(256, 256))
    return replace(job, operation=Operation.UPSCALE)


def answer(value: object, status: int = 200, replica: str = "") -> FakeReply:
    headers = {**JSON, "x-proxied-replica": replica}
    return FakeReply(status, headers, [json.dumps(value).encode()])


def config(api_name: str, inputs: int, prefix: str) -> FakeReply:
    function = {"id": 0, "api_name": api_name, "inputs": [1] * inputs, "targets": [[12, "click"]]}
    return answer({"api_prefix": prefix, "dependencies": [function]})


def done(*data: object) -> FakeReply:
    message = {
        "msg": "process_completed", "event_id": "E", "success": True, "output": {"data": data},
    }  # fmt: skip
    head = {"content-type": "text/event-stream"}
    return FakeReply(headers=head, pieces=[f"data: {json.dumps(message)}\n\n".encode()])


EDITED = done(
    [{"image": {"path": "/tmp/out.webp"}, "caption": None}],
    7,
    {"__type__": "update", "visible": True},
)


def space(
    upload: Sequence[FakeReply | Exception] | None = None,
    stream: FakeReply = EDITED,
    function: tuple[str, int] = ("infer", 9),
    prefix: str = "/gradio_api",
    **answers: Sequence[FakeReply | Exception],
) -> FakeHttp:
    return FakeHttp(
        {
            "/config": [config(*function, prefix)],
            "/upload": upload or [answer(["/tmp/a/one.png", "/tmp/b/two.webp"])],
            "/queue/join": answers.get("join", [answer({"event_id": "E"})]),
            "/queue/data": [stream],
            "/cancel": [answer({"success": True})],
        }
    )


def upscaler(stream: FakeReply) -> FakeHttp:
    return space([answer(["/tmp/a/one.png"])], stream, ("realesrgan", 5))


def provider(cache: SignatureCache | None = None) -> HuggingFace:
    numbers = count()
    return HuggingFace(
        token_header="x-hf-authorization",
        new_session=lambda: f"session{next(numbers)}",
        signatures=cache or SignatureCache(),
    )


async def edit(
    http: FakeHttp, job: ImageJob | None = None, token: str | None = None
) -> list[Event]:
    return await run(provider(), job or edit_job(), route_to(EDIT, token), http)


async def upscale(http: FakeHttp) -> list[Event]:
    return await run(provider(), upscale_job(), route_to(UPSCALER), http)


def files_of(sent: Sent) -> list[tuple[str, str, str, bytes]]:
    """Each file of a form: its field, its name, its type and itself."""
    head = f"Content-Type: {sent.headers['content-type']}\r\n\r\n".encode()
    form = BytesParser(policy=HTTP).parsebytes(head + (sent.body or b""))
    found = []
    for part in form.iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        names = dict(re.findall('([a-z]+)="([^"]*)"', str(part["content-disposition"])))
        found.append((names["name"], names["filename"], part.get_content_type(), content))
    return found


def file_data(path: str) -> dict[str, Any]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


async def test_the_pictures_are_uploaded_and_the_job_names_their_paths() -> None:
    http = space()
    (finished,) = await edit(http)
    (upload,) = http.sent_to("/upload")
    assert (upload.method, upload.url) == ("POST", f"{ROOT}/gradio_api/upload")
    assert files_of(upload) == [
        ("files", "image.png", "image/png", PNG),
        ("files", "image.webp", "image/webp", WEBP),
    ]
    (join,) = http.sent_to("/queue/join")
    assert join.json["data"] == [
        [
            {"image": file_data("/tmp/a/one.png"), "caption": None},
            {"image": file_data("/tmp/b/two.webp"), "caption": None},
        ],
        "a cat",
        7,
        False,
        1.0,
        4,
        768,
        1024,
        True,
    ]
    assert isinstance(finished, Finished)
    assert finished.seed == 7
    assert [p.url for p in finished.pictures] == [f"{ROOT}/gradio_api/file=/tmp/out.webp"]
    assert all(reply.closed for reply in http.replies)


async def test_the_seed_is_found_in_front_of_the_button() -> None:
    stream = done([{"image": {"path": "/tmp/out.webp"}}], 99, {"__type__": "update"})
    (finished,) = await edit(space(stream=stream))
    assert isinstance(finished, Finished)
    assert finished.seed == 99


async def test_a_single_picture_stands_by_itself() -> None:
    http = upscaler(done({"path": "/tmp/out.png"}))
    (finished,) = await upscale(http)
    (join,) = http.sent_to("/queue/join")
    assert join.json["data"] == [
        file_data("/tmp/a/one.png"), "RealESRGAN_x4plus", 0.5, False, 4,
    ]  # fmt: skip
    assert isinstance(finished, Finished)
    assert finished.seed is None, "an upscaler has none"


async def test_gradio_4_takes_uploads_at_its_root() -> None:
    http = space(prefix="")
    await edit(http)
    assert http.sent_to("/upload")[0].url == f"{ROOT}/upload"


async def test_a_picture_that_came_as_base64_is_uploaded_as_a_file() -> None:
    http = space([answer(["/tmp/a/one.png"])])
    text = ImageFile(base64=await BytesBlob(PNG).to_base64())
    await edit(http, edit_job([text]))
    assert files_of(http.sent_to("/upload")[0]) == [("files", "image.png", "image/png", PNG)]


async def test_the_token_goes_along_with_the_upload() -> None:
    http = space()
    await edit(http, token="hf_secret")
    assert {sent.headers["x-hf-authorization"] for sent in http.sent} == {"Bearer hf_secret"}


async def test_no_two_forms_have_the_same_boundary() -> None:
    http, hf = space(), provider()
    for _ in range(2):
        await run(hf, edit_job(), route_to(EDIT), http)
    first, second = (sent.headers["content-type"] for sent in http.sent_to("/upload"))
    assert first != second
    assert not [sent for sent in http.sent_to("/queue/join") if sent.json["session_hash"] in first]


async def test_a_job_without_pictures_uploads_nothing() -> None:
    http = space(function=("infer", 6), stream=done({"path": "/tmp/a.webp"}))
    await run(provider(), job_of(steps=4), route_to("flux-1-schnell"), http)
    assert not http.sent_to("/upload")


async def test_everything_after_the_upload_goes_to_the_replica_that_took_it() -> None:
    paths = ["/tmp/a/one.png", "/tmp/b/two.webp"]
    http = space([answer(paths, replica="oyerizs4-dspr4")])
    (finished,) = await edit(http)
    pinned = f"{ROOT}/--replicas/dspr4/gradio_api"
    assert [sent.url.partition("?")[0] for sent in http.sent] == [
        f"{ROOT}/config",
        f"{ROOT}/gradio_api/upload",
        f"{pinned}/queue/join",
        f"{pinned}/queue/data",
    ]
    assert isinstance(finished, Finished)
    assert finished.pictures[0].url == f"{pinned}/file=/tmp/out.webp"


async def test_a_job_is_taken_back_at_that_replica_too() -> None:
    cut = FakeReply(headers={"content-type": "text/event-stream"})
    paths = ["/tmp/a/one.png", "/tmp/b/two.webp"]
    http = space([answer(paths, replica="oyerizs4-dspr4")], cut)
    with pytest.raises(JobFailed):
        await edit(http)
    (cancel,) = http.sent_to("/cancel")
    assert cancel.url == f"{ROOT}/--replicas/dspr4/gradio_api/cancel"


async def test_a_space_that_moved_its_api_is_called_again_and_gets_the_pictures_there() -> None:
    cache, clock = SignatureCache(), FakeClock()
    cache.put(ROOT, "infer", Signature("", 0, 12), clock)
    gone = answer({"detail": "Not Found"}, 404)
    http = space([gone, answer(["/tmp/a/one.png", "/tmp/b/two.webp"])])
    await run(provider(cache), edit_job(), route_to(EDIT), http)
    assert [sent.url for sent in http.sent_to("/upload")] == [
        f"{ROOT}/upload",
        f"{ROOT}/gradio_api/upload",
    ]


async def test_the_next_space_gets_the_pictures_anew() -> None:
    http, hf, route = space(), provider(), route_to(EDIT)
    for upstream in route.model.upstreams:
        await run(hf, edit_job(), replace(route, upstream=upstream), http)
    hosts = [sent.url.partition(".hf.space")[0] for sent in http.sent_to("/upload")]
    assert [host.rpartition("-edit-")[2] for host in hosts] == ["2511-fast", "2509-fast"]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (answer([]), UpstreamBroken),
        (answer(["/tmp/a/one.png"]), UpstreamBroken),
        (answer(["/tmp/a/one.png", None]), UpstreamBroken),
        (answer({"paths": ["a", "b"]}), UpstreamBroken),
        (FakeReply(200, JSON, [b"[[["]), UpstreamBroken),
        (FakeReply(200, {"content-type": "text/html"}, [b"<html>"]), UpstreamUnavailable),
        (answer({"detail": "Invalid content type."}, 400), UpstreamRefused),
        (answer({"detail": "Not authenticated"}, 401), CredentialRefused),
        (FakeReply(404, {"content-type": "text/html"}, [b"<html>"]), UpstreamUnavailable),
        (FakeReply(413, {"content-type": "text/plain"}, [b"File size exceeded"]), InvalidRequest),
        (FakeReply(429, {"content-type": "text/html"}, [b"<html>"]), RateLimited),
        (FakeReply(503, {"content-type": "text/plain"}, [b"Your space is in error"]), UpstreamUnavailable),
        (FakeReply(200, JSON, [b'["/tmp', ConnectionError("gone")]), UpstreamUnavailable),
        (ConnectionError("refused"), UpstreamUnavailable),
    ],
)  # fmt: skip
async def test_without_its_pictures_no_job_is_begun(
    reply: FakeReply | Exception, kind: type[Failure]
) -> None:
    http = space([reply])
    with pytest.raises(kind) as caught:
        await edit(http)
    assert type(caught.value) is kind
    assert not caught.value.dispatched, "nothing has been started that could be paid for"
    assert not http.sent_to("/queue/join")
    assert not http.sent_to("/cancel")
    assert all(reply.closed for reply in http.replies)


async def test_a_picture_that_is_too_large_is_a_caller_error() -> None:
    body = b"File size exceeded maximum allowed size of 5120 bytes."
    http = space([FakeReply(413, {"content-type": "text/plain"}, [body])])
    with pytest.raises(InvalidRequest, match="allowed size of 5120 bytes") as caught:
        await edit(http)
    assert caught.value.param == "image"


@pytest.mark.parametrize("nothing", [[], None])
async def test_a_refused_edit_is_a_good_end_without_a_picture(nothing: object) -> None:
    http = space(stream=done(nothing, 7, {"__type__": "update", "visible": True}))
    with pytest.raises(JobFailed) as caught:
        await edit(http)
    assert caught.value.code == "no_image"
    assert caught.value.action is Action.NEXT_ROUTE


async def test_a_picture_that_cannot_be_enlarged_is_a_good_end_without_one() -> None:
    with pytest.raises(JobFailed) as caught:
        await upscale(upscaler(done(None)))
    assert caught.value.code == "no_image"


async def test_a_client_tells_the_paths_in_the_order_of_the_files() -> None:
    http = space()
    client = SpaceClient(
        space="a/b",
        base_url="https://a-b.hf.space",
        credential=None,
        session_hash="s",
        http=http,
        deadline=Deadline.after(60, FakeClock()),
    )
    files = [FormFile(f"{name}.png", BytesBlob(PNG), "image/png") for name in ("one", "two")]
    paths = await client.upload(Signature("/gradio_api", 0, None), files, "line")
    assert paths == ["/tmp/a/one.png", "/tmp/b/two.webp"]
    (sent,) = http.sent
    assert sent.headers["content-type"] == "multipart/form-data; boundary=line"
    assert [name for _, name, _, _ in files_of(sent)] == ["one.png", "two.png"]
