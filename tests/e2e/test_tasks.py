"""Tasks in Durable Objects: done, watched, taken back, and never done twice."""

import asyncio
import base64
import hashlib
import hmac
import io
import json
import os
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from relaygpu.webhooks import verify_webhook

from local.processes import free_port
from local.stack import LOCAL_SETTINGS, Plan, running
from tests.e2e.stack import Stack
from tests.support.spaces import eventually
from tests.support.state import stored_files

GITEE = {"authorization": "Bearer gitee:good-tasks"}
WEBHOOK_KEY = base64.b64decode(LOCAL_SETTINGS["WEBHOOK_SECRET"].removeprefix("whsec_"))


def submit(url: str, bearer: Mapping[str, str] | None = None, /, **fields: Any) -> httpx.Response:
    body = {"model": "flux-1-schnell", "size": "256x256", "async": True, **fields}
    return httpx.post(f"{url}/v1/images/generations", json=body, headers=bearer, timeout=60)


def reported(url: str, location: str, wait_s: int = 0) -> dict[str, Any]:
    query = f"?wait={wait_s}" if wait_s else ""
    reply = httpx.get(f"{url}{location}{query}", timeout=60)
    assert reply.status_code == 200, reply.text
    task: dict[str, Any] = reply.json()
    return task


def joins(stack: Stack, prompt: str) -> int:
    """How often a Space was given a job with that prompt."""
    return sum(entry["body"]["data"][0] == prompt for entry in stack.spaces.log("/queue/join"))


def test_a_task_is_watched_until_its_picture_is_there(stack: Stack) -> None:
    accepted = submit(stack.url, prompt="watched [[steps:80]]", seed=7)
    assert accepted.status_code == 202, accepted.text
    location = accepted.headers["location"]
    running = eventually(lambda: (task := reported(stack.url, location))["progress"] and task)
    assert (running["status"], running["result"]) == ("running", None)
    seen = eventually(lambda: reported(stack.url, location)["progress"]["step"])
    assert 0 < seen <= 80
    done = reported(stack.url, location, wait_s=30)
    assert (done["status"], done["progress"], done["error"]) == ("completed", None, None)
    waited = submit(stack.url, prompt="watched [[steps:80]]", seed=7, **{"async": False}).json()
    assert done["result"]["data"][0]["seed"] == waited["data"][0]["seed"] == 7
    assert set(done["result"]) == set(waited)
    picture = httpx.get(done["result"]["data"][0]["url"], timeout=30)
    assert picture.headers["content-type"].startswith("image/")


def test_the_relay_finds_the_same_task(stack: Stack) -> None:
    location = submit(stack.url, prompt="for the relay").headers["location"]
    done = reported(stack.url, location.replace("/v1/tasks/task_", "/v2/tasks/direct:"), wait_s=30)
    assert (done["status"], done["mode"], done["task_address"]) == ("completed", "direct", None)
    assert done["result"]["success"] is True
    assert done["result"]["data"][0]["url"]


def test_a_waiting_poll_is_answered_as_soon_as_the_task_ends(stack: Stack) -> None:
    location = submit(stack.url, prompt="waited for [[steps:100]]").headers["location"]
    began = time.monotonic()
    replies = [reported(stack.url, location, wait_s=30) for _ in range(2)]
    assert time.monotonic() - began < 10, "as it comes, not when the time is up"
    assert [reply["status"] for reply in replies] == ["completed", "completed"]
    assert replies[0]["ended_at"] - replies[0]["created_at"] >= 1, "it was waited for"


def test_many_callers_wait_for_one_task_and_some_leave(stack: Stack) -> None:
    location = submit(stack.url, prompt="popular [[steps:150]]").headers["location"]

    async def wait(client: httpx.AsyncClient, limit_s: float) -> str | None:
        try:
            reply = await client.get(f"{stack.url}{location}?wait=30", timeout=limit_s)
        except httpx.TimeoutException:
            return None
        return str(reply.json()["status"])

    async def wait_all() -> list[str | None]:
        async with httpx.AsyncClient() as client:
            limits = [0.5 if number % 2 else 60 for number in range(20)]
            return await asyncio.gather(*(wait(client, limit_s) for limit_s in limits))

    assert asyncio.run(wait_all()) == ["completed", None] * 10
    eventually(lambda: stack.health()["tasks"] == 1)


