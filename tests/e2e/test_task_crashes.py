"""Tasks survive the death of everything that runs them, and nothing is done twice."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from local.processes import Process, free_port
from local.stack import LOCAL_SETTINGS, Plan, running
from tests.e2e.stack import Stack
from tests.support.slow import SLOW
from tests.support.spaces import eventually
from tests.support.state import stored_bytes

RUNNING, SILENT = "flux-1-schnell", "ovis-image"
SILENT_SPACE = "aidc-ai-ovis-image-7b"
LONGEST_STEPS = 600  # at 0.02 s each
BEARER = {"authorization": "Bearer hf:hf_good-crash"}


@dataclass
class Receiver:
    """A caller's own server, which is out of order until it is mended."""

    url: str = ""
    mended: threading.Event = field(default_factory=threading.Event)
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status = 200 if receiver.mended.is_set() else 500
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            receiver.answers.append((status, body))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True)
class Tasks:
    """The tasks of one test: where each is asked after, by its prompt."""

    stack: Stack
    places: dict[str, str] = field(default_factory=dict)

    async def submit(self, url: str, prompts: dict[str, str], **fields: Any) -> None:
        """Submit all at once; `prompts` lead to models."""

        async def one(client: httpx.AsyncClient, prompt: str, model: str) -> None:
            body = {"model": model, "prompt": prompt, "size": "1:1", "async": True, **fields}
            reply = await client.post(
                f"{url}/v1/images/generations", json=body, headers=BEARER, timeout=60
            )
            assert reply.status_code == 202, reply.text
            self.places[prompt] = reply.headers["location"]

        async with httpx.AsyncClient() as client:
            await asyncio.gather(*(one(client, *item) for item in prompts.items()))

    def reported(self, url: str, wait_s: int = 0) -> dict[str, dict[str, Any]]:
        """What is told of every task, by its prompt."""
        query = f"?wait={wait_s}" if wait_s else ""
        with httpx.Client(timeout=60) as client:
            replies = {p: client.get(f"{url}{at}{query}") for p, at in self.places.items()}
        for reply in replies.values():
            assert reply.status_code == 200, reply.text
        return {prompt: reply.json() for prompt, reply in replies.items()}

    def joins(self) -> Counter[str]:
        """How often each prompt was put into a Space's queue."""
        entries = self.stack.spaces.log("/queue/join")
        return Counter(entry["body"]["data"][0] for entry in entries)


def statuses(reported: dict[str, dict[str, Any]]) -> Counter[str]:
    return Counter(task["status"] for task in reported.values())


def worker_of(processes: tuple[Process, ...]) -> Process:
    return processes[-1]


@SLOW
def test_twenty_tasks_survive_two_crashes_and_none_is_done_twice(
    stack: Stack, tmp_path: Path
) -> None:
    stack.spaces.forget()
    tasks = Tasks(stack)
    with receiving() as receiver:
        plan = Plan(
            port=free_port(),
            upstream_port=None,
            state=tmp_path / "state",
            logs=tmp_path / "logs-0",
            vars={
                "HUGGINGFACE_SPACE_URL": stack.spaces.space_url,
                "SOURCE_ORIGINS": receiver.url,
                **{name: LOCAL_SETTINGS[name] for name in ("TASK_SECRET", "WEBHOOK_SECRET")},
            },
        )
        with stack.spaces.mode(SILENT_SPACE, "hang"):
            with running(plan) as processes:
                before = _until_the_first_are_done(tasks, plan, receiver)
                asyncio.run(tasks.submit(plan.url, {f"queued {n}": RUNNING for n in range(6)}))
                worker_of(processes).kill()
            completed = {p: t for p, t in before.items() if t["status"] == "completed"}
            begun = tasks.joins()
            assert completed
            assert len(begun) > len(completed), "some were under way"
            # The second crash comes while the first is being recovered from.
            again = replace(plan, port=free_port(), logs=tmp_path / "logs-1")
            with running(again) as processes:
                reported = tasks.reported(again.url)
                assert all(reported[prompt] == task for prompt, task in completed.items())
                worker_of(processes).kill()
        last = replace(plan, port=free_port(), logs=tmp_path / "logs-2")
        with running(last):
            receiver.mended.set()
            ended = _ends(tasks, last.url)
            eventually(lambda: any(status == 200 for status, _ in receiver.answers), 60)

    assert len(ended) == 20
    assert set(statuses(ended)) == {"completed", "failed"}
    assert all(ended[prompt] == task for prompt, task in completed.items())
    joins = tasks.joins()
    assert max(joins.values()) == 1, "nothing was given to an upstream twice"
    for prompt, task in ended.items():
        if task["status"] == "completed":
            assert joins[prompt] == 1
            assert task["result"]["data"][0]["url"]
        else:
            assert task["error"]["code"] == "generation_lost", task
            assert "may have been done and paid for" in task["error"]["message"]
    silent = [task for prompt, task in ended.items() if prompt.startswith("silent")]
    assert [task["status"] for task in silent] == ["completed"] * 4, "nothing of them was sent"
    lost = [prompt for prompt, task in ended.items() if task["status"] == "failed"]
    assert lost, "what was under way when everything died is given up"
    (delivered,) = [body for status, body in receiver.answers if status == 200]
    assert delivered["event"] == "task.completed"
    kept = stored_bytes(tmp_path / "state")
    assert b"good-crash" not in kept, "credentials are sealed"


def _until_the_first_are_done(
    tasks: Tasks, plan: Plan, receiver: Receiver
) -> dict[str, dict[str, Any]]:
    """Ten tasks of very different lengths, four that get no answer; some are done, most are not."""
    steps = [5, 10, 200, 300, 400, 500, *[LONGEST_STEPS] * 3]
    prompts = {f"running {n} [[steps:{count}]]": RUNNING for n, count in enumerate(steps)}
    silent = {f"silent {n}": SILENT for n in range(4)}
    asyncio.run(tasks.submit(plan.url, {**prompts, **silent}))
    hook = f"{receiver.url}/hook"
    asyncio.run(tasks.submit(plan.url, {"hooked [[steps:2]]": RUNNING}, webhook_url=hook))

    def some_are_done() -> dict[str, dict[str, Any]] | None:
        reported = tasks.reported(plan.url)
        done = [prompt for prompt, task in reported.items() if task["status"] == "completed"]
        return reported if len(done) >= 2 and receiver.answers else None

    reported: dict[str, dict[str, Any]] = eventually(some_are_done)
    return reported


def _ends(tasks: Tasks, url: str) -> dict[str, dict[str, Any]]:
    """What is told of every task once all are over."""
    until = time.monotonic() + 120
    while True:
        reported = tasks.reported(url, wait_s=30)
        if set(statuses(reported)) <= {"completed", "failed"}:
            return reported
        assert time.monotonic() < until, statuses(reported)