def test_a_large_request_and_a_large_result_pass_through_the_bucket(stack: Stack) -> None:
    source = "data:image/png;base64," + base64.b64encode(_noise(900)).decode()
    fields: dict[str, Any] = {
        "model": "qwen-image-edit",
        "prompt": "make it blue",
        "image": source,
        "response_format": "b64_json",
        "size": "auto",
    }
    accepted = submit(stack.url, **fields)
    assert accepted.status_code == 202, accepted.text[:300]
    done = reported(stack.url, accepted.headers["location"], wait_s=30)
    assert done["status"] == "completed", done["error"]
    picture = base64.b64decode(done["result"]["data"][0]["b64_json"])
    assert len(source) > 2 * 1024 * 1024
    assert picture[:4] in (b"\x89PNG", b"RIFF", b"\xff\xd8\xff\xe0")


def test_a_task_that_is_taken_back_is_cancelled_upstream(stack: Stack) -> None:
    stack.spaces.forget()
    location = submit(stack.url, prompt="taken back [[steps:2000]]").headers["location"]
    eventually(lambda: (reported(stack.url, location)["progress"] or {}).get("step"))
    cancelled = httpx.delete(f"{stack.url}{location}", timeout=60).json()
    assert (cancelled["status"], cancelled["error"]["code"]) == ("cancelled", "cancelled")
    (join,) = stack.spaces.log("/queue/join")
    (cancel,) = stack.spaces.log("/cancel")
    assert cancel["body"]["session_hash"] == join["body"]["session_hash"]
    relayed = reported(stack.url, location.replace("/v1/", "/v2/"))
    assert (relayed["status"], relayed["error_code"]) == ("failed", "CANCELLED")
    eventually(lambda: stack.health()["tasks"] == 1)


def events_of(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """The events of a stream, as they come."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name:
            fields[name] = value
        elif fields.keys() >= {"id", "event", "data"}:
            yield json.loads(fields["data"]) | {"event_id": fields["id"]}
            fields = {}


def test_a_streamed_task_is_left_and_taken_up_again(stack: Stack) -> None:
    stack.spaces.forget()
    prompt = "taken up [[steps:150]]"
    body = {"model": "flux-1-schnell", "prompt": prompt, "size": "256x256", "seed": 7}
    sent: dict[str, Any] = {**body, "async": True, "stream": True}
    with httpx.stream("POST", f"{stack.url}/v1/images/generations", json=sent) as reply:
        events = events_of(reply.iter_lines())
        created = next(events)
        latest = next(event for event in events if event.get("step"))
    assert (created["type"], latest["type"]) == ("task.created", "task.progress")
    path = f"{stack.url}/v1/tasks/{created['id']}"
    seen = {"last-event-id": latest["event_id"]}
    with httpx.stream("GET", f"{path}/events", headers=seen, timeout=60) as reply:
        again = list(events_of(reply.iter_lines()))
    steps = [event["step"] for event in again if event["type"] == "task.progress"]
    assert latest["step"] < steps[0] <= steps[-1] <= 150, "it went on meanwhile"
    assert (again[-1]["type"], again[-1]["status"]) == ("task.completed", "completed")
    assert base64.b64decode(again[-1]["result"]["data"][0]["b64_json"])
    assert joins(stack, prompt) == 1
    assert stack.spaces.log("/cancel") == [], "closing a stream of events cancels nothing"
    ended = httpx.get(f"{path}/events", timeout=60)
    kinds = [event["type"] for event in events_of(iter(ended.text.splitlines()))]
    assert kinds == ["task.created", "task.completed"]
    assert httpx.get(f"{stack.url}/v1/tasks/task_none/events").status_code == 404
    eventually(lambda: stack.health()["tasks"] == 1)


def test_a_followed_task_is_cancelled_by_its_own_address_alone(stack: Stack) -> None:
    body = {"model": "flux-1-schnell", "prompt": "given up [[steps:2000]]", "size": "256x256"}
    sent: dict[str, Any] = {**body, "async": True, "stream": True}
    with httpx.stream("POST", f"{stack.url}/v1/images/generations", json=sent) as reply:
        events = events_of(reply.iter_lines())
        path = f"{stack.url}/v1/tasks/{next(events)['id']}"
        assert httpx.delete(path, timeout=60).json()["status"] == "cancelled"
        assert list(events)[-1]["type"] == "task.cancelled"
    eventually(lambda: stack.health()["tasks"] == 1)


def test_the_documented_commands_follow_a_task(stack: Stack) -> None:
    lines = Path("docs/api.md").read_text("utf-8").splitlines()
    submit_it, follow_it = (line.strip() for line in lines if line.startswith("    curl -N"))

    def shell(command: str, task: str = "") -> list[dict[str, Any]]:
        environment = os.environ | {"DARKROOM": stack.url, "TASK": task}
        output = subprocess.check_output(["sh", "-ec", command], env=environment, text=True)
        return list(events_of(iter(output.splitlines())))

    events = shell(submit_it)
    assert [events[0]["type"], events[-1]["type"]] == ["task.created", "task.completed"]
    assert shell(follow_it, events[0]["id"])[-1]["id"] == events[0]["id"]


def test_a_large_result_comes_with_the_events(stack: Stack) -> None:
    source = "data:image/png;base64," + base64.b64encode(_noise(900)).decode()
    body = {"model": "qwen-image-edit", "prompt": "make it blue", "image": source, "size": "auto"}
    sent: dict[str, Any] = {**body, "n": 2, "async": True, "stream": True}
    reply = httpx.post(f"{stack.url}/v1/images/edits", json=sent, timeout=60)
    last = list(events_of(iter(reply.text.splitlines())))[-1]
    assert last["type"] == "task.completed", last["error"]
    pictures = [base64.b64decode(entry["b64_json"]) for entry in last["result"]["data"]]
    assert [picture[:4] for picture in pictures] == [b"RIFF", b"RIFF"]
    assert len(reply.content) > 1024 * 1024, "it lay in the bucket"


def test_the_relay_takes_a_task_back_while_it_runs(stack: Stack) -> None:
    stack.spaces.forget()
    body = {"prompt": "taken back there [[steps:2000]]", "width": 256, "height": 256, "async": True}
    accepted = httpx.post(f"{stack.url}/v2/image/flux/generate", json=body, timeout=60)
    assert accepted.status_code == 202, accepted.text
    path = accepted.json()["poll_url"]
    eventually(lambda: (reported(stack.url, path)["progress"] or {}).get("step"))
    taken = httpx.delete(f"{stack.url}{path.replace(':', '%3A')}", timeout=60)
    assert b"direct%3A" in taken.request.url.raw_path
    ended = taken.json()
    assert (ended["status"], ended["error_code"]) == ("failed", "CANCELLED")
    assert len(stack.spaces.log("/cancel")) == 1
    assert reported(stack.url, path) == ended
    eventually(lambda: stack.health()["tasks"] == 1)


@pytest.mark.parametrize("colon", [":", "%3A", "%3a"])
def test_a_task_can_be_polled_by_its_id_whatever_the_credentials(stack: Stack, colon: str) -> None:
    body = {"prompt": "asked after", "size": "1024x1024", "async": True}
    sent = {"x-api-key": GITEE["authorization"].removeprefix("Bearer "), "authorization": "Basic !"}
    accepted = httpx.post(
        f"{stack.url}/v2/image/generate",
        json={**body, "model": "gitee/z-image-turbo"},
        headers=sent,
        timeout=60,
    )
    assert accepted.status_code == 202, accepted.text
    url = f"{stack.url}{accepted.json()['poll_url'].replace(':', colon)}"
    assert httpx.get(f"{url}?wait=30", timeout=60).json()["result"]["provider"] == "gitee"
    for headers in (
        sent,
        {"authorization": "Bearer gitee:good-of-another"},
        {"authorization": "Bearer dk_unknown"},
        {"x-api-key": "dk_unknown"},
        {"authorization": ""},
    ):
        reply = httpx.get(url, headers=headers, timeout=60)
        assert f"direct{colon}".encode() in reply.request.url.raw_path
        assert (reply.status_code, reply.json()["status"]) == (200, "completed")
    for query in ("?wait=", "?wait", "?wait=31"):
        assert httpx.get(f"{url}{query}", timeout=60).status_code == 422


def test_a_credential_is_used_in_the_background_and_never_kept_as_it_is(
    stack: Stack, tmp_path: Path
) -> None:
    token = "hf_good-kept-nowhere"
    bearer = {"authorization": f"Bearer hf:{token}"}
    location = submit(stack.url, bearer, prompt="sealed [[steps:300]]").headers["location"]
    task_id = location.rpartition("_")[2]
    eventually(lambda: (reported(stack.url, location)["progress"] or {}).get("step"))
    assert _files_with(stack, token) == [], "while it runs"
    submission = _record_of(stack, task_id, tmp_path)["submission"]
    sealed = submission["sealed"]
    assert len(base64.b64decode(sealed)) > len(token)
    assert token not in str(submission)
    assert reported(stack.url, location, wait_s=30)["status"] == "completed"
    joined = [e for e in stack.spaces.log("/queue/join") if "sealed" in str(e["body"])]
    assert {entry["headers"].get("x-hf-authorization") for entry in joined} == {f"Bearer {token}"}
    # SQLite's log holds an older page for a while: of the files only the record can be asked.
    assert _record_of(stack, task_id, tmp_path)["submission"]["sealed"] is None
    assert _files_with(stack, token) == [], "when it is over"


def test_ten_at_once_with_one_key_come_to_one_job(stack: Stack) -> None:
    stack.spaces.forget()
    headers = {"authorization": "Bearer hf:hf_good-ten", "idempotency-key": "ten at once"}
    body = {"model": "flux-1-schnell", "size": "256x256", "prompt": "ten [[steps:20]]"}

    async def send(client: httpx.AsyncClient, **fields: Any) -> httpx.Response:
        while True:
            reply = await client.post(
                f"{stack.url}/v1/images/generations", json={**body, **fields}, headers=headers
            )
            if reply.status_code != 409:
                return reply
            assert reply.json()["error"]["code"] == "idempotency_in_progress"
            assert reply.headers["retry-after"] == "1"

    async def send_all(**fields: Any) -> list[httpx.Response]:
        async with httpx.AsyncClient(timeout=60) as client:
            return await asyncio.gather(*(send(client, **fields) for _ in range(10)))

    accepted = asyncio.run(send_all(**{"async": True}))
    assert {reply.status_code for reply in accepted} == {202}
    assert len({reply.content for reply in accepted}) == 1
    assert sum("idempotency-replayed" in reply.headers for reply in accepted) == 9
    reported(stack.url, accepted[0].headers["location"], wait_s=30)
    assert joins(stack, "ten [[steps:20]]") == 1

    headers["idempotency-key"] = "ten who wait"
    answers = asyncio.run(send_all(prompt="waiting [[steps:20]]"))
    assert {reply.status_code for reply in answers} == {200}
    assert len({reply.content for reply in answers}) == 1
    assert joins(stack, "waiting [[steps:20]]") == 1

    url = f"{stack.url}/v1/images/generations"
    reused = httpx.post(url, json={**body, "prompt": "another"}, headers=headers, timeout=60)
    assert (reused.status_code, reused.json()["error"]["code"]) == (422, "idempotency_key_reused")


@dataclass
class Receiver:
    """A caller's own server, which takes what it is told."""

    url: str
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    details_of: list[tuple[dict[str, str], bytes]] = []
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            paths.append(self.path)
            if self.path == "/moved":
                self.send_response(307)
                self.send_header("location", "/elsewhere")
            else:
                details_of.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Receiver(f"http://127.0.0.1:{server.server_port}", details_of, paths)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def brief(
    stack: Stack, receiver: Receiver, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plan]:
    """Another Worker before the same stand-ins, which forgets tasks soon."""
    where = tmp_path_factory.mktemp("brief")
    plan = Plan(
        port=free_port(),
        upstream_port=None,
        state=where / "state",
        logs=where,
        vars={
            "GITEE_URL": f"{stack.apis['gitee']}/v1",
            "SOURCE_ORIGINS": receiver.url,
            "TASK_LIFETIME_S": "2",
            **{name: LOCAL_SETTINGS[name] for name in ("TASK_SECRET", "WEBHOOK_SECRET")},
        },
    )
    with running(plan):
        yield plan


def test_the_webhook_is_sent_to_the_callers_server_and_signed(
    brief: Plan, receiver: Receiver
) -> None:
    fields = {"model": "gitee/z-image-turbo", "size": "1024x1024", "seed": 3}
    ends = {
        "a lighthouse": "task.completed",
        "a lighthouse [[refuse]]": "task.failed",
    }
    names = {}
    for prompt, event in ends.items():
        hook = f"{receiver.url}/hook"
        accepted = submit(brief.url, GITEE, prompt=prompt, webhook_url=hook, **fields)
        assert accepted.status_code == 202, accepted.text
        names[f"msg_{accepted.json()['id']}"] = event
    eventually(lambda: len(receiver.got) == 2)
    for headers, body in receiver.got:
        message = json.loads(body)
        assert message["event"] == names.pop(headers["webhook-id"])
        assert ("result" in message) == (message["event"] == "task.completed")
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.digest(WEBHOOK_KEY, signed, hashlib.sha256)).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
        assert "authorization" not in headers
        verified = verify_webhook(body, headers, LOCAL_SETTINGS["WEBHOOK_SECRET"])
        assert verified["event"] == message["event"]
    assert names == {}


def test_a_receiver_that_has_moved_is_not_followed(brief: Plan, receiver: Receiver) -> None:
    fields = {"model": "gitee/z-image-turbo", "size": "1024x1024"}
    hook = f"{receiver.url}/moved"
    accepted = submit(brief.url, GITEE, prompt="a lighthouse", webhook_url=hook, **fields)
    assert accepted.status_code == 202, accepted.text
    eventually(lambda: "/moved" in receiver.paths)
    location = accepted.headers["location"]
    eventually(lambda: httpx.get(f"{brief.url}{location}", timeout=30).status_code == 404)
    assert "/elsewhere" not in receiver.paths


def test_a_result_is_forgotten_and_leaves_nothing_in_the_bucket(brief: Plan) -> None:
    before = _blobs(brief.state)
    fields = {"model": "gitee/z-image-turbo", "size": "1024x1024", "n": 2}
    unremembered = {**GITEE, "cache-control": "no-store"}  # the history would keep the pictures
    accepted = submit(
        brief.url, unremembered, prompt="soon gone", response_format="b64_json", **fields
    )
    location = accepted.headers["location"]
    done = reported(brief.url, location, wait_s=30)
    assert len(json.dumps(done)) > 1024 * 1024, "too large for the object's own storage"
    assert len(_blobs(brief.state) - before) == 1, "so it is in the bucket"
    eventually(lambda: httpx.get(f"{brief.url}{location}", timeout=30).status_code == 404)
    eventually(lambda: _blobs(brief.state) == before)


def test_health_reports_the_bindings_that_tasks_need(stack: Stack) -> None:
    bindings = stack.health()["bindings"]
    assert isinstance(bindings, dict)
    assert (bindings["TASKS"], bindings["IDEMPOTENCY"]) == (True, True)


def _files_with(stack: Stack, text: str) -> list[str]:
    """The files of the Worker that hold a text: all that it keeps, and its log."""
    kept = dict(stored_files(stack.worker_log.parent / "state"))
    assert any(path.suffix == ".sqlite" for path in kept)
    kept[stack.worker_log] = stack.worker_log.read_bytes()
    return [path.name for path, content in kept.items() if text.encode() in content]


def _record_of(stack: Stack, task_id: str, where: Path) -> dict[str, Any]:
    """What a task's object has written down, read from a copy of its database."""
    found = []
    for database in (stack.worker_log.parent / "state").rglob("*.sqlite"):
        for stale in where.glob(f"{database.name}*"):
            stale.unlink()
        for part in database.parent.glob(f"{database.name}*"):
            with suppress(FileNotFoundError):  # of an object that was put to rest meanwhile
                shutil.copy(part, where)
        with closing(sqlite3.connect(where / database.name)) as copy:
            tables = [name for (name,) in copy.execute("SELECT name FROM sqlite_master")]
            if "_cf_KV" not in tables:
                continue
            for (value,) in copy.execute("SELECT value FROM _cf_KV WHERE key = 'record'"):
                if task_id.encode() in value:
                    found.append(json.loads(value[value.index(b"{") :]))
    (record,) = found
    return dict(record)


def _blobs(state: Path) -> set[Path]:
    """The files of what lies in buckets."""
    return {path for path in state.glob("v3/r2/*/blobs/*") if path.is_file()}


def _noise(side: int) -> bytes:
    """A PNG that does not get smaller by packing."""
    file = io.BytesIO()
    Image.frombytes("RGB", (side, side), os.urandom(side * side * 3)).save(file, "PNG")
    return file.getvalue()
